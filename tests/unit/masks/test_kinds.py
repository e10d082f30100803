"""The masks: how much is missing, where, and what the random ones depend on."""

import hashlib
from collections.abc import Iterator
from string import ascii_letters
from typing import get_args

import numpy as np
import pytest
from PIL import ImageFont
from scipy.ndimage import binary_opening, label

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.images import Known
from dcgan_inpainting.crop.square import CropParams
from dcgan_inpainting.masks.kinds import KINDS, LARGEST_SIDE, kind_and_number, make_masks

NUMBERED = ("center_1", "center_19", "center_31", "random_1", "random_70", "random_99")
ALL = (*KINDS, *NUMBERED)
FEW = {"corner": 2, **{kind: 1 for kind in ALL if kind.startswith("center")}}  # different masks

DIGESTS = {  # by which results are compared over versions of the code
    "center": "766f1c19980e374c2cc7b61f8775e759",
    "pattern": "e857432581e666b82583097c44bdc034",
    "random": "e55b03ae3cf8f08691cf72663e5e0ebc",
    "half": "95f0001a229b1563160f61784579f899",
    "strokes_thin": "7ec2d50874df556d546ec44b21c423bc",
    "strokes_medium": "4cf242acc24be0663f998cc8cda80da4",
    "strokes_thick": "1e304c6dca39bb8810e6732cadd884c2",
    "text": "a0b6015f598155e1f7da1e756c665e47",
    "scratches": "3cfc12fe6c07ee5d92abf07c24a4767b",
    "corner": "9b89da7f54e3af8fe53bda3ea685d7dd",
    "center_19": "8e20f7d4e25fcb93626dbef14d476bf5",
    "random_70": "39fbcb1abe5e084d41ff58577a8c280b",
}


def missing(known: Known) -> np.ndarray:
    return 1 - known.mean((1, 2))


@pytest.mark.parametrize("kind", DIGESTS)
def test_the_masks_are_those_of_ever(kind: str) -> None:
    """Of a test's seed and one that is as large as the encoder's."""
    digest = hashlib.md5(usedforsecurity=False)
    for size in (32, 64, 128):
        for seed in (1, 2**64 + 1):
            digest.update(make_masks(kind, 3, size, seed).tobytes())
    assert digest.hexdigest() == DIGESTS[kind]


@pytest.mark.parametrize("size", [32, 64, 128])
@pytest.mark.parametrize("kind", ALL)
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


@pytest.mark.parametrize("kind", ["random_1", "random_99"])
def test_a_mask_that_misses_nothing_or_all_is_drawn_anew(kind: str) -> None:
    """As half of them would at 8 pixels."""
    known = make_masks(kind, 50, 8, seed=3)
    assert (missing(known) > 0).all()
    assert (missing(known) < 1).all()


def test_center_19_is_glowip_s_hole() -> None:
    """Rows and columns 22…40 of 64, counted from 0."""
    (known,) = make_masks("center_19", 1, 64, seed=1)
    expected = np.ones((64, 64), bool)
    expected[22:41, 22:41] = False
    assert np.array_equal(known, expected)


@pytest.mark.parametrize("size", [32, 64, 128])
def test_a_square_of_any_side_is_as_central_as_it_can_be(size: int) -> None:
    for side in range(1, size):
        (known,) = make_masks(f"center_{side}", 1, size, seed=1)
        rows, columns = (np.nonzero(~known.all(axis))[0] for axis in (1, 0))
        assert rows.tolist() == columns.tolist() == [*range(rows[0], rows[0] + side)]
        assert (~known).sum() == side**2
        after = size - 1 - rows[-1]
        assert after - rows[0] == (size - side) % 2


@pytest.mark.parametrize("size", [32, 64, 128])
def test_center_and_the_square_of_half_the_side_are_the_same(size: int) -> None:
    named = make_masks(f"center_{size // 2}", 1, size, seed=1)
    assert np.array_equal(named, make_masks("center", 1, size, seed=1))


