"""A small antialiased canvas for drawn faces: curves, pose, and filled outlines, hard or soft.

Every pixel has to come out the same on any machine with the locked libraries, because the data
set is not stored but drawn again, and its checksum is a DVC dependency. Three habits see to it:

* geometry uses only + - * / and square root, which IEEE 754 rounds exactly whatever SIMD width
  numpy picks; the few sines are taken once per face by `math` and rounded to 6 digits;
* vertices are rounded to the grid of the supersampled raster before they are drawn;
* everything after that (rasterising, reducing, blurring, pasting) is integer work in Pillow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

WIDTH, HEIGHT = 178, 218
SUPERSAMPLING = 4
CURVE_STEPS = 4

# Face coordinates are pixels of the CelebA frame; x is counted from the face's midline, y names a
# row as a landmark does, by its index. The centre of pixel i lies at i + 1/2, so that midway
# between columns 69 and 108, where CelebA has the eyes, is the middle of the frame.
MIDLINE, PIVOT_ROW, PIXEL_CENTRE = WIDTH / 2, 120.0, 0.5
EYE_X = 19.5

Points = NDArray[np.float64]
Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Colour between two colours in 0...255; share 0 gives the first, 1 the second."""
    return (
        _channel(first[0] + (second[0] - first[0]) * share),
        _channel(first[1] + (second[1] - first[1]) * share),
        _channel(first[2] + (second[2] - first[2]) * share),
    )


def _channel(value: float) -> int:
    return 0 if value <= 0 else 255 if value >= 255 else round(value)


def darken(colour: Colour, factor: float) -> Colour:
    """The colour times a factor of 0 or more, clipped to 0...255."""
    return mix((0, 0, 0), colour, factor)


def _catmull_rom_weights() -> Points:
    t = np.arange(CURVE_STEPS) / CURVE_STEPS
    weights = (
        t * (-1 + t * (2 - t)), 2 + t * t * (3 * t - 5), t * (1 + t * (4 - 3 * t)), t * t * (t - 1),
    )  # fmt: skip
    return 0.5 * np.stack(weights)[:, None, :, None]


_WEIGHTS = _catmull_rom_weights()


def _spline(vertices: list[tuple[float, float]]) -> Points:
    """Uniform Catmull-Rom curve from the second to the last but one vertex, that one left out."""
    points = np.array(vertices, dtype=np.float64)[:, None, :]
    curve: Points = _WEIGHTS[0] * points[:-3] + _WEIGHTS[1] * points[1:-2]
    curve += _WEIGHTS[2] * points[2:-1]
    curve += _WEIGHTS[3] * points[3:]
    return curve.reshape(-1, 2)


def closed_curve(*vertices: tuple[float, float]) -> Points:
    """Smooth closed curve through N vertices, (N * CURVE_STEPS, 2)."""
    return _spline([vertices[-1], *vertices, *vertices[:2]])


def open_curve(*vertices: tuple[float, float]) -> Points:
    """Smooth curve from the first to the last of N vertices, ((N - 1) * CURVE_STEPS + 1, 2)."""
    curve = _spline([vertices[0], *vertices, vertices[-1]])
    return np.concatenate([curve, [vertices[-1]]])


def symmetric_curve(*right_half: tuple[float, float]) -> Points:
    """Closed curve, mirror-symmetric about x = 0, from its right half, top to bottom.

    The first and the last vertex lie on the midline and are not doubled.
    """
    left_half = [(-x, y) for x, y in reversed(right_half[1:-1])]
    return closed_curve(*right_half, *left_half)


def ellipse(x: float, y: float, half_width: float, half_height: float) -> Points:
    """Closed curve close to an ellipse, (8 * CURVE_STEPS, 2)."""
    points: Points = _CIRCLE * (half_width, half_height) + (x, y)
    return points


_DIAGONAL = 0.7071
_CIRCLE = symmetric_curve((0, -1), (_DIAGONAL, -_DIAGONAL), (1, 0), (_DIAGONAL, _DIAGONAL), (0, 1))


def stroke(line: Points, start: float, middle: float, end: float) -> Points:
    """Outline of a brush stroke along an (N, 2) line; widths at its start, middle and end."""
    along = np.empty_like(line)
    along[1:-1] = line[2:] - line[:-2]
    along[0], along[-1] = line[1] - line[0], line[-1] - line[-2]
    length = np.sqrt(along[:, 0] * along[:, 0] + along[:, 1] * along[:, 1])
    t = np.arange(len(line)) * (2 / (len(line) - 1)) - 1
    width = middle + np.where(t < 0, middle - start, end - middle) * t
    across = along[:, ::-1] * (-1.0, 1.0)
    offset = across * (0.5 * width / length)[:, None]
    return np.concatenate([line + offset, (line - offset)[::-1]])


def mirrored(points: Points, side: int) -> Points:
    """The points as they are for side 1, with x negated for side -1; the last axis is x, y(, z)."""
    turned = points.copy()
    turned[:, 0] *= side
    return turned


def at_depth(points: Points, depth: float) -> Points:
    """(N, 2) points put into one plane, `depth` px in front of the eyes: (N, 3)."""
    placed = np.empty((len(points), 3))
    placed[:, :2], placed[:, 2] = points, depth
    return placed


