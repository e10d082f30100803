"""Stage feedforward: holes filled by one pass of a network, without a search."""
