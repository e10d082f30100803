"""Grids of images as pictures."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dcgan_inpainting.common.images import Images, columns_of, grid, save_png


def tiles(count: int, height: int = 4, width: int = 6) -> Images:
    rng = np.random.default_rng(0)
    return rng.integers(0, 250, (count, height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 1, 1), (4, 2, 2), (5, 3, 2), (7, 3, 3)])
def test_a_grid_is_about_square(count: int, columns: int, rows: int) -> None:
    assert grid(tiles(count)).shape == (rows * 6 + 2, columns * 8 + 2, 3)


def test_tiles_stand_row_by_row_on_white() -> None:
    images = tiles(5)
    picture = grid(images, columns=2, gap=3)
    assert picture.shape == (3 * 7 + 3, 2 * 9 + 3, 3)
    covered = np.zeros(picture.shape[:2], bool)
    for index, (row, column) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1), (2, 0)]):
        place = (slice(3 + 7 * row, 7 + 7 * row), slice(3 + 9 * column, 9 + 9 * column))
        assert np.array_equal(picture[place], images[index])
        covered[place] = True
    assert (picture[~covered] == 255).all()


def test_scale_enlarges_each_pixel() -> None:
    image = tiles(1)
    picture = grid(image, gap=0, scale=3)
    assert np.array_equal(picture, np.kron(image[0], np.ones((3, 3, 1), np.uint8)))


def test_columns_are_the_sets_and_rows_the_images() -> None:
    first, second, third = tiles(6).reshape(3, 2, 4, 6, 3)
    picture = columns_of([first, second, third], gap=0)
    expected = np.concatenate(
        [np.concatenate([s[row] for s in (first, second, third)], axis=1) for row in range(2)]
    )
    assert np.array_equal(picture, expected)


def test_an_empty_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one image"):
        grid(tiles(0))


def test_a_saved_picture_comes_back_and_holds_nothing_else(tmp_path: Path) -> None:
    picture = tiles(1, 30, 20)[0]
    save_png(picture, tmp_path / "a.png")
    save_png(picture.copy(), tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as stored:
        assert stored.info == {}
        assert np.array_equal(np.asarray(stored), picture)
