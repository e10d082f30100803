"""What restores a hole without a generator; each must be beaten for the search to be worth it.

Each takes damaged images (uint8, N×H×W×3) with masks (boolean, N×H×W, True = known) and returns
them with their holes filled; known pixels are unchanged.
"""

import numpy as np
from skimage.restoration import inpaint_biharmonic

from dcgan_inpainting.common.images import Images, Known
from dcgan_inpainting.process.cores import cores
from dcgan_inpainting.process.parallel import process_pool

CHUNK = 1024  # training images in memory at once


def mean(damaged: Images, known: Known, train: Images) -> Images:
    """Fill holes with the average of the training images, pixel by pixel."""
    total = np.zeros(train.shape[1:], np.float64)
    for first in range(0, len(train), CHUNK):
        total += train[first : first + CHUNK].sum(axis=0, dtype=np.float64)
    average = np.rint(total / len(train)).astype(np.uint8)
    return np.where(known[..., None], damaged, average)


def nearest(damaged: Images, known: Known, train: Images) -> Images:
    """Fill each hole from the training image that is nearest, by least squares, where known."""
    # PyTorch takes seconds to import, and the processes of `biharmonic` have no need of it.
    from dcgan_inpainting.baselines import nearest as search

    return np.where(known[..., None], damaged, train[search.nearest(damaged, known, train)])


def biharmonic(damaged: Images, known: Known) -> Images:
    """Fill holes with the smoothest surface: scikit-image's biharmonic inpainting.

    Source: Damelin and Hoang, "On Surface Completion and Image Inpainting by Biharmonic
    Functions", International Journal of Mathematics and Mathematical Sciences, 2018.
    """
    with process_pool(cores()) as pool:
        return np.stack(list(pool.map(_biharmonic, damaged, known, chunksize=8)))


def _biharmonic(image: Images, known: Known) -> Images:
    filled = inpaint_biharmonic(image, ~known, channel_axis=-1)
    levels = np.rint(filled * 255).clip(0, 255).astype(np.uint8)
    return np.where(known[..., None], image, levels)
