"""The sliced Wasserstein distance, against scipy's one-dimensional one and what it must notice."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.signal import convolve2d
from scipy.stats import wasserstein_distance

from dcgan_inpainting.common.images import Images
from dcgan_inpainting.train import sliced_wasserstein as module
from dcgan_inpainting.train.sliced_wasserstein import Distance, sliced_wasserstein


def scenes(seed: int, count: int = 24, side: int = 32) -> Images:
    """Return discs of random place, size and colour with grain, all levels within 40…215."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side] / side
    images = np.empty((count, side, side, 3))
    for image in images:
        top, left = rng.uniform(0.3, 0.7, 2)
        disc = np.hypot(rows - top, columns - left) < rng.uniform(0.15, 0.4)
        image[:] = np.where(disc[..., None], rng.uniform(60, 195, 3), rng.uniform(60, 195, 3))
        image += rng.uniform(-20, 20, image.shape)
    return images.astype(np.uint8)


def altered(images: Images, change: NDArray[np.float64]) -> Images:
    return np.clip(images + change, 0, 255).astype(np.uint8)


# What it is to be


def test_a_set_is_nowhere_from_itself() -> None:
    found = sliced_wasserstein(scenes(1), scenes(1), seed=0)
    assert found.levels == {32: 0, 16: 0}
    assert found.mean == 0


def test_neither_set_comes_first() -> None:
    assert sliced_wasserstein(scenes(1), scenes(2), 3) == sliced_wasserstein(
        scenes(2), scenes(1), 3
    )


def test_the_seed_decides_and_changes_little() -> None:
    first, second = scenes(1), gaussian_filter(scenes(2), (0, 1, 1, 0))
    figures = [sliced_wasserstein(first, second, seed).mean for seed in (0, 0, 1, 2)]
    assert figures[0] == figures[1]
    assert len(set(figures)) == 3
    assert np.ptp(figures) < 0.1 * figures[0]


@pytest.mark.parametrize(("side", "levels"), [(16, [16]), (32, [32, 16]), (128, [128, 64, 32, 16])])
def test_levels_go_down_to_16_pixels(side: int, levels: list[int]) -> None:
    found = sliced_wasserstein(scenes(1, 3, side), scenes(2, 3, side), 0)
    assert list(found.levels) == levels
    assert found.mean == pytest.approx(np.mean(list(found.levels.values())))
    assert all(value > 0 for value in found.levels.values())


def test_the_mean_is_over_the_levels() -> None:
    assert Distance({64: 1.0, 32: 2.0, 16: 6.0}).mean == 3.0


