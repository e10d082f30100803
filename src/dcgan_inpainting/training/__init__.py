"""The frame of a training: reports, validations, checkpoints, and going on after a kill."""
