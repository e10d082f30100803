"""What people see of a search."""

import csv
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from dcgan_inpainting.inpaint.results import Restoration
from dcgan_inpainting.pictures.inpaint import spread, write_pictures
from tests.tiny_search import settings

COUNT, SIDE = 3, 16


def restoration(candidates: int = 1, filmed: int = 2) -> Restoration:
    """Return one whose images have levels of their own: frame f of image i is 20·f + i."""
    images = np.arange(COUNT, dtype=np.uint8)[:, None, None, None]
    shape = (COUNT, SIDE, SIDE, 3)
    frames = np.stack(
        [np.broadcast_to(images[:filmed] + 20 * f, (filmed, *shape[1:])) for f in (0, 1, 2)]
    )
    answers = [np.broadcast_to(images + 100 + 50 * place, shape) for place in range(candidates)]
    trace = np.array([[8, 6, 4], [4, 3, 2], [2, 1, 1]], np.float32)
    return Restoration(
        composite=answers[0],
        raw=np.broadcast_to(images + 60, shape),
        z=np.zeros((COUNT, 5), np.float32),
        trace=trace,
        candidates=np.stack(answers, 1),
        objectives=np.zeros((COUNT, candidates), np.float32),
        frames=frames.astype(np.uint8),
    )


def written(folder: Path, found: Restoration, **changes: object) -> list[str]:
    images = np.full((COUNT, SIDE, SIDE, 3), 200, np.uint8)
    known = np.ones((COUNT, SIDE, SIDE), bool)
    known[:, :8] = False
    folder.mkdir()
    params = settings(**{"steps": 2, "depth": 0, "starts": 9, **changes})
    write_pictures(folder, images, known, found, params)
    return sorted(path.name for path in folder.iterdir())


def frames_of(path: Path) -> tuple[list[NDArray[np.uint8]], list[int]]:
    frames, times = [], []
    with Image.open(path) as film:
        assert film.info["loop"] == 0  # for ever
        for number in range(film.n_frames):
            film.seek(number)
            frames.append(np.asarray(film.convert("RGB")))
            times.append(film.info["duration"])
    return frames, times


def near(pixels: NDArray[np.uint8], level: int) -> bool:
    """Whether pixels have a grey level, as near as an animation's 256 colours come to it."""
    return bool(np.abs(pixels.astype(int) - level).max() <= 3)


def test_several_answers_are_shown_where_there_are_several(tmp_path: Path) -> None:
    names = ["objective.csv", "objective.png", "search.gif", "sheet.png"]
    assert written(tmp_path / "a", restoration()) == names
    assert written(tmp_path / "b", restoration(3), candidates=3) == ["candidates.png", *names]


def test_the_film_shows_the_hole_as_it_is_filled(tmp_path: Path) -> None:
    written(tmp_path / "a", restoration())
    frames, times = frames_of(tmp_path / "a/search.gif")
    assert len(frames) == 4
    assert times[-1] > 5 * times[0]
    for number, level in enumerate([0, 20, 40, 60]):
        assert frames[number].shape == (3 * 18 + 2, 2 * 18 + 2, 3)
        for image in range(2):
            left = 2 + 18 * image
            damaged, made, filled = (
                frames[number][2 + 18 * row : 18 + 18 * row, left : left + 16] for row in range(3)
            )
            assert near(damaged[8:], 200)
            assert near(damaged[:8], 128)
            assert near(made, level + image)
            if number < 3:
                assert near(filled[8:], 200)
                assert near(filled[:8], level + image)
            else:
                assert near(filled, 100 + image)


def test_without_a_frame_there_is_no_film(tmp_path: Path) -> None:
    written(tmp_path / "a", restoration(filmed=0))
    assert not (tmp_path / "a/search.gif").exists()


def test_the_curve_is_the_mean_of_the_images(tmp_path: Path) -> None:
    written(tmp_path / "a", restoration())
    with (tmp_path / "a/objective.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows == [["step", "objective"], ["0", "6"], ["1", "3"], ["2", "1.33333"]]


def test_curves_are_drawn_of_each_image(tmp_path: Path) -> None:
    """Two of three curves lie apart from the median, where the middle one lies apart itself."""
    areas = []
    for name, middle in (("together", 1.0), ("apart", 4.0)):
        found = restoration()
        found.trace[:] = np.array([[8], [4], [2]]) * np.array([1, middle, 16])
        written(tmp_path / name, found)
        with Image.open(tmp_path / name / "objective.png") as picture:
            pixels = np.asarray(picture.convert("RGB")).astype(int)
        areas.append((pixels[..., 0] - pixels[..., 2] > 20).sum())
    assert 0 < 1.5 * areas[0] < areas[1]


def test_equal_searches_give_equal_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        written(tmp_path / name, restoration(3), candidates=3)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_candidates_stand_beside_each_other(tmp_path: Path) -> None:
    """Damaged, three answers, their mean, their spread; eight times enlarged, below the names."""
    written(tmp_path / "a", restoration(3), candidates=3)
    with Image.open(tmp_path / "a/candidates.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels.shape == (20 + 3 * 130 + 2, 6 * 130 + 2, 3)
    for image in range(COUNT):
        row = pixels[20 + 2 + 130 * image + 64, 2 + 64 :: 130]
        assert [int(tile[0]) for tile in row[1:5]] == [
            level + image for level in (100, 150, 200, 150)
        ]
        assert row[5].max() > row[0].max() or row[5, 0] > row[5, 2]  # bright: 41 levels apart


def test_spread_is_the_standard_deviation_over_the_answers() -> None:
    candidates = np.zeros((2, 2, 1, 2, 3), np.uint8)
    candidates[0, 1, 0, 0] = (40, 40, 40)
    candidates[0, 1, 0, 1] = (30, 0, 0)
    np.testing.assert_allclose(spread(candidates)[0, 0], [20, 15 / np.sqrt(3)])
    assert not spread(candidates)[1].any()


@pytest.mark.parametrize("candidates", [2, 5])
def test_equal_answers_have_no_spread(candidates: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 1, 8, 8, 3), dtype=np.uint8)
    assert not spread(images.repeat(candidates, axis=1)).any()
