"""PSNR, SSIM, L1 and HaarPSI, against closed forms and implementations of their own."""

import math
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import piq
import pytest
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.signal import convolve2d
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from dcgan_inpainting.common.images import Images, Known
from dcgan_inpainting.evaluate.metrics import (
    HEADLINE,
    METRICS,
    PAIRED,
    haarpsi,
    interval,
    quality,
)
from dcgan_inpainting.evaluate.pairs import Pairs, Truth, View

SIDE = 64
SRC = Path(__file__).parents[3] / "src"


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


def of_one(truth: NDArray[np.uint8], image: NDArray[np.uint8], known: Known) -> SimpleNamespace:
    """Return the figures of one restored image, H×W×3."""
    figures = quality(Pairs(Truth(truth[None], known[None]), View(image[None])))
    return SimpleNamespace(**{name: value for name, (value,) in figures.items()})


def pairs(truth: Images, restored: Images) -> Pairs:
    """Return pairs with masks that do not matter."""
    return Pairs(Truth(truth, np.zeros(truth.shape[:3], bool)), View(restored))


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
    found = of_one(truth, (truth.astype(int) + sign * levels).astype(np.uint8), hole())
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
    found = of_one(truth, np.where(known[..., None], truth, noise(2)), known)
    assert found.psnr - found.hole_psnr == pytest.approx(expected, abs=1e-4)
    assert found.l1 / found.hole_l1 == pytest.approx(1 - known.mean())


@pytest.mark.parametrize("share", ["center", "half", "random"])
def test_ssim_is_wang_s(share: str) -> None:
    truth, known = noise(1), hole(share)
    mixed = (0.6 * truth + 0.4 * noise(2)).astype(np.uint8)
    restored = np.where(known[..., None], truth, mixed)
    found = of_one(truth, restored, known)
    full = ssim_map(truth, restored)
    assert 0.2 < found.hole_ssim < found.ssim < 0.99
    # The mean leaves out the border where a window of 11 pixels does not lie in the image.
    assert found.ssim == pytest.approx(full[5:-5, 5:-5].mean(), abs=1e-9)
    assert found.hole_ssim == pytest.approx(full[~known].mean(), abs=1e-9)


def test_psnr_and_l1_of_noise() -> None:
    truth, restored, known = noise(1), noise(2), hole("random")
    error = (truth.astype(float) - restored) / 255
    found = of_one(truth, restored, known)
    assert found.psnr == pytest.approx(-10 * math.log10((error**2).mean()))
    assert found.l1 == pytest.approx(abs(error).mean())
    assert found.hole_psnr == pytest.approx(-10 * math.log10((error[~known] ** 2).mean()))
    assert found.hole_l1 == pytest.approx(abs(error[~known]).mean())


def test_identical_images_have_a_finite_psnr() -> None:
    """An error outside the hole alone leaves the hole's figures perfect."""
    truth = noise(1)
    same = of_one(truth, truth, hole())
    assert (same.psnr, same.hole_psnr, same.l1, same.hole_l1) == (100, 100, 0, 0)
    assert same.ssim == pytest.approx(1)
    assert same.hole_ssim == pytest.approx(1)
    spot = truth.copy()
    spot[0, 0] ^= 1
    found = of_one(truth, spot, hole())
    assert found.hole_psnr == 100
    # Three of 64·64·3 values are off by one level: 10·log10(255²·4096) = 84.3 dB.
    assert found.psnr == pytest.approx(10 * math.log10(255**2 * 4096))


def test_a_single_wrong_level_stays_below_the_figure_of_identical_images() -> None:
    truth = noise(1)
    spot = truth.copy()
    spot[20, 20, 0] ^= 1
    assert of_one(truth, spot, hole()).psnr == pytest.approx(89.0, abs=0.1)


def test_what_cannot_be_measured_is_refused() -> None:
    whole = np.ones((SIDE, SIDE), bool)
    with pytest.raises(ValueError, match="no hole"):
        of_one(noise(1), noise(2), whole)
    with pytest.raises(ValueError, match="no hole"):  # of one of several
        Truth(np.stack([noise(1)] * 2), np.stack([hole(), whole]))
    with pytest.raises(ValueError, match=r"\(1, 64, 32, 3\) .* originals \(1, 64, 64, 3\)"):
        of_one(noise(1), noise(2)[:, :32], hole())
    with pytest.raises(ValueError, match=r"masks .*\(1, 32, 64\)"):
        of_one(noise(1), noise(2), hole()[:32])


def test_what_is_shown_is_measured() -> None:
    assert set(PAIRED) <= METRICS.keys()
    assert list(PAIRED)[: len(HEADLINE)] == list(HEADLINE)


