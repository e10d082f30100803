"""The page on which a person paints the hole of a photograph and watches it being restored."""
