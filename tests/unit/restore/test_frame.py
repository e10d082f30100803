"""The networks' square in a photograph: places, making smaller, stretching."""

import cmath
import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from dcgan_inpainting.crop.square import scale
from dcgan_inpainting.restore.frame import EYES_AND_MOUTH, Frame, reduce, stretch

SQUARE = 64


def everywhere(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(float)
    return columns, rows


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("side", [32, 64, 128])
def test_a_frame_through_the_canonical_places_is_the_picture_itself(count: int, side: int) -> None:
    places = [(point + 0.5 + 0.5j) * side / 64 - 0.5 - 0.5j for point in EYES_AND_MOUTH[:count]]
    frame = Frame.through(places, side)
    assert frame.turn == pytest.approx(1)
    assert frame.origin == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("count", [2, 3])
def test_a_frame_follows_a_face_that_is_shifted_scaled_and_turned(count: int) -> None:
    turn = cmath.rect(5.5, math.radians(-20))
    frame = Frame.through([turn * point + 300 + 200j for point in EYES_AND_MOUTH[:count]], SQUARE)
    assert frame.scale == pytest.approx(5.5)
    assert frame.width == pytest.approx(352)
    assert frame.angle == pytest.approx(-20)
    columns, rows = frame.inside(np.array([300.0]), np.array([200.0]))
    assert (columns[0], rows[0]) == pytest.approx((0, 0), abs=1e-9)


def test_eyes_in_one_place_are_refused() -> None:
    with pytest.raises(ValueError, match="same place"):
        Frame.through([5 + 5j, 5 + 5j], SQUARE)


def test_a_frame_about_a_middle_has_it_there() -> None:
    frame = Frame.about(100 + 50j, 128, SQUARE, angle=0.3)
    assert frame.centre == pytest.approx(100 + 50j)
    assert frame.width == pytest.approx(128)
    moved = frame.moved(shift=2 - 1j, scale=1.5, angle=-0.3)
    assert moved.angle == pytest.approx(0, abs=1e-9)
    assert moved.width == pytest.approx(192)
    assert moved.centre == pytest.approx(100 + 50j + frame.turn * (2 - 1j))


def test_the_whole_picture_as_the_frame_is_taken_as_it_is() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (SQUARE, SQUARE, 3), dtype=np.uint8)
    known = np.random.default_rng(1).random((SQUARE, SQUARE)) < 0.5
    square, whole = reduce(pixels, known, Frame.about(31.5 + 31.5j, SQUARE, SQUARE))
    assert np.array_equal(whole, known)
    assert np.array_equal(square, np.where(known[..., None], pixels, 0))


def test_a_photograph_is_made_smaller_as_the_training_images_were() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (512, 512, 3), dtype=np.uint8)
    frame = Frame.about(255.5 + 255.5j, 512, SQUARE)
    square, whole = reduce(pixels, np.ones((512, 512), bool), frame)
    assert whole.all()
    wanted = scale(pixels[None], SQUARE)[0]
    # But for the border, where the training's images ended.
    assert np.abs(square - wanted)[1:-1, 1:-1].max() < 1.5


def test_what_stands_in_the_hole_counts_nothing_and_what_it_touches_is_unknown() -> None:
    pixels = np.full((400, 400, 1), 100, np.uint8)
    known = np.ones((400, 400), bool)
    known[203, 203] = False
    pixels[203, 203] = 255
    frame = Frame.about(199.5 + 199.5j, 320, SQUARE)
    square, whole = reduce(pixels, known, frame)
    assert np.argwhere(~whole).tolist() == [[32, 32]]
    assert np.allclose(square[whole], 100)


def test_beyond_the_photograph_nothing_is_known() -> None:
    pixels = np.full((100, 100, 3), 7, np.uint8)
    _, whole = reduce(pixels, np.ones((100, 100), bool), Frame.about(0, 128, SQUARE))
    assert not whole[:31].any()
    assert not whole[:, :31].any()
    assert whole[34:, 34:].all()


@pytest.mark.parametrize("angle", [0.0, 0.4])
def test_what_is_stretched_and_made_smaller_again_lies_where_it_lay(angle: float) -> None:
    rng = np.random.default_rng(0)
    square = gaussian_filter(rng.normal(128, 200, (SQUARE, SQUARE, 3)), (4, 4, 0))
    frame = Frame.about(219.5 + 199.5j, 250, SQUARE, angle=angle)
    columns, rows = everywhere((400, 440))
    photograph = stretch(square, frame, columns, rows)
    again, whole = reduce(photograph, np.ones((400, 440), bool), frame)
    assert whole.all()
    assert np.abs(again - square)[2:-2, 2:-2].max() < 0.5
    # A pixel aside, it would not: the test can tell.
    shifted, _ = reduce(photograph, np.ones((400, 440), bool), frame.moved(shift=0.25))
    assert np.abs(shifted - square)[2:-2, 2:-2].max() > 0.5
