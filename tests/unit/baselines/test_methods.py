"""The baselines, against brute force, scikit-image and a ramp."""

from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.restoration import inpaint_biharmonic

from dcgan_inpainting.baselines import methods as baselines
from dcgan_inpainting.baselines import nearest
from dcgan_inpainting.baselines.biharmonic import smoothest
from dcgan_inpainting.common.images import Images, Known
from dcgan_inpainting.download.drawn_faces.draw import draw_face
from dcgan_inpainting.masks.kinds import KINDS, make_masks

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
    filled = baselines.mean(train)(damage(images, known), known)
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
    for name in ("DAMAGED_AT_ONCE", "TRAINED_AT_ONCE", "PAIRS_AT_ONCE"):
        monkeypatch.setattr(nearest, name, chunk)
    train, known = noise(1, 40), masks(12)
    images = noise(2, 12)
    expected = brute_force(images, known, train)
    assert len(set(expected)) > 6
    filled = baselines.nearest(train)(damage(images, known), known)
    assert filled.dtype == np.uint8
    assert np.array_equal(filled, np.where(known[..., None], images, train[expected]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("side", "blocks", "terms"),
    [(64, (16, 32, 64), 512), (32, (4, 8), 7), (24, (16, 32), 512)],
)
def test_the_bound_leaves_out_no_image_that_is_nearest(
    kind: str,
    side: int,
    blocks: tuple[int, ...],
    terms: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On images that are smooth, as faces are, so that most pairs are never measured."""
    monkeypatch.setattr(nearest, "BLOCKS", blocks)
    monkeypatch.setattr(nearest, "TERMS_AT_ONCE", terms)
    rng = np.random.default_rng(3)

    def smooth(count: int) -> Images:
        rough = rng.normal(128, 90, (count, side, side, 3))
        return gaussian_filter(3 * rough - 256, (0, 3, 3, 0)).clip(0, 255).astype(np.uint8)

    train, images = smooth(300), smooth(9)
    train[200] = train[30]  # of equally near ones the first
    images[0] = train[30]
    images[1], images[2] = 0, 255
    known = make_masks(kind, len(images), side, 5)
    known[3] = True
    known[4] = False
    known[4, 3, 7] = True
    expected = brute_force(images, known, train)
    assert nearest.nearest(damage(images, known), known, train).tolist() == expected
    assert expected[0] == 30


def test_few_pairs_of_faces_are_measured_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = 0
    real = nearest._Search._measure

    def counting(self: nearest._Search, *arguments: Any) -> None:
        nonlocal measured
        measured += len(arguments[1])
        real(self, *arguments)

    monkeypatch.setattr(nearest._Search, "_measure", counting)
    monkeypatch.setattr(nearest, "TRAINED_AT_ONCE", 100)
    faces = np.stack([draw_face(index, 1)[50:178:2, 25:153:2] for index in range(230)])
    train, images = faces[:200], faces[200:]
    known = make_masks("center", len(images), 64, 1)
    found = nearest.nearest(damage(images, known), known, train)
    assert found.tolist() == brute_force(images, known, train)
    assert measured < 0.1 * len(images) * len(train)


def test_nearest_ignores_what_stands_in_the_hole() -> None:
    """The same known pixels, another hole: the twin is found although the hole is nothing like."""
    train = noise(1, 40)
    known = np.random.default_rng(4).random((1, SIDE, SIDE)) < 0.1
    twin = np.where(known[0][..., None], train[17], 255 - train[17])
    filled = baselines.nearest(train)(twin[None], known)
    assert np.array_equal(filled[0], train[17])


def test_biharmonic_is_scikit_image_s_on_every_core() -> None:
    images, known = noise(2, 3), masks(3)
    filled = baselines.biharmonic(images)(damage(images, known), known)
    assert filled.dtype == np.uint8
    for image, mask, result in zip(images, known, filled, strict=True):
        reference = inpaint_biharmonic(image / 255, ~mask, channel_axis=-1) * 255
        assert np.abs(result - np.clip(reference, 0, 255)).max() <= 0.5 + 1e-6
        assert np.array_equal(result[mask], image[mask])


def test_biharmonic_continues_a_ramp() -> None:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    ramp = np.stack([10 * rows + 20, 5 * columns + 40, 3 * rows + 4 * columns + 60], axis=-1)
    image, known = ramp.astype(np.uint8), masks(1)[0]
    filled = smoothest(damage(image[None], known[None])[0], known)
    assert np.abs(filled.astype(int) - ramp).max() <= 1


@pytest.mark.parametrize("name", baselines.BASELINES)
def test_each_sees_known_pixels_only_and_keeps_them(name: str) -> None:
    images, known = noise(1, 3), masks(3)
    fill = baselines.BASELINES[name](noise(2, 6))
    filled = fill(damage(images, known), known)
    assert filled.dtype == np.uint8
    assert np.array_equal(filled[known], images[known])
    secret = np.where(known[..., None], images, 255 - images)
    assert np.array_equal(fill(damage(secret, known), known), filled)
