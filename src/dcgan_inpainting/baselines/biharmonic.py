"""The smoothest surface over a hole.

Source: Damelin and Hoang, "On Surface Completion and Image Inpainting by Biharmonic Functions",
International Journal of Mathematics and Mathematical Sciences, 2018.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded
from scipy.sparse import csr_array, kron

from dcgan_inpainting.common.images import Images, Known


def smoothest(image: Images, known: Known) -> Images:
    """Return one image with its hole filled by the surface that is smoothest.

    Its Laplacian's Laplacian is zero at each missing pixel, where a neighbour beyond the image's
    border counts as the pixel itself. The equations are symmetric and positive definite, and those
    of pixels in their order, row by row, involve none that is more than two rows away: so
    Cholesky's method, for which a band suffices, is several times as fast as one for any sparse
    matrix.

    Args:
        image: uint8, H×W×3; what stands in the hole counts nothing.
        known: boolean, H×W, True = known; at least one pixel is.
    """
    hole = np.flatnonzero(~known)
    seen = image[known]
    equations = _bilaplacian(*known.shape)[hole]
    right = -(equations @ np.where(known[..., None], image, 0.0).reshape(-1, 3))
    unknown = equations[:, hole].tocoo()
    below = unknown.row - unknown.col
    lower = below >= 0
    band = np.zeros((below.max() + 1, len(hole)))
    band[below[lower], unknown.col[lower]] = unknown.data[lower]
    surface = solveh_banded(band, right, lower=True, overwrite_ab=True, check_finite=False)
    filled = image.copy()
    filled[~known] = np.rint(surface).clip(seen.min(axis=0), seen.max(axis=0))
    return filled


@lru_cache
def _bilaplacian(height: int, width: int) -> csr_array:
    """Return the Laplacian of the Laplacian, a row for each pixel: HW×HW."""
    down, across = (_second_differences(side) for side in (height, width))
    laplacian = csr_array(kron(down, np.eye(width))) + csr_array(kron(np.eye(height), across))
    return csr_array(laplacian @ laplacian)


def _second_differences(side: int) -> NDArray[np.float64]:
    """Return a pixel's differences from its neighbours in a row, a row for each: side×side."""
    differences = np.diff(np.eye(side), axis=0)
    return differences.T @ differences
