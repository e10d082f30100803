"""What restores a hole without a generator; each must be beaten for the search to be worth it.

Each is a method (common.images) made from the training images (uint8, M×H×W×3; may be
memory-mapped).
"""

from collections.abc import Callable, Mapping

import numpy as np

from dcgan_inpainting.common.images import Images, Known, Method
from dcgan_inpainting.process.parallel import in_threads

CHUNK = 1024  # training images in memory at once


def mean(train: Images) -> Method:
    """Fill holes with the average of the training images, pixel by pixel."""
    total = np.zeros(train.shape[1:], np.float64)
    for first in range(0, len(train), CHUNK):
        total += train[first : first + CHUNK].sum(axis=0, dtype=np.float64)
    average = np.rint(total / len(train)).astype(np.uint8)
    return lambda damaged, known: np.where(known[..., None], damaged, average)


def nearest(train: Images) -> Method:
    """Fill each hole from the training image that is nearest, by least squares, where known."""
    # PyTorch takes seconds to import, and whoever asks for the names alone has no need of it.
    from dcgan_inpainting.baselines import nearest as search

    def fill(damaged: Images, known: Known) -> Images:
        return np.where(known[..., None], damaged, train[search.nearest(damaged, known, train)])

    return fill


def biharmonic(_train: Images) -> Method:
    """Fill holes with the smoothest surface."""
    # SciPy is slow to import too.
    from dcgan_inpainting.baselines.biharmonic import smoothest

    def fill(damaged: Images, known: Known) -> Images:
        return np.stack(in_threads(smoothest, damaged, known))

    return fill


# All of them, in the order of tables and plots: a new one is a function and a line here.
BASELINES: Mapping[str, Callable[[Images], Method]] = {
    "mean": mean,
    "nearest": nearest,
    "biharmonic": biharmonic,
}
