"""Plots, galleries and animations of what the stages found."""
