"""How good a generator is, judged by images that it was not trained on."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Self

import numpy as np

from dcgan_inpainting.images import Images
from dcgan_inpainting.networks import Generator
from dcgan_inpainting.reconstruction import reconstruct
from dcgan_inpainting.sliced_wasserstein import MAX_IMAGES, Distance, sliced_wasserstein
from dcgan_inpainting.training.params import TrainParams
from dcgan_inpainting.training.updates import Trainer

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

    @classmethod
    def of_row(cls, row: Mapping[str, float]) -> Self:
        """Return the scores that `row` wrote."""
        levels = {
            int(name.removeprefix("swd_")): value
            for name, value in row.items()
            if name.removeprefix("swd_").isdecimal()
        }
        return cls(row["swd"], row["swd_floor"], levels, row["reconstruction_psnr"])

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

    def scores(self, trainer: Trainer) -> Scores:
        """Return how good a trainer's averaged generator is; trainer.settle() comes first."""
        distance = self._distance(trainer.sample(len(self._real)))
        return Scores(distance.mean, self._floor, distance.levels, self._psnr(trainer.average))

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
