"""The batches of a training: each is a function of its step, so any of them can come first."""

from functools import lru_cache
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dcgan_inpainting.common.images import Images
from dcgan_inpainting.common.seeds import Purpose, generator_for
from dcgan_inpainting.networks import augmentation
from dcgan_inpainting.networks.choices import Fill
from dcgan_inpainting.networks.distribution import Rank
from dcgan_inpainting.networks.tensors import scale

SHARE_OF_DEVICE = 0.5  # of its free memory that the images may take; the rest is the training's


class Reading(Protocol):
    """The settings of how images are read, which a section of params.yaml has among others."""

    @property
    def batch_size(self) -> int: ...  # of all ranks together
    @property
    def flip(self) -> bool: ...  # mirror half of the images
    @property
    def shift(self) -> int: ...  # move them by up to so many pixels
    @property
    def shift_fill(self) -> Fill: ...
    @property
    def seed(self) -> int: ...


class Batches:
    """A rank's share of each step's images, read by index: no loader, no work image by image.

    On the CPU the images stay where they are, memory-mapped. A GPU holds all of them where they
    fit; otherwise each batch is copied to it.
    """

    def __init__(self, images: Images, params: Reading, rank: Rank) -> None:
        """Take the training set.

        Args:
            images: uint8, N×S×S×3; may be memory-mapped, is never changed.
            params: the settings.
            rank: whose share.

        Raises:
            UserError: the batch can't be shared evenly.
        """
        self._images = images
        self._params = params
        self._rank = rank
        self._resident = _on_device(images, rank.device)
        self._size = rank.share(params.batch_size)
        self._order = lru_cache(maxsize=2)(self._new_order)

    def __call__(self, step: int) -> Tensor:
        """Return the rank's share of a step's batch, N×3×S×S in −1…1, float32, on the device.

        Args:
            step: from 1. Every epoch takes the images in a new random order; the last images of
                one and the first of the next share a batch.
        """
        batch = self._read(self._indices(step))
        rng = generator_for(Purpose.IMAGES, self._params.seed, step, self._rank.number)
        if self._params.flip:
            batch = augmentation.flip(batch, rng)
        if self._params.shift:
            batch = augmentation.shift(batch, self._params.shift, rng, self._params.shift_fill)
        return scale(batch)

    def _indices(self, step: int) -> NDArray[np.int64]:
        first = (step - 1) * self._params.batch_size + self._rank.number * self._size
        epochs, places = np.divmod(np.arange(first, first + self._size), len(self._images))
        # Of few images a batch holds several epochs.
        parts = [self._order(int(epoch))[places[epochs == epoch]] for epoch in np.unique(epochs)]
        # Sorted, because a memory map is read faster in order; within a batch order is nothing.
        return np.sort(np.concatenate(parts))

    def _new_order(self, epoch: int) -> NDArray[np.int64]:
        rng = generator_for(Purpose.ORDER, self._params.seed, epoch)
        return torch.randperm(len(self._images), generator=rng).numpy()

    def _read(self, indices: NDArray[np.int64]) -> Tensor:
        if self._resident is None:
            return torch.from_numpy(self._images[indices]).to(self._rank.device)
        return self._resident[torch.from_numpy(indices).to(self._rank.device)]


def _on_device(images: Images, device: torch.device) -> Tensor | None:
    """Return the images on a GPU that has room for them, otherwise None."""
    if device.type != "cuda":
        return None
    free, _ = torch.cuda.mem_get_info(device)
    if images.nbytes > SHARE_OF_DEVICE * free:
        return None
    return torch.from_numpy(np.array(images)).to(device)
