"""A U-Net without a GAN: the encoder with a decoder of its own in the generator's place.

Its layers are those of the encoder and of the generator, but all of them are trained together, from
scratch, to fill holes and nothing else. So what it lacks beside the encoder is what the frozen
generator knows of faces. Source of the shape: Ronneberger, Fischer and Brox, "U-Net: Convolutional
Networks for Biomedical Image Segmentation", MICCAI 2015.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from dcgan_inpainting.networks.architecture import Architecture
from dcgan_inpainting.networks.dcgan import Generator, initialise
from dcgan_inpainting.networks.encoder import Encoder, initialise_encoder
from dcgan_inpainting.networks.weights import load_network

FILE = "unet.safetensors"  # in models/, beside the description of the networks' widths


class UNet(nn.Module):
    """Damaged images and their masks → whole images."""

    def __init__(self, architecture: Architecture) -> None:
        """Build a U-Net of a DCGAN's widths."""
        super().__init__()
        self.encoder = Encoder(architecture)
        self.decoder = Generator(architecture)

    def forward(self, damaged: Tensor, known: Tensor) -> Tensor:
        """Return whole images, as a Fill does: known pixels as they were, holes mostly in −1…1."""
        _, made = self.encoder(damaged, known, self.decoder)
        return made


def initialise_unet(unet: UNet, rng: torch.Generator) -> None:
    """Draw the weights as the encoder's and the generator's are drawn."""
    initialise(unet.decoder, rng)
    initialise_encoder(unet.encoder, rng)


def load_unet(folder: Path) -> UNet:
    """Return the U-Net that the stage unet left in a folder, in evaluation mode.

    Raises:
        DamagedError: one of the files is missing or damaged, or they don't belong together.
    """
    return load_network(UNet, folder, FILE)
