"""What a user runs beside the stages: set-up, presets, the tables, the page of plots, FID."""
