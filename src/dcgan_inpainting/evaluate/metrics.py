"""How near restored images are to the originals: PSNR, SSIM and L1, of all pixels or of the holes'.

And how sharp they are, which none of these asks: of several faces that there may be, the blurred
mean has the best PSNR.

HaarPSI is of whole images alone. scikit-image is the reference for PSNR and SSIM, piq for HaarPSI;
grey levels count as 0…1. Both, and SciPy, are imported where they are used: they take seconds, and
a table's columns are named by METRICS where nothing is measured.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dcgan_inpainting.common.images import Images, Known

Floats = NDArray[np.float64]

IDENTICAL_PSNR = 100.0  # dB; reported for identical images, whose PSNR is infinite, so that means
# stay finite. One wrong grey level in a 64×64 image already gives 89 dB.

IMAGES_AT_ONCE = 64  # bounds what the metrics take; HaarPSI of more at once is no faster


@dataclass(frozen=True)
class Pairs:
    """N restored images and their originals.

    Raises:
        ValueError: images and masks don't match, or a mask has no hole.
    """

    original: Images  # uint8, N×H×W×3
    restored: Images  # the same
    known: Known  # N×H×W, True = known

    def __post_init__(self) -> None:
        """Check the shapes."""
        original, restored, known = self.original.shape, self.restored.shape, self.known.shape
        if original != restored:
            raise ValueError(f"the images {restored} do not match the originals {original}")
        if original[:3] != known:
            raise ValueError(f"the masks {known} do not match the images {original}")
        if self.known.all(axis=(1, 2)).any():
            raise ValueError("a mask has no hole to measure")

    def __getitem__(self, some: slice) -> "Pairs":
        """Return some of the pairs."""
        return Pairs(self.original[some], self.restored[some], self.known[some])

    @cached_property
    def levels(self) -> list[tuple[Floats, Floats]]:
        """Each original and each restored image, H×W×3, 0…1."""
        scaled = self.original / 255.0, self.restored / 255.0
        return list(zip(*scaled, strict=True))

    @cached_property
    def levels_of_holes(self) -> list[tuple[Floats, Floats]]:
        """The same of the M missing pixels alone, M×3."""
        holes = zip(self.levels, ~self.known, strict=True)
        return [(truth[hole], image[hole]) for (truth, image), hole in holes]

    @cached_property
    def ssim(self) -> list[tuple[float, Floats]]:
        """Each image's SSIM and the map (H×W×3) whose mean it is, less a border.

        It is that of Wang et al. 2004, with their Gaussian window of σ 1.5.
        """
        from skimage.metrics import structural_similarity

        return [
            structural_similarity(
                truth,
                image,
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
                data_range=1,
                channel_axis=-1,
                full=True,
            )
            for truth, image in self.levels
        ]


def psnr(pairs: Pairs) -> Floats:
    """Return the peak signal-to-noise ratio of each image, in dB."""
    return np.array([_psnr(*pair) for pair in pairs.levels])


def hole_psnr(pairs: Pairs) -> Floats:
    """Return that of the missing pixels alone."""
    return np.array([_psnr(*pair) for pair in pairs.levels_of_holes])


def _psnr(truth: Floats, image: Floats) -> float:
    from skimage.metrics import peak_signal_noise_ratio

    if np.array_equal(truth, image):
        return IDENTICAL_PSNR
    return float(peak_signal_noise_ratio(truth, image, data_range=1))


def ssim(pairs: Pairs) -> Floats:
    """Return the structural similarity of each image, −1…1."""
    return np.array([mean for mean, _ in pairs.ssim])


def hole_ssim(pairs: Pairs) -> Floats:
    """Return the mean of its map over the hole, whose windows see known pixels beside it."""
    holes = zip(pairs.ssim, ~pairs.known, strict=True)
    return np.array([full[hole].mean() for (_, full), hole in holes])


def l1(pairs: Pairs) -> Floats:
    """Return the mean absolute error of each image, 0…1."""
    return np.array([np.abs(truth - image).mean() for truth, image in pairs.levels])


def hole_l1(pairs: Pairs) -> Floats:
    """Return that of the missing pixels alone."""
    return np.array([np.abs(truth - image).mean() for truth, image in pairs.levels_of_holes])


def haarpsi(pairs: Pairs) -> Floats:
    """Return the HaarPSI of each restored image, 0…1: 1 = identical, more is better.

    It compares the edges of two sizes in both directions, and the colours, each weighted by how
    much there is to see at its place. It is an index of whole images: a hole has no such figure.

    Source: Reisenhofer, Bosse, Kutyniok and Wiegand, "A Haar Wavelet-Based Perceptual Similarity
    Index for Image Quality Assessment", Signal Processing: Image Communication 61, 2018, with
    their constants and the halving of the images that stands for the distance of a viewer.

    Raises:
        ValueError: the images are smaller than 16 pixels.
    """
    import torch
    from piq import haarpsi as of_tensors

    # In float64: in float32 the sixth digit hangs on how many images are measured at once.
    tensors = (
        torch.from_numpy(images.astype(np.float64)).permute(0, 3, 1, 2)
        for images in (pairs.original, pairs.restored)
    )
    values = of_tensors(*tensors, reduction="none", data_range=255).numpy()
    # Of two black images there is nothing to weigh, and the formula gives infinity.
    identical = (pairs.original == pairs.restored).all(axis=(1, 2, 3))
    return np.where(identical, 1.0, values)


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
    holes = zip(pairs.levels, ~pairs.known, strict=True)
    return np.array(
        [
            np.sqrt(_steepness(image, hole) / _steepness(truth, hole))
            for (truth, image), hole in holes
        ]
    )


def _steepness(image: Floats, hole: Known) -> float:
    down = np.diff(image, axis=0, append=image[-1:])
    right = np.diff(image, axis=1, append=image[:, -1:])
    return float((down**2 + right**2)[hole].mean()) + 1 / 255**2


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
    """Return all METRICS of N pairs, by name."""
    firsts = range(0, len(pairs.known), IMAGES_AT_ONCE)
    parts = (pairs[first : first + IMAGES_AT_ONCE] for first in firsts)
    measured = [{name: metric.measure(part) for name, metric in METRICS.items()} for part in parts]
    return {name: np.concatenate([part[name] for part in measured]) for name in METRICS}


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
