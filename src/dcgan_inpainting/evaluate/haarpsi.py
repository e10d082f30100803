"""HaarPSI: how alike two images are to the eye, by their edges and colours.

Source: Reisenhofer, Bosse, Kutyniok and Wiegand, "A Haar Wavelet-Based Perceptual Similarity Index
for Image Quality Assessment", Signal Processing: Image Communication 61, 2018, with their constants
and the halving of the images that stands for the distance of a viewer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Filter = Callable[[int, int], Floats]  # of a side and a size

LEAST = 16  # pixels a side: the widest wavelet has 8 of the halved image
# Rows: brightness and two differences of colours, of red, green and blue.
YIQ = np.array([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
C, ALPHA = 30.0, 4.2


@dataclass(frozen=True)
class Haar:
    """What there is of N images at each place of the halved image, h×w: all of it above zero."""

    edges: Floats  # horizontal and vertical ones, of two widths: N×2×2×h×w
    coarse: Floats  # horizontal and vertical ones of a third width, by which these count: N×2×h×w
    colours: Floats  # two: N×2×h×w

    @classmethod
    def of(cls, levels: Floats) -> "Haar":
        """Take images (N×3×H×W, 0…1) apart.

        Raises:
            ValueError: their sides are odd, or smaller than 16 pixels.
        """
        height, width = levels.shape[2:]
        if min(height, width) < LEAST or height % 2 or width % 2:
            raise ValueError(
                f"HaarPSI wants an even size from {LEAST} pixels, not {height}×{width}"
            )
        rows = levels[:, :, ::2] + levels[:, :, 1::2]
        halved = (rows[..., ::2] + rows[..., 1::2]) * (255 / 4)
        planes = np.einsum("kc,nchw->knhw", YIQ, halved)
        edges = [_edges(planes[0], size) for size in (2, 4, 8)]
        colours = [_filtered(plane, _box, _box, 2) / 2 for plane in planes[1:]]
        return cls(np.stack(edges[:2], axis=2), edges[2], np.stack(colours, axis=1))


def haarpsi(truth: Haar, restored: Haar) -> Floats:
    """Return the index of each pair of images, 0…1; NaN or infinite for two black ones."""
    edges = _alike(truth.edges, restored.edges).mean(axis=2)
    colours = _alike(truth.colours, restored.colours).mean(axis=1, keepdims=True)
    weights = np.maximum(truth.coarse, restored.coarse)
    weights = np.concatenate([weights, weights.mean(axis=1, keepdims=True)], axis=1)
    squashed = 1 / (1 + np.exp(-ALPHA * np.concatenate([edges, colours], axis=1)))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (squashed * weights).sum(axis=(1, 2, 3)) / weights.sum(axis=(1, 2, 3))
        return (np.log(mean / (1 - mean)) / ALPHA) ** 2


def _alike(one: Floats, other: Floats) -> Floats:
    return (2 * one * other + C) / (one**2 + other**2 + C)


def _edges(plane: Floats, size: int) -> Floats:
    """Return how strong horizontal and vertical edges are, by Haar's wavelet of this size."""
    pairs = (_step, _box), (_box, _step)
    return np.stack([_filtered(plane, *pair, size) for pair in pairs], axis=1)


def _filtered(plane: Floats, down: Filter, across: Filter, size: int) -> Floats:
    height, width = plane.shape[1:]
    return np.abs(down(height, size) @ plane @ across(width, size).T) / size


@lru_cache
def _box(side: int, size: int) -> Floats:
    """Return what sums up `size` pixels around each along a side, a row for each: side×side."""
    return np.sum([np.eye(side, k=place) for place in _places(size)], axis=0)


@lru_cache
def _step(side: int, size: int) -> Floats:
    """Return what takes the second half of them from the first."""
    halves = [np.eye(side, k=place) * (1 if place <= 0 else -1) for place in _places(size)]
    return np.sum(halves, axis=0)


def _places(size: int) -> range:
    # Of the two middles that an even number has, MATLAB's, which the authors use.
    return range(1 - size // 2, size // 2 + 1)
