"""The pictures of an evaluation."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from PIL import Image

from dcgan_inpainting.quality_plots import gallery, plot_quality

OURS, MEAN = (217, 95, 2), (199, 199, 199)


def summary(ours: float, mean: float, masks: tuple[str, ...] = ("center", "half")) -> pd.DataFrame:
    rows = []
    for mask in masks:
        for method, value in (("mean", mean), ("latent", ours)):
            row = {"mask": mask, "method": method, "hole_psnr": value, "hole_ssim": value / 50}
            rows.append({**row, "hole_psnr_ci95": 0.5, "hole_ssim_ci95": 0.01})
    return pd.DataFrame(rows).set_index(["mask", "method"])


def pixels(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def area(picture: NDArray[np.uint8], colour: tuple[int, int, int]) -> int:
    return int((picture == colour).all(-1).sum())


def test_bars_are_as_high_as_the_quality(tmp_path: Path) -> None:
    plot_quality(summary(ours=30, mean=15), tmp_path / "a.png")
    picture = pixels(tmp_path / "a.png")
    assert area(picture, OURS) / area(picture, MEAN) == pytest.approx(2, rel=0.1)


def test_every_mask_has_its_bars(tmp_path: Path) -> None:
    """In each panel the orange bars of three masks stand apart: three runs in a row of pixels."""
    plot_quality(summary(30, 15, ("center", "half", "random")), tmp_path / "a.png")
    ours = (pixels(tmp_path / "a.png") == OURS).all(-1)
    fullest = ours[ours.sum(1).argmax()].astype(int)
    assert (np.diff(fullest) == 1).sum() == 3


def test_equal_tables_give_equal_files(tmp_path: Path) -> None:
    for name, ours in (("a", 30.0), ("b", 30.0), ("c", 29.0)):
        plot_quality(summary(ours, 15), tmp_path / f"{name}.png")
    files = [(tmp_path / f"{name}.png").read_bytes() for name in "abc"]
    assert files[0] == files[1]
    assert files[0] != files[2]


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
