"""Stage masks: which pixels are missing."""
