"""A whole photograph, by networks that know the truth or nothing."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.images import Images, Known
from dcgan_inpainting.restore import photo
from dcgan_inpainting.restore.frame import Frame, stretch
from dcgan_inpainting.restore.model import Model
from dcgan_inpainting.restore.photo import Place, restore_photo
from dcgan_inpainting.restore.photograph import Photograph
from tests.tiny_model import SETTINGS, write_models

SQUARE = 64
SHAPE = (260, 320)
FACES = [Frame.about(70 + 115j, 80, SQUARE), Frame.about(230 + 110j, 100, SQUARE)]


@dataclass
class Oracle:
    """Stands for a Model: it returns the same image whatever it is shown, and keeps that."""

    answer: Images  # S×S×3
    side: int = SQUARE
    encoder: None = None
    seen: Images | None = None
    known: Known | None = None

    def fill(
        self, images: Images, known: Known, *, candidates: int = 1, **_asked: object
    ) -> Images:
        self.seen, self.known = images, known
        filled = np.where(known[..., None], images, self.answer)
        return np.stack([filled] * candidates, 1)


def smooth_square(low: int = 60, high: int = 190) -> Images:
    rows, columns = np.mgrid[:SQUARE, :SQUARE] / SQUARE
    waves = [np.sin(4 * rows + 3 * columns + phase) for phase in (0, 1, 2)]
    return np.rint(low + (high - low) * (np.stack(waves, 2) + 1) / 2).astype(np.uint8)


FRAME = Frame.about(160 + 130j, 200, SQUARE, angle=0.1)
AT = (FRAME.origin + FRAME.turn * (20.4 + 33j), FRAME.origin + FRAME.turn * (42.6 + 33j))


def truth(square: Images, dtype: type = np.uint8) -> Photograph:
    """A photograph whose face is this square, stretched."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    levels = stretch(square.astype(float), FRAME, columns, rows) * (np.iinfo(dtype).max / 255)
    return Photograph(np.rint(levels).clip(0, np.iinfo(dtype).max).astype(dtype))


def middle() -> np.ndarray:
    hole = np.zeros(SHAPE, bool)
    hole[100:160, 130:200] = True
    return hole


def damaged(photograph: Photograph) -> Photograph:
    return replace(photograph, pixels=np.where(middle()[..., None], 0, photograph.pixels))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_networks_that_know_the_truth_bring_the_photograph_back(dtype: type) -> None:
    square = smooth_square()
    before = truth(square, dtype)
    found = restore_photo(damaged(before), middle(), Oracle(square), place=Place(eyes=AT))
    (after,) = found.photographs
    level = np.iinfo(dtype).max // 255
    assert np.abs(after.pixels.astype(int) - before.pixels).max() <= level
    assert np.array_equal(after.pixels[~middle()], before.pixels[~middle()])
    assert found.outside == 0
    assert found.frames[0].centre == pytest.approx(FRAME.centre)


def test_the_networks_see_srgb_whatever_the_photograph_s_colours_are() -> None:
    """Levels of a wide gamut are other numbers for the same colours, which come back as such."""
    square = smooth_square()
    wide = wide_gamut()
    from dcgan_inpainting.restore.colours import Colours

    colours = Colours(wide, 3, 255)
    own = colours.from_srgb(square)
    assert np.abs(own - square).mean() > 4  # so that the test can tell
    before = replace(truth(np.rint(own).astype(np.uint8)), profile=wide)
    oracle = Oracle(square)
    found = restore_photo(damaged(before), middle(), oracle, place=Place(eyes=AT))
    assert oracle.seen is not None
    assert oracle.known is not None
    seen = oracle.seen[oracle.known].astype(int)
    assert np.abs(seen - np.stack([square])[oracle.known]).mean() < 1.5
    assert np.abs(found.photographs[0].pixels.astype(int) - before.pixels).max() <= 3


