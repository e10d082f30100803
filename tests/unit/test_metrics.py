"""PSNR, SSIM and L1, against closed forms and an implementation of their own."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from dcgan_inpainting.images import Known
from dcgan_inpainting.metrics import interval, quality

SIDE = 64


def noise(seed: int) -> NDArray[np.uint8]:
    """Return smooth noise with grain, 64×64×3: SSIM is far from 0 and from 1 on it."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(60, 180, (8, 8, 3)).repeat(8, axis=0).repeat(8, axis=1)
    return (coarse + rng.integers(-15, 16, (SIDE, SIDE, 3))).astype(np.uint8)


def hole(share: str = "center") -> Known:
    known = np.ones((SIDE, SIDE), bool)
    if share == "center":
        known[16:48, 16:48] = False
    elif share == "half":
        known[:, 32:] = False
    elif share == "random":
        known = np.random.default_rng(3).random((SIDE, SIDE)) >= 0.8
    return known


def ssim_map(truth: NDArray[np.uint8], image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Wang et al. 2004, equation 13, with their 11×11 Gaussian window of σ 1.5 and K 0.01, 0.03."""

    def local_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return gaussian_filter(values, sigma=1.5, radius=5, mode="reflect")

    channels = []
    for channel in range(3):
        x, y = truth[..., channel] / 255, image[..., channel] / 255
        mx, my = local_mean(x), local_mean(y)
        vx, vy = local_mean(x * x) - mx**2, local_mean(y * y) - my**2
        vxy = local_mean(x * y) - mx * my
        c1, c2 = 0.01**2, 0.03**2
        value = (2 * mx * my + c1) * (2 * vxy + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
        channels.append(value)
    return np.stack(channels, axis=-1)


@pytest.mark.parametrize("levels", [1, 10, 40])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_constant_error(levels: int, sign: int) -> None:
    truth = noise(1)
    found = quality(truth, (truth.astype(int) + sign * levels).astype(np.uint8), hole())
    expected = 20 * math.log10(255 / levels)
    assert found.psnr == pytest.approx(expected)
    assert found.hole_psnr == pytest.approx(expected)
    assert found.l1 == pytest.approx(levels / 255)
    assert found.hole_l1 == pytest.approx(levels / 255)


@pytest.mark.parametrize(("share", "expected"), [("center", 6.0206), ("half", 3.0103)])
def test_an_exact_composite_s_hole_is_worse_by_its_share(share: str, expected: float) -> None:
    """All the error lies in the hole: 10·log10 of its share of the image is between the two."""
    known = hole(share)
    truth = noise(1)
    found = quality(truth, np.where(known[..., None], truth, noise(2)), known)
    assert found.psnr - found.hole_psnr == pytest.approx(expected, abs=1e-4)
    assert found.l1 / found.hole_l1 == pytest.approx(1 - known.mean())


@pytest.mark.parametrize("share", ["center", "half", "random"])
def test_ssim_is_wang_s(share: str) -> None:
    truth, known = noise(1), hole(share)
    mixed = (0.6 * truth + 0.4 * noise(2)).astype(np.uint8)
    restored = np.where(known[..., None], truth, mixed)
    found = quality(truth, restored, known)
    full = ssim_map(truth, restored)
    assert 0.2 < found.hole_ssim < found.ssim < 0.99
    # The mean leaves out the border where a window of 11 pixels does not lie in the image.
    assert found.ssim == pytest.approx(full[5:-5, 5:-5].mean(), abs=1e-9)
    assert found.hole_ssim == pytest.approx(full[~known].mean(), abs=1e-9)


def test_psnr_and_l1_of_noise() -> None:
    truth, restored, known = noise(1), noise(2), hole("random")
    error = (truth.astype(float) - restored) / 255
    found = quality(truth, restored, known)
    assert found.psnr == pytest.approx(-10 * math.log10((error**2).mean()))
    assert found.l1 == pytest.approx(abs(error).mean())
    assert found.hole_psnr == pytest.approx(-10 * math.log10((error[~known] ** 2).mean()))
    assert found.hole_l1 == pytest.approx(abs(error[~known]).mean())


def test_identical_images_have_a_finite_psnr() -> None:
    """An error outside the hole alone leaves the hole's figures perfect."""
    truth = noise(1)
    same = quality(truth, truth, hole())
    assert (same.psnr, same.hole_psnr, same.l1, same.hole_l1) == (100, 100, 0, 0)
    assert same.ssim == pytest.approx(1)
    assert same.hole_ssim == pytest.approx(1)
    spot = truth.copy()
    spot[0, 0] ^= 1
    found = quality(truth, spot, hole())
    assert found.hole_psnr == 100
    # Three of 64·64·3 values are off by one level: 10·log10(255²·4096) = 84.3 dB.
    assert found.psnr == pytest.approx(10 * math.log10(255**2 * 4096))


def test_a_single_wrong_level_stays_below_the_figure_of_identical_images() -> None:
    truth = noise(1)
    spot = truth.copy()
    spot[20, 20, 0] ^= 1
    assert quality(truth, spot, hole()).psnr == pytest.approx(89.0, abs=0.1)


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="no hole"):
        quality(noise(1), noise(2), np.ones((SIDE, SIDE), bool))
    with pytest.raises(ValueError, match="dimensions"):
        quality(noise(1), noise(2)[:, :32], hole())
    with pytest.raises(ValueError, match=r"mask .*\(32, 64\)"):
        quality(noise(1), noise(2), hole()[:32])


@pytest.mark.parametrize(
    ("values", "factor"),
    [
        ([3.0, 7.0], 12.706),  # Student's t at 0.975, from a printed table, for 1, 4 and 30
        ([1.0, 2.0, 3.0, 4.0, 5.0], 2.776),  # degrees of freedom
        (list(range(31)), 2.042),
    ],
)
def test_interval_by_the_t_table(values: list[float], factor: float) -> None:
    count = len(values)
    mean = sum(values) / count
    deviation = math.sqrt(sum((value - mean) ** 2 for value in values) / (count - 1))
    expected = factor * deviation / math.sqrt(count)
    assert interval(values) == pytest.approx(expected, rel=3e-4)


def test_interval_without_a_spread() -> None:
    assert interval([4.2]) == 0
    assert interval([4.0, 4.0, 4.0]) == 0
