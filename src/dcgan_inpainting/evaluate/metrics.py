"""How near restored images are to the originals: PSNR, SSIM and L1, of all pixels or of the holes'.

And how sharp they are, which none of these asks: of several faces that there may be, the blurred
mean has the best PSNR.

HaarPSI is of whole images alone. What takes seconds to import is imported where it is used: a
table's columns are named by METRICS where nothing is measured.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from dcgan_inpainting.evaluate.haarpsi import haarpsi as of_views
from dcgan_inpainting.evaluate.pairs import RADIUS, Floats, Pairs

IDENTICAL_PSNR = 100.0  # dB; reported for identical images, whose PSNR is infinite, so that means
# stay finite. One wrong grey level in a 64×64 image already gives 89 dB.

WHOLE = (1, 2, 3)  # the axes of one image


def psnr(pairs: Pairs) -> Floats:
    """Return the peak signal-to-noise ratio of each image, in dB."""
    return _decibels((pairs.errors**2).mean(WHOLE))


def hole_psnr(pairs: Pairs) -> Floats:
    """Return that of the missing pixels alone."""
    return _decibels(pairs.truth.hole_mean(pairs.errors**2))


def _decibels(squares: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.where(squares == 0, IDENTICAL_PSNR, -10 * np.log10(squares))


def ssim(pairs: Pairs) -> Floats:
    """Return the structural similarity of each image, −1…1: the mean of its map.

    Less a border, on which the window does not lie in the image.
    """
    inner = slice(RADIUS, -RADIUS)
    return pairs.ssim[:, :, inner, inner].mean(WHOLE)


def hole_ssim(pairs: Pairs) -> Floats:
    """Return the mean of its map over the hole, whose windows see known pixels beside it."""
    return pairs.truth.hole_mean(pairs.ssim)


def l1(pairs: Pairs) -> Floats:
    """Return the mean absolute error of each image, 0…1."""
    return pairs.errors.mean(WHOLE)


def hole_l1(pairs: Pairs) -> Floats:
    """Return that of the missing pixels alone."""
    return pairs.truth.hole_mean(pairs.errors)


def haarpsi(pairs: Pairs) -> Floats:
    """Return the HaarPSI of each restored image, 0…1: 1 = identical, more is better.

    It compares the edges of two sizes in both directions, and the colours, each weighted by how
    much there is to see at its place. It is an index of whole images: a hole has no such figure. In
    its authors' tests it agrees with people's judgement better than PSNR and SSIM.

    Raises:
        ValueError: the images are smaller than 16 pixels, or their sides odd.
    """
    # Of two black images there is nothing to weigh, and the formula gives no number.
    identical = ~pairs.errors.any(WHOLE)
    return np.where(identical, 1.0, of_views(pairs.truth.haar, pairs.restored.haar))


def hole_sharpness(pairs: Pairs) -> Floats:
    """Return how steep the restored hole is, as a share of how steep the original is there.

    It is the root of the ratio of the mean squared differences between neighbours, over the hole's
    pixels and all channels. A blur lowers it, grain and invented edges raise it, and what is as
    sharp as the original has 1, right or wrong: it says nothing alone, and beside PSNR tells blur
    from detail. Squares, since a blurred edge is as high as a sharp one, and only less steep. In
    the spectrum that weighs power by 2 − 2·cos ω, which rises to the finest grain. What a grey
    level can't tell from flat counts as steep as one level, or a flat hole would divide by zero.

    Source: the gradient's energy as a measure of focus: Krotkov, "Focusing", International Journal
    of Computer Vision 1, 1988, after Tenenbaum.
    """
    level = 1 / 255**2
    views = pairs.restored, pairs.truth
    restored, truth = (pairs.truth.hole_mean(view.slopes) + level for view in views)
    return np.sqrt(restored / truth)


@dataclass(frozen=True)
class Metric:
    """A figure of each restored image, and how tables show it."""

    measure: Callable[[Pairs], Floats]  # of N pairs, N figures
    label: str
    digits: int  # decimals

    def text(self, value: float) -> str:
        """Return a figure as tables have it."""
        return f"{value:.{self.digits}f}"

    def gain(self, difference: float, ci95: float) -> str:
        """Return how much better one is than another, with half the width of its interval."""
        return f"{difference:+.{self.digits}f} ± {self.text(ci95)}"


# All of them, in the order of tables: a new one is a function and a line here.
METRICS: Mapping[str, Metric] = {
    "psnr": Metric(psnr, "PSNR", 2),
    "ssim": Metric(ssim, "SSIM", 3),
    "l1": Metric(l1, "L1", 4),
    "haarpsi": Metric(haarpsi, "HaarPSI", 3),
    "hole_psnr": Metric(hole_psnr, "hole PSNR [dB]", 2),
    "hole_ssim": Metric(hole_ssim, "hole SSIM", 3),
    "hole_l1": Metric(hole_l1, "hole L1", 4),
    "hole_sharpness": Metric(hole_sharpness, "hole sharpness", 2),
}

# The few by which experiments are compared, the first of them first, and how plots label them. They
# are of the hole, where methods differ.
HEADLINE: Mapping[str, str] = {
    "hole_psnr": "PSNR of the hole [dB]",
    "hole_ssim": "SSIM of the hole",
}

# Those by which methods are compared image by image. Of all of them more is better.
PAIRED = (*HEADLINE, "haarpsi")


def quality(pairs: Pairs) -> dict[str, Floats]:
    """Return all METRICS of N pairs, by name. They take about 2 MB for each pair of 64 pixels."""
    return {name: metric.measure(pairs) for name, metric in METRICS.items()}


def interval(values: ArrayLike) -> float:
    """Return half the width of the 95 % interval of the values' mean, by Student's t.

    One value has no spread to judge by: the interval is 0.
    """
    from scipy.special import stdtrit

    sample = np.asarray(values, np.float64)
    count = len(sample)
    if count < 2:
        return 0.0
    return float(stdtrit(count - 1, 0.975) * sample.std(ddof=1) / np.sqrt(count))