def wide_gamut() -> bytes:
    """An ICC profile made of sRGB's with red and green that are further out."""
    from PIL import ImageCms

    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(data[128:132], "big")
    for entry in range(132, 132 + 12 * count, 12):
        name = bytes(data[entry : entry + 4])
        place = int.from_bytes(data[entry + 4 : entry + 8], "big")
        if name == b"rXYZ":  # the red primary, in 1/65536: more of X, less of the rest
            data[place + 8 : place + 20] = b"".join(
                int(65536 * part).to_bytes(4, "big") for part in (0.61, 0.311, 0.0195)
            )
        if name == b"gXYZ":
            data[place + 8 : place + 20] = b"".join(
                int(65536 * part).to_bytes(4, "big") for part in (0.205, 0.626, 0.061)
            )
        if name == b"desc":
            data[place + 12 : place + 200] = data[place + 12 : place + 200].replace(b"s", b"x")
            data[entry : entry + 4] = b"dscm"
    return bytes(data)


def test_a_grey_photograph_gets_a_grey_face() -> None:
    grey = np.repeat(smooth_square()[..., :1], 3, 2)
    before = truth(grey)
    before = replace(before, pixels=before.pixels[..., :1])
    found = restore_photo(damaged(before), middle(), Oracle(grey), place=Place(eyes=AT))
    assert found.photographs[0].pixels.shape == (*SHAPE, 1)
    assert np.abs(found.photographs[0].pixels.astype(int) - before.pixels).max() <= 1


def test_what_was_transparent_is_restored_and_opaque() -> None:
    square = smooth_square()
    before = truth(square)
    alpha = np.full(SHAPE, 200, np.uint8)
    alpha[middle()] = 0
    given = replace(damaged(before), alpha=alpha)
    (after,) = restore_photo(given, "alpha", Oracle(square), place=Place(eyes=AT)).photographs
    assert after.alpha is not None
    assert (after.alpha[middle()] == 255).all()
    assert (after.alpha[~middle()] == 200).all()
    (masked,) = restore_photo(given, middle(), Oracle(square), place=Place(eyes=AT)).photographs
    assert np.array_equal(masked.alpha, after.alpha)


def test_a_soft_edge_of_what_was_transparent_is_opaque_too() -> None:
    square = smooth_square()
    before = truth(square)
    alpha = np.full(SHAPE, 255, np.uint8)
    alpha[95:165, 125:205] = 190  # where an eraser was light
    alpha[middle()] = 0
    alpha[:5] = 150  # a border of its own
    given = replace(damaged(before), alpha=alpha)
    (after,) = restore_photo(given, "alpha", Oracle(square), place=Place(eyes=AT)).photographs
    assert after.alpha is not None
    assert (after.alpha[:5] == 150).all()
    assert (after.alpha[5:] == 255).all()


def test_an_array_is_a_mask_like_any_other() -> None:
    oracle, given = Oracle(smooth_square()), damaged(truth(smooth_square()))
    here = Place(eyes=AT)
    (after,) = restore_photo(given, middle(), oracle, place=here).photographs
    (same,) = restore_photo(given, ~middle(), oracle, place=here, invert=True).photographs
    assert np.array_equal(after.pixels, same.pixels)
    with pytest.raises(UserError, match="the hole has the shape"):
        restore_photo(given, middle()[1:], oracle, place=here)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_is_none_is_refused(seed: int) -> None:
    with pytest.raises(UserError, match="the seed is"):
        restore_photo(truth(smooth_square()), middle(), Oracle(smooth_square()), seed=seed)


@pytest.mark.parametrize(
    "place", [Place(eyes=(138 + 103j, 30000 + 103j)), Place(box=(0, 0, 9000, 9000))]
)
def test_a_face_far_larger_than_the_photograph_is_a_slip(place: Place) -> None:
    given = truth(smooth_square())
    with pytest.raises(UserError, match=r"the face would be \d+ px wide"):
        restore_photo(given, middle(), Oracle(smooth_square()), place=place)


def test_a_face_found_far_turned_is_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    given, oracle = damaged(truth(smooth_square())), Oracle(smooth_square())
    monkeypatch.setattr(photo, "refined", lambda frame, *_others: frame)
    for angle, doubted in ((0.4, False), (0.7, True)):
        found = Frame.about(FRAME.centre, FRAME.width, SQUARE, angle=angle)
        monkeypatch.setattr(photo, "find_frames", lambda *_asked, found=found: [found])
        notes = restore_photo(given, middle(), oracle).notes
        assert ["turned by 40°" in note for note in notes] == [True] * doubted


