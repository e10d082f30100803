"""The masks: how much is missing, where, and what the random ones depend on."""

import numpy as np
import pytest

from dcgan_inpainting.common.images import Known
from dcgan_inpainting.masks.kinds import KINDS, make_masks

FIXED = ("center",)  # kinds that draw nothing


def missing(known: Known) -> np.ndarray:
    return 1 - known.mean((1, 2))


@pytest.mark.parametrize("size", [32, 64, 128])
@pytest.mark.parametrize("kind", KINDS)
def test_every_mask_has_a_hole_and_something_known(kind: str, size: int) -> None:
    known = make_masks(kind, 30, size, seed=3)
    assert known.shape == (30, size, size)
    assert known.dtype == bool
    assert (missing(known) > 0).all()
    assert (missing(known) < 1).all()


@pytest.mark.parametrize("size", [32, 64, 128])
def test_center_is_a_square_of_a_quarter_in_the_middle(size: int) -> None:
    known = make_masks("center", 2, size, seed=1)
    quarter = size // 4
    expected = np.pad(np.zeros((size // 2, size // 2)), quarter, constant_values=1)
    assert np.array_equal(known, np.stack([expected, expected]))
    assert missing(known).tolist() == [0.25, 0.25]


@pytest.mark.parametrize("size", [32, 64, 128])
def test_half_is_each_of_the_four_halves(size: int) -> None:
    known = make_masks("half", 40, size, seed=1)
    middle = size // 2
    sides = {"left": 0, "right": 0, "upper": 0, "lower": 0}
    for mask in known:
        holes = {
            "left": not mask[:, :middle].any() and mask[:, middle:].all(),
            "right": not mask[:, middle:].any() and mask[:, :middle].all(),
            "upper": not mask[:middle].any() and mask[middle:].all(),
            "lower": not mask[middle:].any() and mask[:middle].all(),
        }
        assert sum(holes.values()) == 1
        for side, is_hole in holes.items():
            sides[side] += is_hole
    assert min(sides.values()) >= 3  # ten expected of each


def test_random_misses_each_pixel_with_probability_four_fifths() -> None:
    known = make_masks("random", 100, 64, seed=1)
    assert missing(known).mean() == pytest.approx(0.8, abs=0.004)  # 6 standard errors
    by_pixel = known.mean(0)  # 100 draws for each pixel: deviation 0.04 around 0.2
    assert by_pixel.std() == pytest.approx(0.04, abs=0.002)
    # Neighbours are independent of each other: both are known in 4 % of the pairs.
    assert (known[:, 1:] & known[:, :-1]).mean() == pytest.approx(0.04, abs=0.003)


@pytest.mark.parametrize("size", [32, 64, 128])
def test_pattern_misses_a_fifth_to_three_tenths_in_blobs(size: int) -> None:
    known = make_masks("pattern", 40, size, seed=1)
    assert missing(known).min() >= 0.2
    assert missing(known).max() <= 0.3
    # Blobs: pixels side by side are nearly always of one kind. In scattered noise of the same
    # share 38 % of them would differ (2·0.25·0.75).
    assert (known[:, 1:] != known[:, :-1]).mean() < 0.38 / 2


def test_pattern_spares_no_place() -> None:
    by_pixel = 1 - make_masks("pattern", 400, 32, seed=1).mean(0)
    assert by_pixel.min() > 0.08
    assert by_pixel.max() < 0.5


def test_strokes_grow_from_thin_to_thick() -> None:
    """LaMa's kinds: single strokes of the thin kind cover least; all lie in its published bins."""
    widths = ("thin", "medium", "thick")
    sizes = [make_masks(f"strokes_{width}", 200, 64, seed=1) for width in widths]

    def widest(known: Known) -> float:
        """The mean side of the largest square that fits into each hole."""
        return float(np.mean([largest_square(~mask) for mask in known]))

    thin, medium, thick = (widest(known) for known in sizes)
    assert thin < medium < thick
    assert missing(sizes[1]).mean() < missing(sizes[2]).mean()
    assert all(0.05 < missing(known).mean() < 0.6 for known in sizes)


def largest_square(hole: np.ndarray) -> int:
    """Return the side of the largest square of True, by the recurrence over its lower corner."""
    sides = np.zeros(hole.shape, int)
    for row, column in zip(*np.nonzero(hole), strict=True):
        above = sides[row - 1, column] if row else 0
        left = sides[row, column - 1] if column else 0
        corner = sides[row - 1, column - 1] if row and column else 0
        sides[row, column] = 1 + min(above, left, corner)
    return int(sides.max())


@pytest.mark.parametrize("kind", ["strokes_thin", "strokes_medium", "strokes_thick"])
def test_strokes_cover_the_same_share_at_any_size(kind: str) -> None:
    """Widths are scaled with the image: drawn at 256 pixels, each pixel is missing if half is."""
    small, large = make_masks(kind, 30, 32, seed=1), make_masks(kind, 30, 128, seed=1)
    coarse = large.reshape(30, 32, 4, 32, 4).mean((2, 4)) >= 0.5
    assert (coarse == small).mean() > 0.97


@pytest.mark.parametrize("kind", KINDS)
def test_a_mask_depends_on_seed_and_index_only(kind: str) -> None:
    few, many = make_masks(kind, 4, 32, seed=7), make_masks(kind, 9, 32, seed=7)
    assert np.array_equal(few, many[:4])
    if kind not in FIXED:
        assert not np.array_equal(many, make_masks(kind, 9, 32, seed=8))
        assert len({mask.tobytes() for mask in many}) > 2


def test_each_kind_draws_from_a_stream_of_its_own() -> None:
    """With one stream for all, the strokes of two kinds would begin at the same points.

    A shared stream makes the two miss 1.6 times as many pixels together as independent masks do,
    for which that share is, at each pixel, the product of the two kinds' shares.
    """
    medium, thick = (~make_masks(k, 400, 32, seed=1) for k in ("strokes_medium", "strokes_thick"))
    independent = (medium.mean(0) * thick.mean(0)).mean()
    assert (medium & thick).mean() == pytest.approx(independent, rel=0.12)
