"""Stage encoder: the training of the network that guesses the search's start."""