def test_where_most_is_hole_and_no_face_is_found_the_mask_may_be_inverted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(photo, "find_frames", lambda *_asked: [])
    for hole, asked in ((middle(), False), (~middle(), True)):
        with pytest.raises(UserError, match="no face is found") as refused:
            restore_photo(truth(smooth_square()), hole, Oracle(smooth_square()))
        assert ("--invert" in str(refused.value)) == asked


def test_a_hole_beside_the_face_is_filled_smoothly_and_counted() -> None:
    square = smooth_square()
    hole = middle()
    hole[100:160, 290:310] = True
    found = restore_photo(truth(square), hole, Oracle(square), place=Place(eyes=AT))
    assert found.outside == pytest.approx(1200 / 5400)
    assert found.photographs[0].pixels[hole].std() < 60
    far = np.zeros(SHAPE, bool)
    far[:20, :20] = True
    with pytest.raises(UserError, match=r"beside the face.*--eyes"):
        restore_photo(truth(square), far, Oracle(square), place=Place(eyes=AT))


def test_a_hole_over_all_of_the_face_is_said() -> None:
    hole = np.zeros(SHAPE, bool)
    hole[10:-10, 10:-10] = True
    square = smooth_square()
    place = Place(eyes=tuple(160 + 130j + (point - 160 - 130j) / 2 for point in AT))
    found = restore_photo(truth(square), hole, Oracle(square), place=place)
    assert "nothing of the face is known" in found.notes[0]


def test_aligned_takes_the_middle_square() -> None:
    square = smooth_square()
    photograph = Photograph(np.asarray(Image.fromarray(square).resize((192, 192))))
    hole = np.zeros((192, 192), bool)
    hole[90:100, 90:100] = True
    found = restore_photo(photograph, hole, Oracle(square), place=Place(aligned=True))
    assert found.frames[0].width == pytest.approx(192)
    assert found.frames[0].centre == pytest.approx(95.5 + 95.5j)


@pytest.fixture
def two_faces(monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Two faces are found, and the hole that is returned touches both."""
    monkeypatch.setattr(photo, "find_frames", lambda image, hole, side: FACES)
    monkeypatch.setattr(photo, "refined", lambda frame, *_: frame)
    hole = np.zeros(SHAPE, bool)
    hole[110:120, 60:80] = hole[100:120, 220:240] = True
    return hole


@pytest.mark.parametrize(
    ("face", "middles"), [("all", [70, 230]), ("largest", [230]), (1, [70]), (2, [230])]
)
def test_which_of_two_faces_is_restored(
    two_faces: np.ndarray, face: photo.Which, middles: list[int]
) -> None:
    found = restore_photo(truth(smooth_square()), two_faces, Oracle(smooth_square()), face=face)
    assert [frame.centre.real for frame in found.frames] == pytest.approx(middles, abs=6)
    assert (found.outside > 0) == (len(middles) == 1)


def test_a_face_that_there_is_not_and_no_face_name_the_ways_out(
    two_faces: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="there is no face 3: 2 found"):
        restore_photo(truth(smooth_square()), two_faces, Oracle(smooth_square()), face=3)
    monkeypatch.setattr(photo, "find_frames", lambda image, hole, side: [])
    with pytest.raises(UserError, match=r"no face is found.*--eyes X1,Y1,X2,Y2.*--box"):
        restore_photo(truth(smooth_square()), two_faces, Oracle(smooth_square()))


def test_the_same_seed_gives_the_same_photograph(tmp_path: Path) -> None:
    models = write_models(tmp_path / "models")
    (models / "inpaint.json").write_text(json.dumps(SETTINGS))
    model = Model.load(models)
    noise = np.random.default_rng(0).normal(0, 5, (*SHAPE, 1))
    given = truth(smooth_square())
    given = replace(given, pixels=(given.pixels + noise).clip(0, 255).astype(np.uint8))

    def answers(seed: int) -> list[np.ndarray]:
        found = restore_photo(given, middle(), model, place=Place(eyes=AT), candidates=3, seed=seed)
        return [one.pixels for one in found.photographs]

    one, same, other = answers(1), answers(1), answers(2)
    assert len(one) == 3
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one[0], one[1])
    assert not np.array_equal(one[0], other[0])
