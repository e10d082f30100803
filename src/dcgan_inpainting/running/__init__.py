"""The frame in which a stage runs: its lock, its checkpoints, its progress."""