def test_it_is_what_the_definition_says_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets of 16-pixel images have one level, the images themselves: patch by patch, with scipy."""
    monkeypatch.setattr(module, "PATCHES", 5)
    monkeypatch.setattr(module, "PROJECTIONS", 8)
    sets = scenes(1, 6, 16), scenes(2, 6, 16)
    found = sliced_wasserstein(*sets, seed=4)

    rng = np.random.default_rng(4)
    tops, lefts = rng.integers(0, 10, (2, 6, 5))
    directions = rng.standard_normal((3 * 49, 8), np.float32)
    projected = []
    for images in sets:
        patches = [
            image[top : top + 7, left : left + 7].astype(float)
            for image, row in zip(images, zip(tops, lefts, strict=True), strict=True)
            for top, left in zip(*row, strict=True)
        ]
        rows = np.stack(patches)
        rows = (rows - rows.mean((0, 1, 2))) / rows.std((0, 1, 2))
        projected.append(rows.transpose(0, 3, 1, 2).reshape(30, -1))
    distances = [
        wasserstein_distance(*(points @ direction for points in projected))
        for direction in (directions / np.linalg.norm(directions, axis=0)).T
    ]
    assert found.levels[16] == pytest.approx(1000 * np.mean(distances), rel=1e-3)


@pytest.mark.parametrize("shift", [0.0, 1e-3, 0.1, 50.0])
def test_the_distance_of_points_is_that_of_scipy(shift: float) -> None:
    rng = np.random.default_rng(0)
    first = rng.standard_normal((3000, 4)).astype(np.float32)
    second = (rng.laplace(size=(3000, 4)) + shift).astype(np.float32)
    directions = rng.standard_normal((4, 20)).astype(np.float32)
    expected = np.mean(
        [wasserstein_distance(first @ along, second @ along) for along in directions.T]
    )
    points = (torch.from_numpy(array) for array in (first, second, directions))
    assert module._mean_distance(*points) == pytest.approx(expected, rel=1e-3)


def test_points_that_all_coincide_are_nowhere_apart() -> None:
    points = torch.ones(5, 4)
    assert module._mean_distance(points, points, torch.ones(4, 2)) == 0


# The pyramid


def smoothed(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    kernel = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
    return convolve2d(np.pad(plane, 2, mode="reflect"), kernel, mode="valid")


def test_levels_of_the_pyramid_are_what_the_next_one_lacks() -> None:
    images = torch.from_numpy(scenes(1, 2, 64)).permute(0, 3, 1, 2).float()
    levels = [module._pyramid_level(images, depth).numpy() for depth in range(3)]
    assert [level.shape for level in levels] == [(2, 3, side, side) for side in (64, 32, 16)]
    for image, channel in ((0, 0), (1, 2)):
        plane = images[image, channel].double().numpy()
        for level in levels[:-1]:
            half = smoothed(plane)[::2, ::2]
            spread = np.zeros_like(plane)
            spread[::2, ::2] = half
            expected = plane - 4 * smoothed(spread)
            np.testing.assert_allclose(level[image, channel], expected, atol=1e-3)
            plane = half
        np.testing.assert_allclose(levels[-1][image, channel], plane, atol=1e-3)


def test_an_image_of_one_colour_has_no_detail_up_to_its_edges() -> None:
    images = torch.full((1, 3, 64, 64), 90.0)
    for depth in (0, 1):
        np.testing.assert_allclose(module._pyramid_level(images, depth), 0, atol=1e-4)
    np.testing.assert_allclose(module._pyramid_level(images, 2), 90, atol=1e-4)


# What it must notice


def distances(sets: list[Images]) -> list[float]:
    return [sliced_wasserstein(scenes(1), images, 0).mean for images in sets]


def assert_rises_from_zero(figures: list[float]) -> None:
    assert figures[0] == 0
    assert all(before < after for before, after in pairwise(figures)), figures


def test_the_more_noise_the_further() -> None:
    grain = np.random.default_rng(9).standard_normal(scenes(1).shape)
    noisy = [altered(scenes(1), strength * grain) for strength in (0, 5, 15, 40)]
    assert_rises_from_zero(distances(noisy))


def test_the_more_blur_the_further() -> None:
    blurred = [gaussian_filter(scenes(1), (0, sigma, sigma, 0)) for sigma in (0, 0.5, 1, 2)]
    assert_rises_from_zero(distances(blurred))


def test_the_stronger_the_casts_of_colour_the_further() -> None:
    """Each image in another hue than it had, as a generator that colours at random would."""
    casts = np.random.default_rng(9).uniform(-1, 1, (24, 1, 1, 3))
    tinted = [altered(scenes(1), strength * casts) for strength in (0, 10, 20, 40)]
    assert_rises_from_zero(distances(tinted))


def test_the_fewer_different_images_the_further() -> None:
    """A generator that has collapsed makes few of them, however real each of them is."""
    collapsed = [np.tile(scenes(1)[: 24 // times], (times, 1, 1, 1)) for times in (1, 2, 6, 24)]
    assert_rises_from_zero(distances(collapsed))


def test_brightness_and_contrast_of_the_whole_set_are_not_seen() -> None:
    images = scenes(1)
    other = (images.astype(int) + 40).astype(np.uint8)
    assert sliced_wasserstein(images, other, 0).mean == pytest.approx(0, abs=0.01)
    blurred = gaussian_filter(images, (0, 0.5, 0.5, 0))
    assert sliced_wasserstein(images, blurred, 0).mean > 1


def test_the_floor_falls_with_the_number_of_images_and_another_kind_is_above_it() -> None:
    few, many = (sliced_wasserstein(scenes(1, n), scenes(2, n), 0).mean for n in (6, 60))
    assert 0 < many < few / 2
    mirrored, blurred = scenes(2, 60)[:, :, ::-1], gaussian_filter(scenes(2, 60), (0, 1, 1, 0))
    assert sliced_wasserstein(scenes(1, 60), mirrored, 0).mean < 1.2 * many  # discs all the same
    assert sliced_wasserstein(scenes(1, 60), blurred, 0).mean > 1.5 * many


# How it is computed


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sliced_wasserstein(scenes(1), scenes(2), 0)
    monkeypatch.setattr(module, "_IMAGES_AT_ONCE", 5)
    monkeypatch.setattr(module, "_PROJECTED_AT_ONCE", 24 * 128 * 7)
    assert sliced_wasserstein(scenes(1), scenes(2), 0).levels == pytest.approx(whole.levels)
    monkeypatch.setattr(module, "_PROJECTED_AT_ONCE", 1)
    assert sliced_wasserstein(scenes(1), scenes(2), 0).levels == pytest.approx(whole.levels)


def test_patches_have_mean_0_and_deviation_1_in_each_channel() -> None:
    corners = torch.from_numpy(np.random.default_rng(0).integers(0, 26, (2, 24, 128)))
    for depth, limit in ((0, 26), (1, 10)):
        patches = module._patches(scenes(1), depth, corners % limit).numpy()
        patches = patches.reshape(24, 128, 3, 7, 7)
        np.testing.assert_allclose(patches.mean((0, 1, 3, 4)), 0, atol=1e-4)
        np.testing.assert_allclose(patches.std((0, 1, 3, 4)), 1, atol=1e-4)


def test_images_of_one_colour_can_be_compared() -> None:
    black, white = (np.full((2, 32, 32, 3), level, np.uint8) for level in (0, 255))
    assert sliced_wasserstein(black, white, 0).mean == 0
    assert sliced_wasserstein(black, scenes(1, 2), 0).mean > 100


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (scenes(1, 3), scenes(1, 4), "equally large"),
        (scenes(1, 3, 32), scenes(1, 3, 64), "equally large"),
        (scenes(1, 3).astype(np.float32), scenes(1, 3), "uint8"),
        (scenes(1, 3), scenes(1, 3)[..., 0], "N×S×S×3"),
        (scenes(1, 3)[..., :1], scenes(1, 3)[..., :1], "N×S×S×3"),
        (scenes(1, 3)[:0], scenes(1, 3)[:0], "no images"),
        (scenes(1, 3)[:, :16], scenes(1, 3)[:, :16], "16×32"),
        (scenes(1, 3, 8), scenes(1, 3, 8), "power of two, not 8×8"),
        (scenes(1, 3, 48), scenes(1, 3, 48), "power of two, not 48×48"),
    ],
)
def test_sets_that_cannot_be_compared(first: Images, second: Images, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        sliced_wasserstein(first, second, 0)
