"""All holes of a kind of mask filled by a method, as a file."""

from pathlib import Path

import numpy as np

from dcgan_inpainting.common.growing_array import growing_array
from dcgan_inpainting.common.images import Images, Known, Method

IMAGES_AT_ONCE = 4096  # some 500 MB at 64 pixels; `nearest` is fastest with many


def write_filled(method: Method, images: Images, known: Known, path: Path) -> None:
    """Fill all holes, in parts, so that the memory does not grow with the number of images.

    Args:
        method: never sees what stands in a hole.
        images: the whole ones, uint8, N×S×S×3; may be memory-mapped.
        known: boolean, M×S×S, of the first M of them.
        path: the .npy file to write.
    """
    with growing_array(path, images.shape[1:], np.uint8) as append:
        for first in range(0, len(known), IMAGES_AT_ONCE):
            some = slice(first, min(first + IMAGES_AT_ONCE, len(known)))
            damaged = np.where(known[some, ..., None], images[some], np.uint8(0))
            append(method(damaged, known[some]))
