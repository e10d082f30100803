"""Where an image lies in the generator's space: z, and corrections of the features made of it.

What a DCGAN can make of z alone is less than what its layers can make of other features. Source:
Daras, Dean, Jalal and Dimakis, "Intermediate Layer Optimization for Inverse Problems using Deep
Generative Models", ICML 2021; there the features themselves are searched, here what is added to
those of z, so that z keeps its meaning.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from torch import Tensor

from dcgan_inpainting.networks.dcgan import Generator


@dataclass(frozen=True)
class Latent:
    """N points of the generator's space."""

    z: Tensor  # N×latent_dim
    corrections: tuple[Tensor, ...]  # of the features behind block 0, 1, …: N×channels×side×side

    @property
    def parts(self) -> tuple[Tensor, ...]:
        """z and the corrections, from the coarsest to the finest."""
        return self.z, *self.corrections

    def __getitem__(self, index: Tensor) -> "Latent":
        """Return the points that a boolean or integer tensor chooses."""
        return Latent(self.z[index], tuple(part[index] for part in self.corrections))

    @classmethod
    def of(cls, parts: Sequence[Tensor]) -> "Latent":
        """Return the points whose `parts` these are."""
        return cls(parts[0], tuple(parts[1:]))


def uncorrected(z: Tensor, generator: Generator, blocks: int) -> Latent:
    """Return z (N×latent_dim) with corrections of zero behind the first blocks."""
    if blocks == 0:
        return Latent(z, ())
    architecture = generator.architecture
    widths = architecture.channels[::-1][:blocks]
    sides = [architecture.bottom_size * 2**block for block in range(blocks)]
    zeros = [
        z.new_zeros(len(z), width, side, side) for width, side in zip(widths, sides, strict=False)
    ]
    return Latent(z, tuple(zeros))


def render(generator: Generator, latent: Latent) -> Tensor:
    """Return the images of points of the generator's space, N×3×H×W in −1…1."""
    if not latent.corrections:
        return generator(latent.z)
    features = latent.z[:, :, None, None]
    for block, correction in zip_longest(generator.blocks, latent.corrections):
        features = block(features)
        if correction is not None:
            features = features + correction
    return features
