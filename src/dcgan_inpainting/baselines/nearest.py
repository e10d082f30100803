"""Which training image is nearest to a damaged one, exactly, with few pairs looked at in full.

A lower bound of the distance, from means over blocks of pixels, is a matrix product that is smaller
than the distances', where holes are whole some ten times. Only pairs whose bound is not above the
nearest distance found so far are measured, in whole numbers. All of it in parts of bounded size, on
the GPU where there is one.
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
TERMS_AT_ONCE = 512  # of a matrix product: so many are rounded less than thousands
PAIRS_AT_ONCE = 64  # measured in full; few, so that they stay in the processor's cache
BLOCKS = (16, 32, 64)  # along a side, from coarse to fine
PARTLY = 0.2  # the most blocks that may be known in part
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
        for blocks in BLOCKS:
            # Of a block that is known in part the bound knows little.
            self._block = math.gcd(side, max(1, side // blocks))
            seen = _sums(self._known.float(), self._block)
            partly = (seen > 0) & (seen < self._block**2)
            if partly.sum() < PARTLY * (seen > 0).sum():
                break
        values = _sums((self._images * self._known).float(), self._block)
        constant = (values.double().square() / seen.clamp_min(1)).sum((1, 2, 3))
        self._constant = constant.float()
        self._values, self._weights = values.flatten(1), seen.flatten(1)
        self._missing = torch.where(seen > 0, 1 - seen / self._block**2, 0).flatten(1)
        # What float32 may round off: the products of a pixel are 4·128² in each channel at most,
        # and none of them goes into more sums than so many.
        terms = TERMS_AT_ONCE + 4 * self._weights.shape[1] // TERMS_AT_ONCE + 8
        self._slack = terms * _EPSILON * 3 * 4 * MIDDLE**2 * self._weights.sum(1)
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
        mean = _sums(images, self._block) / size
        squares = mean.square().sum(1)
        bounds = self._constant.repeat(len(images), 1)
        for left, right, factor in (
            (squares.flatten(1), self._weights, 1),
            (mean.flatten(1), self._values, -2),
        ):
            columns = (torch.split(matrix, TERMS_AT_ONCE, 1) for matrix in (left, right))
            for some, others in zip(*columns, strict=True):
                bounds.addmm_(some, others.T, alpha=factor)
        bounds.sub_(self._slack).clamp_min_(0)
        if size == 1:
            return bounds
        whole = _sums(images.square().sum(1, keepdim=True), self._block)[:, 0]
        rest = (whole - size * squares).clamp_min(0).flatten(1)
        lost = (rest @ self._missing.T).mul_(1.001).sqrt_()
        return bounds.sqrt_().sub_(lost).clamp_min_(0).square_().mul_(1 - 16 * _EPSILON)

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
