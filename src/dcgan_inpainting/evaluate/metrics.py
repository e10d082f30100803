"""How near a restored image is to the original: PSNR, SSIM and L1, on all of it or on its hole.

HaarPSI is of whole images alone. scikit-image is the reference for PSNR and SSIM, piq for HaarPSI;
images are uint8, H×W×3, and count as 0…1.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from dcgan_inpainting.common.images import Images, Known

IDENTICAL_PSNR = 100.0  # dB; reported for identical images, whose PSNR is infinite, so that means
# stay finite. One wrong grey level in a 64×64 image already gives 89 dB.

_IMAGES_AT_ONCE = 64  # bounds what HaarPSI takes; more at once are no faster


@dataclass(frozen=True)
class Quality:
    """One restored image's figures. PSNR in dB; SSIM −1…1; L1 the mean absolute error, 0…1."""

    psnr: float
    ssim: float
    l1: float
    hole_psnr: float
    hole_ssim: float
    hole_l1: float


def quality(original: NDArray[np.uint8], restored: NDArray[np.uint8], known: Known) -> Quality:
    """Compare a restored image with the original.

    Args:
        original: uint8, H×W×3.
        restored: uint8, H×W×3.
        known: boolean, H×W, True = known; the hole_ figures are over the other pixels alone.

    SSIM is that of Wang et al. 2004 (Gaussian window, σ 1.5); hole_ssim is its map's mean over the
    hole, so its windows see the known pixels beside the hole.

    Raises:
        ValueError: the mask has no hole, or the shapes don't match.
    """
    if known.shape != original.shape[:2]:
        raise ValueError(f"the mask {known.shape} does not match the image {original.shape}")
    if known.all():
        raise ValueError("the mask has no hole to measure")
    truth, image = original / 255.0, restored / 255.0
    hole = ~known
    mean, full = structural_similarity(
        truth,
        image,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=1,
        channel_axis=-1,
        full=True,
    )
    error = np.abs(truth - image)
    return Quality(
        psnr=_psnr(truth, image),
        ssim=float(mean),
        l1=float(error.mean()),
        hole_psnr=_psnr(truth[hole], image[hole]),
        hole_ssim=float(full[hole].mean()),
        hole_l1=float(error[hole].mean()),
    )


def _psnr(truth: NDArray[np.float64], image: NDArray[np.float64]) -> float:
    if np.array_equal(truth, image):
        return IDENTICAL_PSNR
    return float(peak_signal_noise_ratio(truth, image, data_range=1))


def haarpsi(original: Images, restored: Images) -> NDArray[np.float64]:
    """Return the HaarPSI of each restored image (N values, 0…1): 1 = identical, more is better.

    It compares the edges of two sizes in both directions, and the colours, each weighted by how
    much there is to see at its place. It is an index of whole images: a hole has no such figure.

    Source: Reisenhofer, Bosse, Kutyniok and Wiegand, "A Haar Wavelet-Based Perceptual Similarity
    Index for Image Quality Assessment", Signal Processing: Image Communication 61, 2018, with
    their constants and the halving of the images that stands for the distance of a viewer.

    Args:
        original: uint8, N×H×W×3; H and W at least 16.
        restored: as many images of the same size.

    Raises:
        ValueError: the sets don't match, or the images are too small.
    """
    if original.shape != restored.shape:
        raise ValueError(f"the images {restored.shape} do not match the originals {original.shape}")
    values = np.empty(len(original), np.float64)
    for start in range(0, len(original), _IMAGES_AT_ONCE):
        block = slice(start, start + _IMAGES_AT_ONCE)
        values[block] = _haarpsi(original[block], restored[block])
    # Of two black images there is nothing to weigh, and the formula gives infinity.
    identical = (original == restored).all(axis=(1, 2, 3))
    return np.where(identical, 1.0, values)


def _haarpsi(original: Images, restored: Images) -> NDArray[np.float64]:
    # piq takes seconds, since it imports PyTorch and torchvision, and the processes of the
    # biharmonic baseline import this module without need of either.
    import torch
    from piq import haarpsi as of_tensors

    # In float64: in float32 the sixth digit hangs on how many images are measured at once.
    pair = (
        torch.from_numpy(images.astype(np.float64)).permute(0, 3, 1, 2)
        for images in (original, restored)
    )
    return of_tensors(*pair, reduction="none", data_range=255).numpy()


def interval(values: ArrayLike) -> float:
    """Return half the width of the 95 % interval of the values' mean, by Student's t.

    One value has no spread to judge by: the interval is 0.
    """
    sample = np.asarray(values, np.float64)
    count = len(sample)
    if count < 2:
        return 0.0
    return float(stdtrit(count - 1, 0.975) * sample.std(ddof=1) / np.sqrt(count))
