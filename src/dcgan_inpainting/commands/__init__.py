"""What a user runs beside the stages: set-up, presets, the table, the page of plots, FID."""
