"""Stage evaluate: how well holes were filled, by each method."""
