"""The distance of missing pixels to known ones."""

import numpy as np
import pytest

from dcgan_inpainting.common.distance import distance_to_known


def test_distances_are_those_of_a_search_through_all_pixels() -> None:
    known = np.random.default_rng(0).random((3, 9, 7)) < 0.1
    assert known.any((1, 2)).all()
    rows, columns = np.mgrid[:9, :7]
    for mask, found in zip(known, distance_to_known(known), strict=True):
        places = np.argwhere(mask)
        squares = [(rows - row) ** 2 + (columns - column) ** 2 for row, column in places]
        np.testing.assert_allclose(found, np.sqrt(np.min(squares, axis=0)))


def test_an_image_without_a_known_pixel_is_infinitely_far_from_one() -> None:
    known = np.zeros((2, 4, 4), bool)
    known[1] = True
    found = distance_to_known(known)
    assert (found[0] == np.inf).all()
    assert (found[1] == 0).all()


@pytest.mark.parametrize("side", [1, 5])
def test_one_distance_for_each_pixel(side: int) -> None:
    assert distance_to_known(np.ones((2, side, side + 1), bool)).shape == (2, side, side + 1)