def on_face(points: Points, lift: float = 0.0) -> Points:
    """(N, 2) points put on the rounded front of the face, raised by `lift` px: (N, 3).

    The surface falls back to both sides and has depth 0 at the pupils, which CelebA aligns.
    """
    placed = np.empty((len(points), 3))
    placed[:, :2] = points
    placed[:, 2] = lift + (EYE_X * EYE_X - points[:, 0] * points[:, 0]) / 70.0
    return placed


@dataclass(frozen=True)
class Pose:
    """How the head stands: angles in radians, shifts in px, scale about 1."""

    tilt: float
    yaw: float
    pitch: float
    shift_x: float
    shift_y: float
    scale: float

    @cached_property
    def _turn(self) -> tuple[float, float, float, float]:
        angles = (self.yaw, self.tilt)
        yaw_sine, tilt_sine = (round(math.sin(angle), 6) for angle in angles)
        yaw_cosine, tilt_cosine = (round(math.cos(angle), 6) for angle in angles)
        return yaw_sine, yaw_cosine, tilt_sine * self.scale, tilt_cosine * self.scale

    def place(self, points: Points) -> Points:
        """Face coordinates (N, 3) to pixels of the frame, (N, 2)."""
        yaw_sine, yaw_cosine, tilt_sine, tilt_cosine = self._turn
        depth = points[:, 2]
        x = points[:, 0] * yaw_cosine + depth * yaw_sine
        y = points[:, 1] - PIVOT_ROW + depth * self.pitch
        placed = np.empty((len(points), 2))
        placed[:, 0] = x * tilt_cosine - y * tilt_sine + (MIDLINE + self.shift_x)
        placed[:, 1] = x * tilt_sine + y * tilt_cosine + (PIVOT_ROW + PIXEL_CENTRE + self.shift_y)
        return placed


class Stencil(NamedTuple):
    """Coverage 0...255 of one filled outline, and the box of the frame that it lies in."""

    mask: Image.Image
    box: Box


class Canvas:
    """An RGB picture of 178 x 218 onto which outlines in face coordinates are filled."""

    def __init__(self, pose: Pose, background: Image.Image) -> None:
        self.pose = pose
        self.image = background
        self.figure = Image.new("L", (WIDTH, HEIGHT), 0)

    def stencil(
        self,
        outline: Points,
        *,
        opacity: float = 1.0,
        blur: float = 0.0,
        hole: Points | None = None,
        within: Stencil | None = None,
    ) -> Stencil:
        """Coverage of an (N, 3) outline, less an inner one, softened, and clipped to another."""
        placed = self.pose.place(outline)
        margin = 1 + round(2.5 * blur)
        columns, rows = placed[:, 0].tolist(), placed[:, 1].tolist()
        left, top = max(0, int(min(columns)) - margin), max(0, int(min(rows)) - margin)
        right = max(left + 1, min(WIDTH, int(max(columns)) + 1 + margin))
        bottom = max(top + 1, min(HEIGHT, int(max(rows)) + 1 + margin))
        # A blurred edge hides its stairs, so soft shapes are drawn at the frame's own size.
        factor = 1 if blur >= 2 else SUPERSAMPLING
        mask = Image.new("L", ((right - left) * factor, (bottom - top) * factor), 0)
        draw = ImageDraw.Draw(mask)
        draw.polygon(_vertices(placed, left, top, factor), fill=round(255 * opacity))
        if hole is not None:
            draw.polygon(_vertices(self.pose.place(hole), left, top, factor), fill=0)
        if factor > 1:
            mask = mask.reduce(factor)
        if blur:
            mask = mask.filter(ImageFilter.GaussianBlur(blur))
        box = (left, top, right, bottom)
        if within is not None:
            x, y = within.box[:2]
            clip = within.mask.crop((left - x, top - y, right - x, bottom - y))
            mask = ImageChops.multiply(mask, clip)
        return Stencil(mask, box)

    def fill(
        self,
        outline: Points,
        colour: Colour,
        *,
        opacity: float = 1.0,
        blur: float = 0.0,
        hole: Points | None = None,
        within: Stencil | None = None,
    ) -> Stencil:
        """Paint an (N, 3) outline in one colour, and return where it was painted."""
        stencil = self.stencil(outline, opacity=opacity, blur=blur, hole=hole, within=within)
        self.image.paste(colour, stencil.box, stencil.mask)
        return stencil

    def silhouette(self, outline: Points, colour: Colour) -> Stencil:
        """Paint an outline and count it as part of the figure that the light falls on."""
        stencil = self.fill(outline, colour)
        self.figure.paste(255, stencil.box, stencil.mask)
        return stencil

    def light(self, shade: Image.Image) -> None:
        """Multiply the figure, not the background, by an "L" image of the frame's size."""
        lit = ImageChops.multiply(self.image, Image.merge("RGB", (shade, shade, shade)))
        self.image.paste(lit, None, self.figure)


def _vertices(placed: Points, left: int, top: int, factor: int) -> list[float]:
    # The centre of supersampled pixel i lies at i + 1/2, hence the half less.
    corner = (left * factor + 0.5, top * factor + 0.5)
    grid: list[float] = np.rint(placed * factor - corner).ravel().tolist()
    return grid
