"""The baselines, against brute force, scikit-image and a ramp."""

import numpy as np
import pytest
from skimage.restoration import inpaint_biharmonic

from dcgan_inpainting import baselines
from dcgan_inpainting.images import Images, Known

SIDE = 16


def noise(seed: int, count: int) -> Images:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, SIDE, SIDE, 3)).astype(np.uint8)


def masks(count: int) -> Known:
    known = np.random.default_rng(9).random((count, SIDE, SIDE)) > 0.3
    known[0] = True
    known[0, 4:12, 4:12] = False
    return known


def damage(images: Images, known: Known) -> Images:
    return np.where(known[..., None], images, np.uint8(0))


def test_mean_fills_with_the_average_of_the_training_images(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(baselines, "CHUNK", 4)  # the last chunk is shorter
    train, known = noise(1, 11), masks(3)
    images = noise(2, 3)
    filled = baselines.mean(damage(images, known), known, train)
    assert filled.dtype == np.uint8
    assert np.array_equal(filled[known], images[known])
    average = np.broadcast_to(train.astype(float).mean(0), images.shape)
    assert np.abs(filled[~known] - average[~known]).max() <= 0.5 + 1e-9


def brute_force(images: Images, known: Known, train: Images) -> list[int]:
    closest = []
    for image, mask in zip(images, known, strict=True):
        errors = [((image[mask].astype(int) - t[mask].astype(int)) ** 2).sum() for t in train]
        closest.append(int(np.argmin(errors)))
    return closest


@pytest.mark.parametrize("chunk", [3, 1024])
def test_nearest_is_the_least_squares_neighbour_on_the_known_pixels(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baselines, "CHUNK", chunk)
    train, known = noise(1, 40), masks(12)
    images = noise(2, 12)
    expected = brute_force(images, known, train)
    assert len(set(expected)) > 6
    filled = baselines.nearest(damage(images, known), known, train)
    assert filled.dtype == np.uint8
    assert np.array_equal(filled, np.where(known[..., None], images, train[expected]))


def test_nearest_ignores_what_stands_in_the_hole() -> None:
    """The same known pixels, another hole: the twin is found although the hole is nothing like."""
    train = noise(1, 40)
    known = np.random.default_rng(4).random((1, SIDE, SIDE)) < 0.1
    twin = np.where(known[0][..., None], train[17], 255 - train[17])
    filled = baselines.nearest(twin[None], known, train)
    assert np.array_equal(filled[0], train[17])


def test_biharmonic_is_scikit_image_s_on_every_core() -> None:
    images, known = noise(2, 3), masks(3)
    filled = baselines.biharmonic(damage(images, known), known)
    assert filled.dtype == np.uint8
    for image, mask, result in zip(images, known, filled, strict=True):
        reference = inpaint_biharmonic(image / 255, ~mask, channel_axis=-1) * 255
        assert np.abs(result - np.clip(reference, 0, 255)).max() <= 0.5 + 1e-6
        assert np.array_equal(result[mask], image[mask])


def test_biharmonic_continues_a_ramp() -> None:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    ramp = np.stack([10 * rows + 20, 5 * columns + 40, 3 * rows + 4 * columns + 60], axis=-1)
    image, known = ramp.astype(np.uint8), masks(1)[0]
    filled = baselines._biharmonic(damage(image[None], known[None])[0], known)
    assert np.abs(filled.astype(int) - ramp).max() <= 1
