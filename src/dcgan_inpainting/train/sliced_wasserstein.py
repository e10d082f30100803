"""The sliced Wasserstein distance between two sets of images, over a Laplacian pyramid.

Source: Karras, Aila, Laine and Lehtinen, "Progressive Growing of GANs for Improved Quality,
Stability, and Variation", ICLR 2018, section 5; the pyramid is that of Burt and Adelson, "The
Laplacian Pyramid as a Compact Image Code", IEEE Transactions on Communications, 1983.
"""

from dataclasses import dataclass
from functools import reduce

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from dcgan_inpainting.common.images import Images
from dcgan_inpainting.networks.devices import device

MAX_IMAGES = 2000  # enough for a stable figure; each pair takes 150 kB and 10 ms of a core
COARSEST = 16  # side of the pyramid's last level in pixels
PATCH = 7  # side of a patch in pixels
PATCHES = 128  # from each image, at each level
PROJECTIONS = 512
SCALE = 1000.0  # as the paper's tables have it
BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)  # Burt and Adelson's filter with a = 3/8

_IMAGES_AT_ONCE = 128  # bounds what the pyramid takes
_PROJECTED_AT_ONCE = 2**22  # values: 16 MB, bounds what the projected patches take


@dataclass(frozen=True)
class Distance:
    """The distance ×1000 at each level of the pyramid, by the level's side in pixels."""

    levels: dict[int, float]

    @property
    def mean(self) -> float:
        """The mean over the levels: the one figure that stands for them."""
        return sum(self.levels.values()) / len(self.levels)


def sliced_wasserstein(first: Images, second: Images, seed: int) -> Distance:
    """Return how far apart two sets of images are, as sets: 0 for the same ones, more for others.

    At each level of the pyramid 7×7 patches are cut out, 128 an image, and normalised by their
    set's mean and standard deviation in each colour channel. Along each of 512 random directions
    the distance of the two sets is that of their sorted projections; the mean over the directions
    is the level's figure. The finest level tells of detail, the coarsest of the whole face.

    Two sets of real images are apart as well, the more so the fewer they are: figures compare only
    with such of equally many images, and with the distance of real images from real ones. Because
    of the normalisation a brightness or contrast that all of a set's images share is not seen.

    Args:
        first: uint8, N×S×S×3; S is 16 times a power of two.
        second: as many others, of the same size.
        seed: of the patches' places and the directions. The nth images of both sets are cut at the
            same places, so the order of the two sets does not matter, and equal sets are 0 apart.

    Raises:
        ValueError: the sets don't match, are empty, or have sides without such a pyramid.
    """
    _validate(first, second)
    rng = np.random.default_rng(seed)  # draws the same on every device
    levels = {}
    for depth, side in enumerate(_sides(first.shape[1])):
        drawn = rng.integers(0, side - PATCH + 1, (2, len(first), PATCHES))
        directions = rng.standard_normal((3 * PATCH * PATCH, PROJECTIONS), np.float32)
        directions /= np.linalg.norm(directions, axis=0)
        corners = torch.from_numpy(drawn).to(device())
        one, other = (_patches(images, depth, corners) for images in (first, second))
        along = torch.from_numpy(directions).to(device())
        levels[side] = SCALE * _mean_distance(one, other, along)
    return Distance(levels)


def _validate(first: Images, second: Images) -> None:
    for images in (first, second):
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3:
            raise ValueError(f"images must be uint8, N×S×S×3, not {images.dtype} {images.shape}")
    if first.shape != second.shape:
        raise ValueError(f"the sets must be equally large, not {first.shape} and {second.shape}")
    count, height, width, _ = first.shape
    if count == 0:
        raise ValueError("there are no images to compare")
    if height != width or COARSEST * 2 ** len(_sides(height)[1:]) != height:
        raise ValueError(f"sides must be {COARSEST} times a power of two, not {height}×{width}")


def _sides(side: int) -> list[int]:
    """Return the sides of the pyramid's levels, finest first."""
    sides = [side]
    while sides[-1] >= 2 * COARSEST:
        sides.append(sides[-1] // 2)
    return sides


def _patches(images: Images, depth: int, corners: Tensor) -> Tensor:
    """Return the normalised patches of one level, a row of 3×7×7 values for each.

    Args:
        images: the set, N×S×S×3.
        depth: which level of the pyramid, 0 = full size.
        corners: the top and the left of each image's patches, 2×N×128.
    """
    patches = torch.empty(*corners.shape[1:], 3, PATCH, PATCH, device=corners.device)
    for start in range(0, len(images), _IMAGES_AT_ONCE):
        block = slice(start, start + _IMAGES_AT_ONCE)
        stored = torch.from_numpy(np.array(images[block])).to(corners.device)
        level = _pyramid_level(stored.permute(0, 3, 1, 2).float(), depth)
        windows = level.unfold(2, PATCH, 1).unfold(3, PATCH, 1)
        tops, lefts = corners[:, block]
        which = torch.arange(len(level), device=level.device)[:, None]
        patches[block] = windows[which, :, tops, lefts]
    for channel in range(3):
        values = patches[:, :, channel]
        values -= float(values.mean(dtype=torch.float64))
        deviation = float(values.double().std(correction=0))
        if deviation > 0:  # patches of one colour have nothing to normalise
            values /= deviation
    return patches.flatten(0, 1).flatten(1)


def _pyramid_level(images: Tensor, depth: int) -> Tensor:
    """Return one level of the Laplacian pyramid: what the next one lacks, or the last as it is."""
    for _ in range(depth):
        images = _halve(images)
    if images.shape[2] == COARSEST:
        return images
    return images - _double(_halve(images))


def _halve(images: Tensor) -> Tensor:
    return _smooth(images)[..., ::2, ::2]


def _double(images: Tensor) -> Tensor:
    count, channels, height, width = images.shape
    spread = images.new_zeros(count, channels, 2 * height, 2 * width)
    spread[..., ::2, ::2] = 4 * images  # three quarters of the pixels are zeros
    return _smooth(spread)


def _smooth(images: Tensor) -> Tensor:
    """Return images (N×C×S×S) filtered by BINOMIAL in both directions; they are mirrored."""
    side = images.shape[2]
    for axis in (2, 3):
        # Two more pixels at both ends of the axis; `pad` begins with the last one.
        padded = pad(images, (0, 0, 2, 2) if axis == 2 else (2, 2, 0, 0), mode="reflect")
        parts = (weight * padded.narrow(axis, k, side) for k, weight in enumerate(BINOMIAL))
        images = reduce(torch.add, parts)
    return images


def _mean_distance(first: Tensor, second: Tensor, directions: Tensor) -> float:
    """Return the 1-Wasserstein distance of two sets of points, mean over the directions."""
    total = 0.0
    at_once = max(1, _PROJECTED_AT_ONCE // len(first))
    for some in torch.split(directions.T, at_once):
        one, other = (_sorted(some @ points.T) for points in (first, second))
        total += float(one.sub_(other).abs_().sum(1).double().sum())
    return total / (len(first) * directions.shape[1])


def _sorted(values: Tensor) -> Tensor:
    """Return each row's values sorted; `values` may be changed."""
    if values.device.type == "cuda":
        return values.sort(1).values
    # Ten times as fast as PyTorch on a CPU.
    values.numpy().sort(axis=1)
    return values
