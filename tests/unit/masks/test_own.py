"""Masks of the user's own: what of a picture is the hole, and which pictures cannot serve."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.masks.own import read_masks


def write(path: Path, levels: np.ndarray, mode: str = "L") -> None:
    Image.fromarray(levels.astype(np.uint8)).convert(mode).save(path)


def test_own_masks_are_white_where_the_image_is_missing(tmp_path: Path) -> None:
    levels = np.array([[0, 127, 128, 255]] * 4)
    write(tmp_path / "a.png", levels)
    known = read_masks(tmp_path, 1, 4)
    assert known.dtype == bool
    assert known[0].tolist() == [[True, True, False, False]] * 4


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_own_masks_of_any_mode(mode: str, tmp_path: Path) -> None:
    levels = np.where(np.eye(8) > 0, 255, 0)
    write(tmp_path / "a.png", levels, mode)
    assert np.array_equal(read_masks(tmp_path, 1, 8)[0], levels == 0)


@pytest.mark.parametrize(("stored", "wanted"), [(16, 32), (64, 32), (32, 32)])
def test_own_masks_are_scaled_to_the_nearest_pixel(
    stored: int, wanted: int, tmp_path: Path
) -> None:
    levels = np.zeros((stored, stored))
    levels[: stored // 2, stored // 4 :] = 255
    write(tmp_path / "a.png", levels)
    expected = np.ones((wanted, wanted), bool)
    expected[: wanted // 2, wanted // 4 :] = False
    assert np.array_equal(read_masks(tmp_path, 1, wanted)[0], expected)


def test_own_masks_come_by_name_again_and_again(tmp_path: Path) -> None:
    for place, name in enumerate(("b", "c", "a")):
        levels = np.zeros((8, 8))
        levels[place] = 255
        write(tmp_path / f"{name}.png", levels)
    (tmp_path / "notes.txt").write_text("not a mask")
    known = read_masks(tmp_path, 5, 8)
    assert [int(np.argmin(mask[:, 0])) for mask in known] == [2, 0, 1, 2, 0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no PNG in"),
        (b"not a PNG", r"bad\.png can't be read as an image"),
        (0, r"bad\.png has no hole"),
        (255, r"bad\.png leaves no pixel known"),
    ],
)
def test_own_masks_that_cannot_serve(
    content: bytes | int | None, message: str, tmp_path: Path
) -> None:
    if isinstance(content, bytes):
        (tmp_path / "bad.png").write_bytes(content)
    elif content is not None:
        write(tmp_path / "bad.png", np.full((8, 8), content))
    with pytest.raises(UserError, match=message):
        read_masks(tmp_path, 1, 8)


def test_a_png_that_breaks_off_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a.png", np.random.default_rng(0).integers(0, 256, (64, 64)))
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"a\.png can't be read as an image"):
        read_masks(tmp_path, 1, 8)
