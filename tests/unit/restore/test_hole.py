"""What a person may use as a mask."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import binary_dilation

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.restore.hole import read_hole
from dcgan_inpainting.restore.photograph import Photograph, read_photograph
from tests.photographs import SHAPE, levels

PHOTOGRAPH = Photograph(levels(np.uint8))
HOLE = np.zeros(SHAPE, bool)
HOLE[10:20, 30:50] = True


def drawn(path: Path, picture: Image.Image) -> Path:
    picture.save(path)
    return path


def test_white_is_the_hole(tmp_path: Path) -> None:
    path = drawn(tmp_path / "mask.png", Image.fromarray(HOLE))
    assert np.array_equal(read_hole(path, PHOTOGRAPH), HOLE)
    assert np.array_equal(read_hole(path, PHOTOGRAPH, invert=True), ~HOLE)


@pytest.mark.parametrize(("grey", "missing"), [(127, False), (128, True)])
def test_from_half_on_it_is_white(tmp_path: Path, grey: int, missing: bool) -> None:
    levels_of_mask = np.where(HOLE, np.uint8(255), np.uint8(0))
    levels_of_mask[0, 0] = grey
    path = drawn(tmp_path / "mask.png", Image.fromarray(levels_of_mask))
    assert read_hole(path, PHOTOGRAPH)[0, 0] == missing


def test_white_strokes_on_a_transparent_layer(tmp_path: Path) -> None:
    layer = np.zeros((*SHAPE, 4), np.uint8)
    layer[..., :3] = 255  # as painting programs leave it
    layer[HOLE, 3] = 255
    path = drawn(tmp_path / "mask.png", Image.fromarray(layer))
    assert np.array_equal(read_hole(path, PHOTOGRAPH), HOLE)


def test_black_strokes_on_a_transparent_layer(tmp_path: Path) -> None:
    layer = np.zeros((*SHAPE, 4), np.uint8)
    layer[HOLE, 3] = 255
    path = drawn(tmp_path / "mask.png", Image.fromarray(layer))
    assert np.array_equal(read_hole(path, PHOTOGRAPH, invert=True), HOLE)
    with pytest.raises(UserError, match=r"marks nothing .*--invert"):
        read_hole(path, PHOTOGRAPH)


def test_16_bits(tmp_path: Path) -> None:
    path = drawn(tmp_path / "mask.png", Image.fromarray(HOLE.astype(np.uint16) * 65535))
    assert np.array_equal(read_hole(path, PHOTOGRAPH), HOLE)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_transparent_pixels(dtype: type[np.uint8] | type[np.uint16]) -> None:
    alpha = np.where(HOLE, dtype(0), dtype(np.iinfo(dtype).max))
    photograph = Photograph(levels(dtype), alpha)
    assert np.array_equal(read_hole("alpha", photograph), HOLE)
    with pytest.raises(UserError, match="no transparent pixels"):
        read_hole("alpha", PHOTOGRAPH)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_painted_colour_and_what_a_brush_mixes_with_it(
    dtype: type[np.uint8] | type[np.uint16],
) -> None:
    top = np.iinfo(dtype).max
    pixels = levels(dtype) // 2 + top // 8  # nothing like it
    pixels[HOLE] = (top, top // 40, top)  # as a JPEG would have it
    wide = binary_dilation(HOLE, np.ones((5, 5), bool))
    assert np.array_equal(read_hole("#ff00ff", Photograph(pixels)), wide)
    with pytest.raises(UserError, match="no pixel there has this colour"):
        read_hole("#00ff00", Photograph(pixels))


def test_another_size_is_refused_with_both_sizes(tmp_path: Path) -> None:
    path = drawn(tmp_path / "mask.png", Image.fromarray(HOLE.T.copy()))
    with pytest.raises(UserError, match=r"60×80 pixels.*80×60.*must have the photograph's size"):
        read_hole(path, PHOTOGRAPH)


@pytest.mark.parametrize(("value", "said"), [(0, "nothing as missing"), (255, "the whole")])
def test_nothing_and_everything_are_refused(tmp_path: Path, value: int, said: str) -> None:
    path = drawn(tmp_path / "mask.png", Image.new("L", SHAPE[::-1], value))
    with pytest.raises(UserError, match=rf"mask\.png marks {said}"):
        read_hole(path, PHOTOGRAPH)


def test_what_is_no_mask(tmp_path: Path) -> None:
    (tmp_path / "mask.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match=r"mask\.png can't be read as a mask"):
        read_hole(tmp_path / "mask.png", PHOTOGRAPH)
    with pytest.raises(UserError, match=r"there is no mask .*nowhere\.png"):
        read_hole(tmp_path / "nowhere.png", PHOTOGRAPH)


@pytest.mark.parametrize("quality", [75, 95])
def test_a_colour_that_a_jpeg_has_carried_further(tmp_path: Path, quality: int) -> None:
    """Its colours have half the resolution, so around what was painted they are mixed."""
    painted = np.full((*SHAPE, 3), (200, 160, 140), np.uint8)
    painted[HOLE] = (255, 0, 255)
    Image.fromarray(painted).save(tmp_path / "a.jpg", quality=quality, subsampling=2)
    photograph = read_photograph(tmp_path / "a.jpg")
    hole = read_hole("#ff00ff", photograph)
    assert hole[HOLE].all()
    assert np.abs(photograph.pixels[~hole].astype(int) - (200, 160, 140)).max() < 40
    assert hole.sum() < HOLE.sum() + 4 * 60 + 64  # its outline is 60 pixels long
