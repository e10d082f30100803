"""Stage train: the DCGAN's training, and how good its generator is."""
