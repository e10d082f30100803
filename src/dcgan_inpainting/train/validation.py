"""How good a generator is, judged by images that it was not trained on."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Self

import numpy as np
import torch

from dcgan_inpainting.common.images import Images
from dcgan_inpainting.common.seeds import Purpose, generator_for
from dcgan_inpainting.networks.dcgan import Generator
from dcgan_inpainting.networks.devices import autocast
from dcgan_inpainting.networks.tensors import to_uint8
from dcgan_inpainting.train.params import TrainParams
from dcgan_inpainting.train.reconstruction import reconstruct
from dcgan_inpainting.train.sliced_wasserstein import MAX_IMAGES, Distance, sliced_wasserstein

SAMPLES_AT_ONCE = 256  # bounds the memory that samples take
RECONSTRUCTED = 64  # validation faces; their mean PSNR is then known to about ±0.4 dB


@dataclass(frozen=True)
class Scores:
    """What one validation found."""

    swd: float  # of samples from validation images, ×1000: less is better
    swd_floor: float  # the same of training images
    levels: Mapping[int, float]  # swd by side of the pyramid's level in pixels
    psnr: float  # of validation faces found again through z, in dB: more is better

    def row(self) -> dict[str, float]:
        """Return the scores by name, as a table has them."""
        levels = {f"swd_{side}": value for side, value in self.levels.items()}
        named = {"swd": self.swd, "swd_floor": self.swd_floor, "reconstruction_psnr": self.psnr}
        return {**named, **levels}

    def beat(self, other: Self, by: Literal["swd", "reconstruction", "last"]) -> bool:
        """Return whether these scores are better than others, judged by one of them."""
        if by == "swd":
            return self.swd < other.swd
        return by == "last" or self.psnr > other.psnr


class Validator:
    """Compares what a generator makes with real images, the same ones each time."""

    def __init__(self, train: Images, validation: Images, params: TrainParams) -> None:
        """Choose the images.

        Args:
            train, validation: the two sets, uint8, N×S×S×3; may be memory-mapped.
            params: the settings.
        """
        count = min(len(validation), len(train), MAX_IMAGES)
        rng = np.random.default_rng(params.seed)
        self._params = params
        self._real, self._others = (_some(images, count, rng) for images in (validation, train))

    def scores(self, generator: Generator) -> Scores:
        """Return how good a generator is, which is in evaluation mode."""
        distance = self._distance(self.samples(generator, len(self._real)))
        return Scores(distance.mean, self._floor, distance.levels, self._psnr(generator))

    def samples(self, generator: Generator, count: int) -> Images:
        """Return what a generator makes of `count` z, the same ones each time; uint8, N×S×S×3."""
        rng = generator_for(Purpose.SAMPLES, self._params.seed)
        place = next(generator.parameters()).device
        every = torch.randn(count, generator.latent_dim, generator=rng).to(place)
        with torch.no_grad(), autocast(self._params.precision):
            made = [to_uint8(generator(z)) for z in torch.split(every, SAMPLES_AT_ONCE)]
        return np.concatenate(made)

    @cached_property
    def _floor(self) -> float:
        return self._distance(self._others).mean

    def _distance(self, images: Images) -> Distance:
        return sliced_wasserstein(self._real, images, self._params.seed)

    def _psnr(self, generator: Generator) -> float:
        faces = self._real[:RECONSTRUCTED]
        found = reconstruct(faces, generator, self._params.precision, self._params.seed)
        return float(found.psnr.mean())


def _some(images: Images, count: int, rng: np.random.Generator) -> Images:
    # In order, because a memory map is read faster so.
    return images[np.sort(rng.choice(len(images), count, replace=False))]
