"""What the metrics measure: restored images, each beside its original.

What they need of the originals alone is worked out once for all methods. All figures of a block of
images are arrays of which the images are the first axis; grey levels count as 0…1.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from dcgan_inpainting.common.images import Images, Known
from dcgan_inpainting.evaluate.haarpsi import Haar

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """N images as the metrics see them."""

    images: Images  # uint8, N×H×W×3

    @cached_property
    def levels(self) -> Floats:
        """Their grey levels, 0…1, N×3×H×W."""
        return np.ascontiguousarray(self.images.transpose(0, 3, 1, 2)) / 255.0

    @cached_property
    def means(self) -> Floats:
        """What SSIM's window sees at each place: the mean, N×3×H×W."""
        return smoothed(self.levels)

    @cached_property
    def variances(self) -> Floats:
        """The variance in the same window."""
        return smoothed(self.levels**2) - self.means**2

    @cached_property
    def slopes(self) -> Floats:
        """The squares of the differences from the pixels below and to the right, N×3×H×W."""
        down = np.diff(self.levels, axis=2, append=self.levels[:, :, -1:])
        right = np.diff(self.levels, axis=3, append=self.levels[..., -1:])
        return down**2 + right**2

    @cached_property
    def haar(self) -> Haar:
        """What HaarPSI compares."""
        return Haar.of(self.levels)


@dataclass(frozen=True)
class Truth(View):
    """N original images, and the holes in them.

    Raises:
        ValueError: images and masks don't match, or a mask has no hole.
    """

    known: Known  # N×H×W, True = known

    def __post_init__(self) -> None:
        """Check the shapes."""
        images, known = self.images.shape, self.known.shape
        if images[:3] != known:
            raise ValueError(f"the masks {known} do not match the images {images}")
        if self.known.all(axis=(1, 2)).any():
            raise ValueError("a mask has no hole to measure")

    @cached_property
    def weights(self) -> Floats:
        """The weight of each pixel in a mean over the hole and the channels, N×H×W."""
        hole = ~self.known
        return hole / (3 * hole.sum(axis=(1, 2), keepdims=True))

    def hole_mean(self, values: Floats) -> Floats:
        """Return the mean of N×3×H×W values over each image's hole, N."""
        return np.einsum("nchw,nhw->n", values, self.weights)


@dataclass(frozen=True)
class Pairs:
    """N restored images and their originals.

    Raises:
        ValueError: they don't match.
    """

    truth: Truth
    restored: View

    def __post_init__(self) -> None:
        """Check the shapes."""
        original, restored = self.truth.images.shape, self.restored.images.shape
        if original != restored:
            raise ValueError(f"the images {restored} do not match the originals {original}")

    @cached_property
    def errors(self) -> Floats:
        """How far each value is from the original's, 0…1, N×3×H×W."""
        return np.abs(self.restored.levels - self.truth.levels)

    @cached_property
    def ssim(self) -> Floats:
        """The map of SSIM, N×3×H×W: that of Wang et al. 2004, with their window."""
        one, other = self.truth, self.restored
        both = one.means * other.means
        covariance = smoothed(one.levels * other.levels) - both
        squares = one.means**2 + other.means**2
        alike = (2 * both + 0.01**2) * (2 * covariance + 0.03**2)
        return alike / ((squares + 0.01**2) * (one.variances + other.variances + 0.03**2))


RADIUS = 5  # of SSIM's window, in pixels


def smoothed(planes: Floats) -> Floats:
    """Return the means of N×C×H×W values in a Gaussian window of σ 1.5; images are mirrored."""
    return _window(planes.shape[2]) @ planes @ _window(planes.shape[3]).T


@lru_cache
def _window(side: int) -> Floats:
    """Return the window at each place along a side, a row for each: side×side."""
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(np.eye(side), 1.5, axis=0, mode="reflect", radius=RADIUS)
