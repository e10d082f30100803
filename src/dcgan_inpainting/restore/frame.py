"""The square that the networks know, as it lies in a photograph: which pixel belongs to which.

The networks know faces of one kind of crop: upright, the eyes and the mouth in the same places. In
a photograph that square is shifted, scaled and turned (a similarity). A place is a complex number
x + iy, counted from the centre of the first pixel, so that a similarity is one product and one sum.
"""

import cmath
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

Floats = NDArray[np.float64]

# Where the middles of both eyes and of the mouth lie in the 64×64 faces that CelebA's central 108
# pixels make, and those that the project draws alike. CelebA's authors turned and scaled their
# photographs until these three lay at (69.745, 111), (107.237, 111) and (88.432, 152.514) of
# 178×218 pixels; the crop begins at (35, 55).
SIDE = 64
EYES_AND_MOUTH = (20.4 + 33.0j, 42.6 + 33.0j, 31.5 + 57.6j)


@dataclass(frozen=True)
class Frame:
    """A square of side×side pixels in a photograph: photograph = turn · square + origin."""

    turn: complex  # its absolute value: photograph's pixels in one of the square's
    origin: complex  # where the centre of the square's first pixel lies
    side: int

    @classmethod
    def through(cls, points: Sequence[complex], side: int) -> "Frame":
        """Return the frame of a face by its eyes, the left one in the picture first, and its mouth.

        Args:
            points: two or three places in the photograph; of three, the frame is the nearest to
                all (least squares).
            side: of the square, in pixels.

        Raises:
            ValueError: the places are one and the same.
        """
        half = 0.5 + 0.5j  # from a pixel's corner to its centre
        canonical = (np.array(EYES_AND_MOUTH[: len(points)]) + half) * side / SIDE - half
        found = np.array(points)
        spread = canonical - canonical.mean()
        turn = complex(np.vdot(spread, found - found.mean()) / np.vdot(spread, spread).real)
        if abs(turn) < 1e-9:
            raise ValueError("the eyes lie in the same place")
        return cls(turn, complex(found.mean() - turn * canonical.mean()), side)

    @classmethod
    def about(cls, centre: complex, width: float, side: int, *, angle: float = 0) -> "Frame":
        """Return the frame with this centre and width in the photograph, turned by radians."""
        turn = cmath.rect(width / side, angle)
        return cls(turn, centre - turn * (side - 1) * (0.5 + 0.5j), side)

    @property
    def scale(self) -> float:
        """How many pixels of the photograph one pixel of the square is wide."""
        return abs(self.turn)

    @property
    def width(self) -> float:
        """The square's width in pixels of the photograph."""
        return self.scale * self.side

    @property
    def angle(self) -> float:
        """By how many degrees the face is turned clockwise in the photograph."""
        return math.degrees(cmath.phase(self.turn))

    @property
    def centre(self) -> complex:
        """The square's middle in the photograph."""
        return self.origin + self.turn * (self.side - 1) * (0.5 + 0.5j)

    def moved(self, shift: complex = 0, scale: float = 1, angle: float = 0) -> "Frame":
        """Return the frame shifted by its own pixels, and scaled and turned about its middle."""
        turn = self.turn * cmath.rect(scale, angle)
        return Frame.about(
            self.centre + self.turn * shift,
            abs(turn) * self.side,
            self.side,
            angle=cmath.phase(turn),
        )

    def inside(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return the square's columns and rows at places of the photograph."""
        found = (np.asarray(x) + 1j * np.asarray(y) - self.origin) / self.turn
        return found.real, found.imag

    def to_border(self, x: Floats, y: Floats) -> Floats:
        """Return how deep places lie in the square, in its pixels; below 0 outside of it."""
        column, row = self.inside(x, y)
        depths = (column + 0.5, row + 0.5, self.side - 0.5 - column, self.side - 0.5 - row)
        return np.minimum.reduce(np.broadcast_arrays(*depths))


def reduce(
    pixels: NDArray[np.generic], known: NDArray[np.bool_], frame: Frame
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return what a photograph has in a frame, at the square's few pixels.

    As the networks' training images were, it is made smaller by a triangle of two pixels as the
    weight of what comes together in one. What stands in the hole has no weight.

    Args:
        pixels: H×W×C.
        known: H×W, False in the hole.
        frame: it may reach beyond the photograph.

    Returns:
        The square, S×S×C, and what of it is known, S×S: a pixel that the hole covers in part is
        not, nor is one that lies beyond the photograph's border in part.
    """
    side = frame.side
    # So many samples across a pixel that none of the photograph's is passed over.
    fine = max(1, math.ceil(frame.scale - 1e-9))
    along = (np.arange((side + 1) * fine) + 0.5) / fine - 1
    if fine == 1:
        along = np.arange(side, dtype=float)
    place = frame.origin + frame.turn * (along[None, :] + 1j * along[:, None])
    known_here = _sampled(known.astype(np.float32), place) > 1 - 1e-6
    triangle = np.maximum(0, 1 - np.abs(along[None, :] - np.arange(side)[:, None]))
    weights = triangle @ known_here @ triangle.T
    sums = [
        triangle @ np.where(known_here, _sampled(pixels[..., channel], place), 0) @ triangle.T
        for channel in range(pixels.shape[2])
    ]
    cell = (np.abs(along[None, :] - np.arange(side)[:, None]) <= 0.5).astype(float)
    missing = cell @ ~known_here @ cell.T > 0
    whole = ~missing & (weights > 0)
    square = np.stack(sums, 2) / np.maximum(weights, 1e-12)[..., None]
    return np.where(whole[..., None], square, 0), whole


def _sampled(plane: NDArray[np.generic], place: NDArray[np.complex128]) -> Floats:
    """Return a plane's values between its pixels, and 0 beyond its border."""
    # Only the part that the places reach: the rest of a large photograph is no work.
    rows = _reach(place.imag, plane.shape[0])
    columns = _reach(place.real, plane.shape[1])
    part = np.asarray(plane[rows, columns], np.float32)
    if not part.size:
        return np.zeros(place.shape)
    at = (place.imag - rows.start, place.real - columns.start)
    # A place off by rounding alone is no place beyond the border.
    at = tuple(np.round(axis, 6) for axis in at)
    return map_coordinates(part, at, order=1, mode="constant", cval=0).astype(float)


def _reach(values: Floats, length: int) -> slice:
    first, last = math.floor(values.min() - 1), math.ceil(values.max() + 2)
    return slice(min(max(first, 0), length), min(max(last, 0), length))


def stretch(square: Floats, frame: Frame, x: Floats, y: Floats) -> Floats:
    """Return a square (S×S×C) at places of the photograph, N×C, by cubic splines.

    Beyond its border the square goes on as its outermost pixels are.
    """
    column, row = frame.inside(x, y)
    planes = [
        map_coordinates(square[..., channel], (row, column), order=3, mode="nearest")
        for channel in range(square.shape[2])
    ]
    return np.stack(planes, -1)
