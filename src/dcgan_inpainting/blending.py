"""Putting the generated hole into the damaged image.

Source: Pérez, Gangnet and Blake, "Poisson Image Editing", SIGGRAPH 2003, used by Yeh et al. 2017,
section 3.3: inside the hole keep the generated image's gradients, at its edge the known pixels.
"""

from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array
from scipy.sparse.linalg import splu

from dcgan_inpainting.images import Known

Blending = Literal["paste", "poisson"]
Floats = NDArray[np.float64]


def paste(raw: Floats, damaged: Floats, known: Known) -> Floats:
    """Return damaged images with the generated pixels in the hole, as they are.

    Args:
        raw: what the generator made, N×H×W×3.
        damaged: the known pixels, N×H×W×3; what stands in the hole counts nothing.
        known: N×H×W, True = known.
    """
    return np.where(known[..., None], damaged, raw)


def poisson(raw: Floats, damaged: Floats, known: Known) -> Floats:
    """Return damaged images with the generated gradients in the hole and no seam at its edge.

    Solves, for each image and channel, Δf = Δ(raw) in the hole with f = damaged on the known pixels
    around it; where the hole touches the image's border, nothing flows across the border. Known
    pixels are unchanged. An image without a known pixel has nothing to blend with: it is raw.

    Args:
        raw: what the generator made, N×H×W×3.
        damaged: N×H×W×3; what stands in the hole counts nothing.
        known: N×H×W, True = known.

    Returns:
        N×H×W×3; values may leave the range of the inputs, and are to be clipped.
    """
    blended = paste(raw, damaged, known)
    for index, mask in enumerate(known):
        if mask.any() and not mask.all():
            solve = _solver(mask.tobytes(), mask.shape)
            # f = raw + correction: the correction is harmonic in the hole (its Laplacian is zero)
            # and equals damaged − raw on the known pixels, so only the edge makes a right side.
            error = np.where(mask[..., None], damaged[index] - raw[index], 0.0)
            blended[index][~mask] = raw[index][~mask] + solve(error)
    return blended


class _HoleSolver:
    """The factored Laplacian of one hole, for as many right sides as there are images."""

    def __init__(self, known: Known) -> None:
        hole = ~known
        number = np.full(known.shape, -1)
        number[hole] = np.arange(hole.sum())
        self.known = known
        self.edges: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        rows, columns, values = [], [], []
        degree = np.zeros(int(hole.sum()))
        flat = np.arange(known.size).reshape(known.shape)
        for here, there in _neighbours():
            # Only pairs inside the image: beyond the border there is no neighbour to flow to.
            mine, other = number[here].ravel(), number[there].ravel()
            inside = mine >= 0
            np.add.at(degree, mine[inside], 1)
            both = inside & (other >= 0)
            rows.append(mine[both])
            columns.append(other[both])
            values.append(np.full(both.sum(), -1.0))
            edge = inside & (other < 0)
            self.edges.append((mine[edge], flat[there].ravel()[edge]))
        diagonal = np.arange(len(degree))
        entries = np.concatenate([*values, degree])
        places = (np.concatenate([*rows, diagonal]), np.concatenate([*columns, diagonal]))
        self.factor: Any = splu(csc_array((entries, places), shape=(len(degree), len(degree))))

    def __call__(self, error: Floats) -> Floats:
        """Return the harmonic correction in the hole, one row a pixel, for H×W×3 edge values."""
        channels = error.reshape(-1, error.shape[-1])
        right = np.zeros((self.factor.shape[0], error.shape[-1]))
        for mine, other in self.edges:
            np.add.at(right, mine, channels[other])
        return np.asarray(self.factor.solve(right))


# Many images share one mask (center has one, half has four); random masks are used once each.
@lru_cache(maxsize=8)
def _solver(mask: bytes, shape: tuple[int, int]) -> _HoleSolver:
    return _HoleSolver(np.frombuffer(mask, bool).reshape(shape))


def _neighbours() -> list[tuple[tuple[slice, slice], tuple[slice, slice]]]:
    """Return, for each of the four directions, the slices of pixels and of their neighbours."""
    every, first, last = slice(None), slice(None, -1), slice(1, None)
    return [
        ((first, every), (last, every)),
        ((last, every), (first, every)),
        ((every, first), (every, last)),
        ((every, last), (every, first)),
    ]


BLENDINGS = {"paste": paste, "poisson": poisson}
