"""Holes as an old photograph has them: scratches and specks of dust."""

import numpy as np

from dcgan_inpainting.common.images import Known

_SCRATCHES, _SPECKS = (3, 7), (5, 20)  # how many of each
_LENGTH = (0.4, 1.2)  # of a scratch, in sides of the image
_BOW = 0.05  # how far at most its middle lies beside its ends, as a share of its length
_WIDTH = (1 / 64, 2 / 64)  # of scratches and specks, in sides of the image


def scratches(size: int, rng: np.random.Generator) -> Known:
    """Return a mask with a few long thin lines and some specks: size×size, True = known.

    A pixel is missing if its centre is. No scratch is thinner than a pixel, so that none breaks
    off where there are few of them.

    Args:
        size: side in pixels.
        rng: gives their number, places, lengths, directions, bows and widths.
    """
    centres = (np.arange(size) + 0.5) / size
    x, y = centres[None, :], centres[:, None]
    hole = np.zeros((size, size), bool)
    for _ in range(rng.integers(*_SCRATCHES, endpoint=True)):
        middle_x, middle_y = rng.random(2)
        angle, half = rng.uniform(0, np.pi), rng.uniform(*_LENGTH) / 2
        bow, width = 2 * half * rng.uniform(-_BOW, _BOW), rng.uniform(*_WIDTH)
        along = (x - middle_x) * np.cos(angle) + (y - middle_y) * np.sin(angle)
        across = (y - middle_y) * np.cos(angle) - (x - middle_x) * np.sin(angle)
        beside = np.abs(across - bow * (1 - (along / half) ** 2))  # of a parabola
        hole |= (np.abs(along) <= half) & (beside <= max(width, 1 / size) / 2)
    for _ in range(rng.integers(*_SPECKS, endpoint=True)):
        middle_x, middle_y = rng.random(2)
        radius = max(rng.uniform(*_WIDTH) / 2, np.sqrt(0.5) / size)  # which holds a centre
        hole |= (x - middle_x) ** 2 + (y - middle_y) ** 2 <= radius**2
    return ~hole
