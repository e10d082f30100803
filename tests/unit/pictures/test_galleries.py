"""Faces in columns, with the columns' names above them."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from dcgan_inpainting.pictures.galleries import gallery


def pixels(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


@pytest.mark.parametrize(("side", "scale"), [(32, 4), (64, 2), (128, 1), (200, 1)])
def test_gallery_s_columns_stand_in_order_under_their_names(
    side: int, scale: int, tmp_path: Path
) -> None:
    colours = {"original": 10, "damaged": 90, "latent": 170}
    levels = np.array([0, 1, 2], np.uint8)[:, None, None, None]  # the row's number
    columns = {
        name: np.full((3, side, side, 3), level, np.uint8) + levels
        for name, level in colours.items()
    }
    gallery(columns, 2, tmp_path / "a.png")
    gallery(columns, 2, tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    picture = pixels(tmp_path / "a.png")
    tile = side * scale
    assert picture.shape == (20 + 2 * (tile + 2) + 2, 3 * (tile + 2) + 2, 3)
    for place, level in enumerate(colours.values()):
        left = 2 + place * (tile + 2)
        assert (picture[:20, left : left + tile] < 100).any()  # a name above it
        for row in range(2):
            top = 22 + row * (tile + 2)
            assert (picture[top : top + tile, left : left + tile] == level + row).all()


def test_gallery_s_names_stand_in_order(tmp_path: Path) -> None:
    """The long name's ink is on the side of its column."""
    tiles = np.zeros((1, 64, 64, 3), np.uint8)
    ink = {}
    for names in (("i", "MMMMM"), ("MMMMM", "i")):
        gallery(dict.fromkeys(names, tiles), 1, tmp_path / "a.png")
        head = pixels(tmp_path / "a.png")[:20] < 128
        middle = head.shape[1] // 2
        ink[names] = head[:, :middle].sum(), head[:, middle:].sum()
    left, right = ink["i", "MMMMM"]
    assert 0 < left < right / 3
    assert ink["MMMMM", "i"][1] < ink["MMMMM", "i"][0] / 3
