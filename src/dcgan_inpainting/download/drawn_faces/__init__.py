"""Faces drawn by the project, each from its own seed."""
