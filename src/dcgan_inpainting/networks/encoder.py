"""The encoder: one pass from a damaged image and its mask to z and corrections of G's features.

A discriminator's ladder of strided convolutions goes down to the bottom map and gives z. On the way
back up, through the frozen generator, its features of the same side meet the generator's own, and a
correction of these is made of both; at full resolution, of the image itself. It is a U-Net
(Ronneberger, Fischer and Brox, MICCAI 2015) whose decoder is the generator. A start of the search
that was learned: Lahiri et al., "Prior Guided GAN Based Semantic Inpainting", CVPR 2020, which
gives z alone.

Last, by how much the image misses the known pixels is spread smoothly over the hole and added to
it. So what it makes joins them, and all that is left to learn is what no smooth surface through
them tells.
"""

from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn

from dcgan_inpainting.networks.architecture import Architecture
from dcgan_inpainting.networks.dcgan import Generator, downsample, initialise
from dcgan_inpainting.networks.latent import Latent
from dcgan_inpainting.networks.pull_push import pull_push
from dcgan_inpainting.networks.tensors import Fill
from dcgan_inpainting.networks.weights import load_network

FILE = "encoder.safetensors"  # beside the networks that it belongs to
LEAK = 0.2
SEEN = 4  # channels: the smoothly filled image and its mask


class Encoder(nn.Module):
    """Damaged images and their masks → points of a generator's space."""

    def __init__(self, architecture: Architecture) -> None:
        """Build an encoder for the generator of this architecture."""
        super().__init__()
        widths = architecture.channels
        self.down = nn.ModuleList(
            nn.Sequential(
                downsample(fan_in, fan_out, 4, bias=False), nn.BatchNorm2d(fan_out), _activation()
            )
            for fan_in, fan_out in pairwise([SEEN, *widths])
        )
        self.z = nn.Conv2d(widths[-1], architecture.latent_dim, architecture.bottom_size)
        self.corrections = nn.ModuleList(
            _correction(2 * width, width, width) for width in widths[::-1]
        )
        self.corrections.append(_correction(SEEN + 3, widths[0] // 2, 3))

    def forward(
        self, damaged: Tensor, known: Tensor, generator: Generator
    ) -> tuple[Latent, Tensor]:
        """Return points of the generator's space and their images.

        Args:
            damaged: N×3×S×S, −1…1; what stands in the holes is never looked at.
            known: N×1×S×S, 1 = known, 0 = hole.
            generator: frozen.

        Returns:
            The points, and what `latent.render` makes of them, N×3×S×S: the known pixels as they
            were, and holes that are mostly in −1…1.
        """
        seen = torch.cat([pull_push(damaged, known), known], 1)
        features = [seen]
        for layer in self.down:
            features.append(layer(features[-1]))
        z = self.z(features[-1]).flatten(1)
        made = z[:, :, None, None]
        corrections = []
        for block, correct, beside in zip(
            generator.blocks, self.corrections, reversed(features), strict=True
        ):
            made = block(made)
            corrections.append(correct(torch.cat([beside, made], 1)))
            made = made + corrections[-1]
        join = pull_push(damaged - made, known)
        corrections[-1] = corrections[-1] + join
        return Latent(z, tuple(corrections)), made + join


def initialise_encoder(encoder: Encoder, rng: torch.Generator) -> None:
    """Draw the weights as the other networks' are drawn; at first no feature is corrected."""
    initialise(encoder, rng)
    for correct in encoder.corrections:
        assert isinstance(correct, nn.Sequential)
        nn.init.zeros_(correct[-1].get_parameter("weight"))


def as_fill(encoder: Encoder, generator: Generator) -> Fill:
    """Return what an encoder makes of an image through its generator, without any search."""
    return lambda damaged, known: encoder(damaged, known, generator)[1]


def load_encoder(folder: Path) -> Encoder:
    """Return the encoder that the stage encoder left in a folder, in evaluation mode.

    Raises:
        DamagedError: one of the files is missing or damaged, or they don't belong together.
    """
    return load_network(Encoder, folder, FILE)


def _correction(fan_in: int, width: int, fan_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(fan_in, width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        _activation(),
        nn.Conv2d(width, fan_out, 3, padding=1),
    )


def _activation() -> nn.Module:
    return nn.LeakyReLU(LEAK, inplace=True)
