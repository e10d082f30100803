"""How far a missing pixel lies from what is known."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from dcgan_inpainting.common.images import Known


def distance_to_known(known: Known) -> NDArray[np.float64]:
    """Return each pixel's distance to the nearest known pixel of its image, N×H×W, in pixels.

    Args:
        known: boolean, N×H×W, True = known; these have distance 0. Where an image has none, all of
            it is infinitely far.
    """
    return np.stack([_distances(mask) for mask in known])


def _distances(known: Known) -> NDArray[np.float64]:
    return distance_transform_edt(~known) if known.any() else np.full(known.shape, np.inf)