@pytest.mark.parametrize("size", [32, 64, 128])
def test_corner_is_a_square_of_a_third_in_an_upper_corner(size: int) -> None:
    known = make_masks("corner", 40, size, seed=1)
    side = {32: 11, 64: 21, 128: 43}[size]
    left, right = np.ones((2, size, size), bool)
    left[:side, :side] = False
    right[:side, size - side :] = False
    of_each = [sum(np.array_equal(mask, corner) for mask in known) for corner in (left, right)]
    assert sum(of_each) == 40
    assert min(of_each) >= 8  # twenty expected


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
@pytest.mark.parametrize("percent", [1, 5, 70, 80, 95, 99])
def test_random_misses_so_many_percent(percent: int, size: int) -> None:
    share = percent / 100
    error = np.sqrt(share * (1 - share) / (100 * size**2))  # 0.00002…0.0014
    mean = missing(make_masks(f"random_{percent}", 100, size, seed=1)).mean()
    assert mean == pytest.approx(share, abs=5 * error)


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


@pytest.mark.parametrize("size", [32, 64, 128])
def test_text_is_lines_all_over_the_image(size: int) -> None:
    known = make_masks("text", 60, size, seed=1)
    assert missing(known).min() > 0.07
    assert missing(known).max() < 0.45
    by_pixel = 1 - known.mean(0)
    assert by_pixel.min() > 0.02  # 0.21 ± 0.05 expected
    assert by_pixel.max() < 0.6
    # Lines: rows differ in what they miss much more than columns do.
    rows, columns = ((1 - known.mean(axis)).std(1).mean() for axis in (2, 1))
    assert rows > 1.5 * columns


def test_text_is_letters_of_the_font_of_pillow() -> None:
    """At 256 pixels a mask is a page of the font's own pixels, each of them 3…6 wide."""
    font = ImageFont.load_default_imagefont()
    masks = (np.array(font.getmask(letter), bool).reshape(11, 6) for letter in ascii_letters)
    letters = {mask[:, :5].tobytes() for mask in masks}
    for hole in ~make_masks("text", 10, 256, seed=1):
        longest = max(
            sum(cell.tobytes() in letters for cell in cells)
            for width in (3, 4, 5, 6)
            for cells in lines(hole[::width, ::width])
        )
        assert longest >= 4


def lines(page: np.ndarray) -> Iterator[list[np.ndarray]]:
    """Yield what may be lines of a page: cells of 11×6 pixels, less the last column of each.

    The next letter may begin in that.
    """
    for top in range(len(page) - 10):
        for start in range(6):
            columns = range(start, page.shape[1] - 5, 6)
            yield [page[top : top + 11, column : column + 5] for column in columns]