def test_figures_as_tables_have_them() -> None:
    assert METRICS["hole_psnr"].text(21.456) == "21.46"
    assert METRICS["hole_ssim"].gain(0.0504, 0.0011) == "+0.050 ± 0.001"
    assert METRICS["hole_psnr"].gain(-1, 0.25) == "-1.00 ± 0.25"


def haar_psi(truth: NDArray[np.uint8], image: NDArray[np.uint8]) -> float:
    """Reisenhofer et al. 2018 for colour images, with their C of 30 and α of 4.2, in numpy.

    YIQ has four digits, as in piq; the authors' three move the images here by 0.0002 at most.
    """
    rows = [0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]
    to_yiq = np.array(rows)

    def planes(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
        yiq = np.moveaxis(rgb @ to_yiq.T, -1, 0)
        return yiq.reshape(3, SIDE // 2, 2, SIDE // 2, 2).mean(axis=(2, 4))

    def filtered(plane: NDArray[np.float64], kernel: NDArray[np.float64]) -> NDArray[np.float64]:
        # Of the two middles that an even kernel has, MATLAB's "same" takes one, scipy's the other.
        first, side = len(kernel) // 2, len(plane)
        full = convolve2d(plane, kernel)
        return np.abs(full[first : first + side, first : first + side])

    def similarity(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
        return (2 * a * b + 30) / (a**2 + b**2 + 30)

    def wavelet(scale: int) -> NDArray[np.float64]:
        half = np.ones((2 ** (scale - 1), 2**scale)) / 2**scale
        return np.concatenate([half, -half])

    one, other = planes(truth), planes(image)
    locally, weights = [], []
    for turn in (np.asarray, np.transpose):  # horizontal edges, and vertical ones
        fine = [[filtered(p[0], turn(wavelet(scale))) for p in (one, other)] for scale in (1, 2)]
        locally.append((similarity(*fine[0]) + similarity(*fine[1])) / 2)
        weights.append(np.maximum(*(filtered(p[0], turn(wavelet(3))) for p in (one, other))))
    blur = np.full((2, 2), 0.25)
    colours = [similarity(filtered(one[k], blur), filtered(other[k], blur)) for k in (1, 2)]
    locally.append((colours[0] + colours[1]) / 2)
    weights.append((weights[0] + weights[1]) / 2)
    squashed = 1 / (1 + np.exp(-4.2 * np.stack(locally)))
    mean = (squashed * weights).sum() / np.sum(weights)
    return float((math.log(mean / (1 - mean)) / 4.2) ** 2)


def series() -> tuple[Images, Images]:
    """Return five originals and their restorations, from nearly right to altogether wrong."""
    truth = np.stack([noise(seed) for seed in range(5)])
    wrong = np.stack([noise(seed + 10) for seed in range(5)])
    share = np.array([0.05, 0.2, 0.4, 0.7, 1])[:, None, None, None]
    return truth, ((1 - share) * truth + share * wrong).astype(np.uint8)


def test_haarpsi_is_reisenhofer_s() -> None:
    truth, restored = series()
    found = haarpsi(pairs(truth, restored))
    assert (found.dtype, found.shape) == (np.float64, (5,))
    assert (np.diff(found) < -0.03).all()  # far apart, so that a match says something
    assert found[0] > 0.9
    assert found[-1] < 0.5
    expected = [haar_psi(*pair) for pair in zip(truth, restored, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_haarpsi_of_identical_images_is_1() -> None:
    """Black ones too, on which the formula divides by zero; beside others that stay as they are."""
    truth, restored = series()
    truth[1], restored[1] = 0, 0
    restored[3] = truth[3]
    found = haarpsi(pairs(truth, restored))
    assert found[[1, 3]].tolist() == [1, 1]
    assert (found[[0, 2, 4]] < 0.995).all()


def test_haarpsi_falls_with_noise_and_with_blur() -> None:
    truth = np.stack([noise(1)] * 4)
    grain = np.random.default_rng(5).standard_normal(truth[0].shape)
    strengths = (2, 5, 10, 20)
    noisy = np.stack([(noise(1) + s * grain).clip(0, 255).astype(np.uint8) for s in strengths])
    blurred = np.stack([gaussian_filter(noise(1), (s / 5, s / 5, 0)) for s in strengths])
    for worse in (noisy, blurred):
        found = haarpsi(pairs(truth, worse))
        assert (np.diff(found) < 0).all()
        assert 0 < found[-1] < found[0] < 1
        np.testing.assert_allclose(haarpsi(pairs(worse, truth)), found, rtol=1e-12)  # symmetric


def test_the_figures_of_many_images_are_those_of_each() -> None:
    """Also from arrays that can't be written to."""
    truth, restored = series()
    truth.flags.writeable = False
    known = np.stack([hole(), hole("half"), hole("random"), hole(), hole("half")])
    each = [vars(of_one(*one)) for one in zip(truth, restored, known, strict=True)]
    found = quality(Pairs(Truth(truth, known), View(restored)))
    assert list(found) == list(METRICS)
    for name, values in found.items():
        np.testing.assert_allclose(values, [one[name] for one in each], rtol=1e-12)


def test_the_figures_are_those_of_scikit_image_and_piq() -> None:
    truth, restored = series()
    known = np.stack([hole("random")] * 5)
    found = quality(Pairs(Truth(truth, known), View(restored)))
    tensors = (
        torch.from_numpy(images).double().permute(0, 3, 1, 2) for images in (truth, restored)
    )
    haar = piq.haarpsi(*tensors, reduction="none", data_range=255).numpy()
    np.testing.assert_allclose(found["haarpsi"], haar, rtol=1e-12)
    for index, pair in enumerate(zip(truth / 255, restored / 255, strict=True)):
        mean, full = structural_similarity(
            *pair,
            gaussian_weights=True,
            use_sample_covariance=False,
            data_range=1,
            channel_axis=-1,
            full=True,
        )
        assert found["ssim"][index] == pytest.approx(mean, rel=1e-12)
        assert found["hole_ssim"][index] == pytest.approx(full[~known[index]].mean(), rel=1e-12)
        expected = peak_signal_noise_ratio(*pair, data_range=1)
        assert found["psnr"][index] == pytest.approx(expected, rel=1e-12)


def test_haarpsi_of_small_or_odd_images_is_refused() -> None:
    truth, restored = series()
    for side in (8, 33):
        with pytest.raises(ValueError, match=f"even size from 16 pixels, not {side}×{side}"):
            haarpsi(pairs(truth[:, :side, :side], restored[:, :side, :side]))


def test_the_names_of_the_metrics_are_there_at_once() -> None:
    """What prints a table measures nothing, and would take seconds longer."""
    program = (
        "import sys, dcgan_inpainting.evaluate.metrics; "
        "assert not {'torch', 'piq', 'skimage', 'scipy', 'pandas'} & set(sys.modules)"
    )
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


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


def striped(period: int, height: int) -> NDArray[np.uint8]:
    """Return vertical stripes that rise and fall by `height` grey levels, 64×64×3."""
    wave = np.round(128 + height / 2 * np.sin(2 * np.pi * np.arange(SIDE) / period))
    return np.broadcast_to(wave[None, :, None], (SIDE, SIDE, 3)).astype(np.uint8)


def test_sharpness_is_the_share_of_the_slopes() -> None:
    known = hole()
    low, high = striped(16, 40), striped(16, 80)
    assert of_one(high, low, known).hole_sharpness == pytest.approx(0.5, abs=0.02)
    assert of_one(low, high, known).hole_sharpness == pytest.approx(2, abs=0.05)
    finer = striped(8, 80)  # as high and nearly twice as steep
    ratio = np.sin(np.pi / 8) / np.sin(np.pi / 16)
    assert of_one(high, finer, known).hole_sharpness == pytest.approx(ratio, abs=0.03)


def test_the_finest_grain_counts_most() -> None:
    """A checkerboard of single pixels, which differences over two pixels would not see."""
    truth, known = striped(16, 80), hole()
    down, right = np.indices((SIDE, SIDE))
    fine, coarse = ((down // n + right // n) % 2 * 20 for n in (1, 2))
    values = [
        of_one(truth, (truth + grain[..., None]).astype(np.uint8), known).hole_sharpness
        for grain in (fine, coarse)
    ]
    assert values[0] > values[1] > 1.2


def test_a_blur_is_less_sharp_and_its_known_pixels_count_nothing() -> None:
    truth, known = noise(0), hole("half")
    blurred = gaussian_filter(truth.astype(float), (2, 2, 0)).astype(np.uint8)
    restored = np.where(known[..., None], truth, blurred)
    inside = of_one(truth, blurred, known).hole_sharpness
    assert inside < 0.5
    assert of_one(truth, restored, known).hole_sharpness == pytest.approx(inside, rel=0.2)
    assert of_one(truth, truth, known).hole_sharpness == 1


def test_a_flat_hole_filled_flat_is_as_sharp_as_it_was() -> None:
    flat = np.full((SIDE, SIDE, 3), 90, np.uint8)
    assert of_one(flat, flat, hole()).hole_sharpness == 1
    assert 1 < of_one(flat, striped(16, 40), hole()).hole_sharpness < np.inf
