"""How good a generator is, judged by images that it was not trained on."""

from collections.abc import Sequence
from functools import cached_property
from statistics import fmean
from typing import Literal

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
from dcgan_inpainting.training.history import Row

SAMPLES_AT_ONCE = 256  # bounds the memory that samples take
RECONSTRUCTED = 64  # validation faces; their mean PSNR is then known to about ±0.4 dB
LOOKS = 3  # validations whose mean score decides which weights are used
CURVES = ("swd", "reconstruction_psnr")  # the scores that are watched while a training runs


def better(
    looks: Sequence[Row], than: Sequence[Row], by: Literal["swd", "reconstruction", "last"]
) -> bool:
    """Return whether a training was better at one look than at another, judged by one score.

    Args:
        looks: the scores of the one and of the LOOKS − 1 before it: their mean counts, since the
            best of many single ones would be the one with most luck.
        than: those of the other.
        by: which score, or that the later one is always better.
    """
    if by == "last":
        return True
    score = "swd" if by == "swd" else "reconstruction_psnr"
    this, other = (fmean(row[score] for row in rows) for rows in (looks, than))
    return this < other if by == "swd" else this > other


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

    def scores(self, generator: Generator) -> Row:
        """Return how good a generator is, which is in evaluation mode.

        Returns:
            `swd`: of samples from validation images, ×1000: less is better; `swd_floor`: the same
            of training images; `reconstruction_psnr`: of validation faces found again through z, in
            dB: more is better; `swd_SIDE`: of a level of the pyramid, by its side in pixels.
        """
        distance = self._distance(self.samples(generator, len(self._real)))
        named = {"swd": distance.mean, "swd_floor": self._floor}
        levels = {f"swd_{side}": value for side, value in distance.levels.items()}
        return {**named, "reconstruction_psnr": self._psnr(generator), **levels}

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
