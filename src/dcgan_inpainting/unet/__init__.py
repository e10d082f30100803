"""Stage unet: the training of a network that fills holes without a GAN, to compare with."""
