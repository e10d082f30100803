"""One page of what the workspace holds: figures, curves, faces, settings."""
