"""Which training image is nearest to a damaged one, exactly, with few pairs looked at in full.

A lower bound of the distance, from means over blocks of pixels, is a matrix product some ten times
smaller than the distances'. Only pairs whose bound is not above the nearest distance found so far
are measured, in whole numbers. All of it in parts of bounded size, on the GPU where there is one.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dcgan_inpainting.common.images import Images, Known
from dcgan_inpainting.networks.devices import device

DAMAGED_AT_ONCE = 4096
TRAINED_AT_ONCE = 1024
PAIRS_AT_ONCE = 64  # measured in full; few, so that they stay in the processor's cache
COARSE, FINE = 16, 32  # blocks along a side
MIDDLE = 128  # of the grey levels; smaller numbers are rounded less
EXACT = 256  # squares of differences of grey levels of which float32 holds the sum
_EPSILON = 2.0**-23  # float32's


def nearest(damaged: Images, known: Known, train: Images) -> NDArray[np.int64]:
    """Return, for each damaged image, the training image that is nearest where it is known.

    By the sum of squares over the known pixels; of equally near ones, the first.

    Args:
        damaged: uint8, N×S×S×3. What stands in the holes is never looked at.
        known: N×S×S, True = known.
        train: uint8, M×S×S×3; may be memory-mapped.

    Returns:
        Indices, shape N.
    """
    found = []
    for first in range(0, len(damaged), DAMAGED_AT_ONCE):
        some = slice(first, first + DAMAGED_AT_ONCE)
        search = _Search(damaged[some], known[some])
        for start in range(0, len(train), TRAINED_AT_ONCE):
            search.among(train[start : start + TRAINED_AT_ONCE], start)
        found.append(search.indices)
    return np.concatenate(found)


class _Search:
    """The nearest of the training images seen so far, for each of N damaged images.

    The bound. Over a block of s² pixels, n of them known, the squares of the differences t − x sum
    up to at least n·(m(t) − m(x))², m being the means over the known pixels. m(t) depends on the
    mask, but it differs from t̄, the mean over the whole block, by at most √(S·(1/n − 1/s²)), where
    S is the sum of the squares of t − t̄ (Cauchy and Schwarz). So the root of the distance is at
    least √(Σ n·(t̄ − m(x))²) − √(Σ S·(1 − n/s²)), with sums over the blocks in which any pixel is
    known (Minkowski), and both sums are matrix products.
    """

    def __init__(self, damaged: Images, known: Known) -> None:
        self._place = device()
        self._images = self._centred(damaged)
        self._known = torch.from_numpy(known)[:, None].to(self._place)
        count, side = known.shape[:2]
        for blocks in (COARSE, FINE):
            # Finer where most of the blocks are known in part.
            self._block = math.gcd(side, max(1, side // blocks))
            seen = _sums(self._known.float(), self._block)
            partly = (seen > 0) & (seen < self._block**2)
            if 2 * partly.sum() < (seen > 0).sum():
                break
        values = _sums((self._images * self._known).float(), self._block)
        self._values = values.flatten(1)
        self._weights = seen.expand_as(values).flatten(1)
        constant = (self._values.double().square() / self._weights.clamp_min(1)).sum(1)
        self._constant = constant.float()
        self._missing = torch.where(seen > 0, 1 - seen / self._block**2, 0).flatten(1)
        # What float32 may round off sums of so many products, none larger than 2·128² a pixel.
        terms = 2 * self._values.shape[1] + 1
        self._slack = terms * _EPSILON * 4 * MIDDLE**2 * self._weights.sum(1)
        # Distance and index in one number, so that the least is the nearest, and the first of them.
        self._best = torch.full((count,), torch.iinfo(torch.int64).max, device=self._place)

    @property
    def indices(self) -> NDArray[np.int64]:
        """The nearest of those seen so far, shape N."""
        return (self._best & (2**_INDEX_BITS - 1)).cpu().numpy()

    def among(self, train: Images, start: int) -> None:
        """Look among training images, of which the first is number `start`."""
        images = self._centred(train)
        bounds = self._bounds(images.float())  # a row for each training image
        least, likely = bounds.min(0)
        hopeful = torch.nonzero(least <= self._distances()).flatten()
        self._measure(images, likely[hopeful], hopeful, start)
        which, whose = torch.nonzero(bounds <= self._distances(), as_tuple=True)
        more = likely[whose] != which
        self._measure(images, which[more], whose[more], start)

    def _distances(self) -> Tensor:
        """Return the nearest distances so far, no smaller than they are."""
        return (self._best >> _INDEX_BITS).float() * (1 + 2 * _EPSILON)

    def _centred(self, images: Images) -> Tensor:
        """Return images less MIDDLE, int8, N×3×S×S."""
        stored = torch.from_numpy(np.array(images)).to(self._place)
        # Less 128 is the same as another first bit.
        return (stored ^ MIDDLE).view(torch.int8).permute(0, 3, 1, 2).contiguous()

    def _bounds(self, images: Tensor) -> Tensor:
        """Return the lower bound of each training image's distance to each damaged one, M×N."""
        size = self._block**2
        sums = _sums(images, self._block)
        squares = _sums(images.square().sum(1, keepdim=True), self._block)
        rest = (squares[:, 0] - sums.square().sum(1) / size).clamp_min(0).flatten(1)
        mean = sums.flatten(1) / size
        coarse = torch.addmm(self._constant, mean.square(), self._weights.T)
        coarse.addmm_(mean, self._values.T, alpha=-2).sub_(self._slack).clamp_min_(0).sqrt_()
        lost = (rest @ self._missing.T).mul_(1.001).sqrt_()
        return coarse.sub_(lost).clamp_min_(0).square_().mul_(1 - 16 * _EPSILON)

    def _measure(self, images: Tensor, which: Tensor, whose: Tensor, start: int) -> None:
        """Measure pairs of a training image (`which`) and a damaged one (`whose`), and keep."""
        exact = math.gcd(EXACT, images[0].numel())
        parts = images[0].numel() // exact
        pairs = (torch.split(numbers, PAIRS_AT_ONCE) for numbers in (which, whose))
        for rows, columns in zip(*pairs, strict=True):
            # Not by indices in brackets, which cost five times as much.
            difference = images.index_select(0, rows).short()
            difference -= self._images.index_select(0, columns).short()
            difference *= self._known.index_select(0, columns).short()
            squares = difference.float().square_().reshape(len(rows), parts, exact)
            distances = squares.sum(2).double().sum(1).long()
            numbered = (distances << _INDEX_BITS) + rows + start
            self._best.scatter_reduce_(0, columns, numbered, "amin")


_INDEX_BITS = 28  # for 268 million training images, and distances of images up to 700 pixels wide


def _sums(values: Tensor, block: int) -> Tensor:
    """Return the sums over blocks of pixels, N×C×S×S to N×C×S/block×S/block."""
    count, channels, side, _ = values.shape
    blocks = side // block
    rows = values.reshape(count, channels, blocks, block, side).sum(3)
    return rows.reshape(count, channels, blocks, blocks, block).sum(4)
