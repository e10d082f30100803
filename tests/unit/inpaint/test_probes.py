"""Hidden pixels: known ones, about as many as asked for, in the shape of the hole."""

import numpy as np
import pytest

from dcgan_inpainting.common.images import Known
from dcgan_inpainting.inpaint.probes import hide
from dcgan_inpainting.masks.kinds import KINDS, make_masks


def shifted(hole: Known, down: int, right: int) -> Known:
    """Return a hole moved by cutting it out of a wide frame of known pixels."""
    size = len(hole)
    frame = np.pad(hole, size)
    return frame[size - down : 2 * size - down, size - right : 2 * size - right]


@pytest.mark.parametrize("share", [0.001, 0.02, 0.1, 0.3, 0.5])
@pytest.mark.parametrize("kind", KINDS)
def test_some_known_pixels_are_hidden_and_some_are_left(kind: str, share: float) -> None:
    known = make_masks(kind, 10, 32, seed=1)
    hidden = hide(known, share, seed=2)
    assert hidden.dtype == bool
    assert hidden.shape == known.shape
    assert not (hidden & ~known).any()
    assert hidden.any((1, 2)).all()
    assert (known & ~hidden).any((1, 2)).all()


@pytest.mark.parametrize("share", [0.02, 0.05, 0.1])
@pytest.mark.parametrize("kind", KINDS)
def test_about_as_many_are_hidden_as_asked_for(kind: str, share: float) -> None:
    """A hole can't be cut at will: of one image up to twice as many.

    Measured on 40 masks of 32 and of 64 pixels: 0.35 to 2 times the share of one image, and 0.8 to
    1.7 times that of a kind's mean, which is 1.8 for `random` at 64.
    """
    known = make_masks(kind, 10, 32, seed=1)
    shares = hide(known, share, seed=2).sum((1, 2)) / known.sum((1, 2))
    assert share / 3 <= shares.min()
    assert shares.max() <= 2.01 * share  # 3.6 pixels are rounded to 4
    assert 0.75 * share < shares.mean() < 1.8 * share


def test_what_is_hidden_has_the_shape_of_the_hole() -> None:
    """A square in the middle hides a piece of a square moved by some eighths of the side."""
    known = make_masks("center", 1, 64, seed=1)
    (hidden,) = hide(known, 0.1, seed=2)
    moves = [(down, right) for down in range(-32, 33, 8) for right in range(-32, 33, 8)]
    pieces = [shifted(~known[0], *move) & known[0] for move in moves]
    assert any(np.array_equal(hidden, piece) for piece in pieces)
    # None of the other pieces is nearer to what was asked for.
    wanted = 0.1 * known.sum()
    nearest = min(abs(piece.sum() - wanted) for piece in pieces)
    assert abs(hidden.sum() - wanted) == nearest


@pytest.mark.parametrize("kind", KINDS)
def test_hidden_pixels_lie_where_the_moved_hole_does(kind: str) -> None:
    """Also where only some of those that it covers are drawn."""
    known = make_masks(kind, 5, 32, seed=1)
    moves = [(down, right) for down in range(-16, 17, 4) for right in range(-16, 17, 4)]
    for mask, hidden in zip(known, hide(known, 0.03, seed=2), strict=True):
        assert any(not (hidden & ~shifted(~mask, *move)).any() for move in moves if any(move))


def test_of_scattered_holes_some_covered_pixels_are_drawn() -> None:
    """With 80 % missing every move covers far more than a fiftieth, so exactly that is drawn."""
    known = make_masks("random", 4, 64, seed=1)
    hidden = hide(known, 0.02, seed=2)
    assert hidden.sum((1, 2)).tolist() == [round(0.02 * mask.sum()) for mask in known]
    assert not np.array_equal(hidden, hide(known, 0.02, seed=3))


def test_halves_hide_something_however_small_the_share() -> None:
    """Most places of a half cover nothing or a whole stripe."""
    known = make_masks("half", 4, 64, seed=1)
    for share in (0.005, 0.02, 0.05):
        hidden = hide(known, share, seed=2)
        np.testing.assert_allclose(hidden.sum((1, 2)), share * 64 * 32, atol=1)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_hidden_depends_on_mask_and_seed_alone(kind: str) -> None:
    known = make_masks(kind, 6, 32, seed=1)
    together = hide(known, 0.03, seed=2)
    assert np.array_equal(hide(known, 0.03, seed=2), together)
    for index in (4, 0):
        alone = hide(known[index : index + 1], 0.03, seed=2)
        assert np.array_equal(alone[0], together[index])
    assert np.array_equal(hide(known[::-1], 0.03, seed=2), together[::-1])


@pytest.mark.parametrize(("pixels", "expected"), [(0, 0), (1, 0), (2, 1)])
def test_masks_of_which_next_to_nothing_is_known(pixels: int, expected: int) -> None:
    known = np.zeros((1, 32, 32), bool)
    known[0, 5, 5 : 5 + pixels] = True
    assert hide(known, 0.5, seed=2).sum() == expected