@pytest.mark.parametrize("size", [32, 64, 128])
def test_scratches_are_thin(size: int) -> None:
    """At most two pixels at 64: no square of three rows fits into one, but where two cross."""
    known = make_masks("scratches", 60, size, seed=1)
    assert missing(known).min() > 0.01
    assert missing(known).max() < 0.2
    width = max(1, size // 32)
    opened = [binary_opening(~mask, np.ones((width + 1, width + 1), bool)) for mask in known]
    assert np.mean(opened) < 0.2 * missing(known).mean()


def test_scratches_are_long_and_specks_are_many() -> None:
    known = make_masks("scratches", 60, 64, seed=1)
    for mask in known:
        parts, count = label(~mask, np.ones((3, 3)))
        heights = [np.ptp(np.nonzero(parts == part), axis=1).max() for part in range(1, count + 1)]
        assert max(heights) >= 12
        assert sum(extent <= 2 for extent in heights) >= 1


@pytest.mark.parametrize("kind", ["text", "scratches"])
def test_drawn_kinds_scale_with_the_image(kind: str) -> None:
    """Of two that have nothing to do with each other, 67 and 86 % of the pixels would be alike."""
    small, large = make_masks(kind, 30, 64, seed=1), make_masks(kind, 30, 128, seed=1)
    coarse = large.reshape(30, 64, 2, 64, 2).mean((2, 4)) >= 0.5
    assert (coarse == small).mean() > 0.94


@pytest.mark.parametrize("kind", ALL)
def test_a_mask_depends_on_seed_and_index_only(kind: str) -> None:
    few, many = make_masks(kind, 4, 32, seed=7), make_masks(kind, 9, 32, seed=7)
    assert np.array_equal(few, many[:4])
    different = len({mask.tobytes() for mask in many})
    assert different == FEW[kind] if kind in FEW else different > 2
    if FEW.get(kind) != 1:
        assert not np.array_equal(many, make_masks(kind, 9, 32, seed=8))


def test_each_kind_draws_from_a_stream_of_its_own() -> None:
    """With one stream for all, the strokes of two kinds would begin at the same points.

    A shared stream makes the two miss 1.6 times as many pixels together as independent masks do,
    for which that share is, at each pixel, the product of the two kinds' shares.
    """
    medium, thick = (~make_masks(k, 400, 32, seed=1) for k in ("strokes_medium", "strokes_thick"))
    independent = (medium.mean(0) * thick.mean(0)).mean()
    assert (medium & thick).mean() == pytest.approx(independent, rel=0.12)


def test_a_kind_of_two_numbers_draws_from_two_streams() -> None:
    """With one for both, whatever the smaller share misses the larger would miss as well."""
    less, more = (~make_masks(f"random_{percent}", 100, 32, seed=1) for percent in (40, 60))
    assert (less & more).mean() == pytest.approx(0.24, abs=0.008)  # 6 standard errors
    plain = ~make_masks("random", 100, 32, seed=1)
    numbered = ~make_masks("random_80", 100, 32, seed=1)
    assert (plain & numbered).mean() == pytest.approx(0.64, abs=0.01)


def test_no_number_is_taken_for_an_index_or_a_seed() -> None:
    """Of the first masks of three seeds, all numbers, and none: no two are drawn from one stream.

    With as many known in each, masks of one stream would agree in nearly all pixels, others in
    half of them.
    """
    names = ["random_49", "random_50", "random_51"]
    masks = np.concatenate(
        [make_masks(name, 60, 32, seed) for name in names for seed in (0, 1, 2**64, 2**64 + 1)]
    )
    flat = masks.reshape(len(masks), -1).astype(np.float32)
    agreeing = flat @ flat.T + (1 - flat) @ (1 - flat).T
    np.fill_diagonal(agreeing, 0)
    assert agreeing.max() < 0.65 * 32 * 32


def test_the_largest_side_is_that_of_the_stage_crop() -> None:
    assert max(get_args(CropParams.model_fields["image_size"].annotation)) == LARGEST_SIDE


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("center", ("center", None)),
        ("strokes_thin", ("strokes_thin", None)),
        ("center_1", ("center", 1)),
        ("center_63", ("center", 63)),
        ("random_99", ("random", 99)),
    ],
)
def test_a_name_is_a_kind_and_maybe_a_number(name: str, expected: tuple[str, int | None]) -> None:
    assert kind_and_number(name, 64) == expected


@pytest.mark.parametrize(
    "name",
    [
        *("", "_", "_5", "centre", "center_", "center_0", "center_64", "center_019", "center_+9"),
        *("center_1.5", "center_-1", "center_١", "center_19_19", "center 19", "random_0", "file"),
        *("random_100", "pattern_3", "half_1", "strokes_thin_3", "strokes", "text_5"),
    ],
)
def test_other_names_are_refused_with_those_that_there_are(name: str) -> None:
    allowed = f"{', '.join(KINDS)}, center_1…center_63, random_1…random_99"
    with pytest.raises(ValueError, match=f"^should be one of {allowed}$"):
        kind_and_number(name, 64)
    with pytest.raises(
        UserError, match=f"the kind of mask '.*' at 64 px should be one of {allowed}"
    ):
        make_masks(name, 1, 64, seed=1)
