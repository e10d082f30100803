"""The kinds of masks that are drawn: which pixels of an image are known, and which are its hole.

center, pattern, random and half follow Yeh et al., "Semantic Image Inpainting with Deep Generative
Models", CVPR 2017, section 4; the strokes follow Suvorov et al., "Resolution-robust Large Mask
Inpainting with Fourier Convolutions" (LaMa), WACV 2022, whose widths are given at 256 pixels.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from dcgan_inpainting.common.images import Known

Draw = Callable[[int, np.random.Generator], Known]  # of a side in pixels


def _center(size: int, _rng: np.random.Generator) -> Known:
    """A square of half the side in the middle: a quarter is missing."""
    known = np.ones((size, size), bool)
    edge = size // 4
    known[edge : size - edge, edge : size - edge] = False
    return known


def _pattern(size: int, rng: np.random.Generator) -> Known:
    """Blobs of coarse noise that cover a quarter, in the manner of Pathak et al. 2016."""
    # Cut out of a larger field: at a field's own border the interpolation has fewer cells.
    noise = Image.fromarray(rng.random((12, 12), dtype=np.float32))
    field = np.asarray(noise.resize((size * 3 // 2, size * 3 // 2), Image.Resampling.BICUBIC))
    edge = size // 4
    smooth = field[edge : edge + size, edge : edge + size]
    return smooth >= np.quantile(smooth, 0.25)


def _random(size: int, rng: np.random.Generator) -> Known:
    """Each pixel is missing with probability 0.8."""
    return rng.random((size, size)) >= 0.8


def _half(size: int, rng: np.random.Generator) -> Known:
    """The left, right, upper or lower half is missing."""
    known = np.ones((size, size), bool)
    known[:, : size // 2] = False
    return np.ascontiguousarray(np.rot90(known, int(rng.integers(4))))


@dataclass(frozen=True)
class _Strokes:
    """LaMa's brush at 256 pixels: how many strokes, of how many bends, how long and how wide."""

    strokes: tuple[int, int]
    bends: tuple[int, int]
    length: int
    width: int  # added to 5: a stroke is 5…5+width pixels wide

    def __call__(self, size: int, rng: np.random.Generator) -> Known:
        canvas = 256
        while True:
            hole = Image.new("L", (canvas, canvas), 0)
            for _ in range(rng.integers(*self.strokes, endpoint=True)):
                self._stroke(ImageDraw.Draw(hole), canvas, rng)
            coverage = np.asarray(hole.resize((size, size), Image.Resampling.BOX))
            known = coverage < 128
            if known.any() and not known.all():
                return known

    def _stroke(self, draw: ImageDraw.ImageDraw, canvas: int, rng: np.random.Generator) -> None:
        x, y = rng.integers(0, canvas, 2)
        for bend in range(rng.integers(*self.bends, endpoint=True)):
            # The brush wavers: each second segment turns back by about half a turn.
            angle = rng.uniform(0, 4.0)
            turned = 2 * np.pi - angle if bend % 2 == 0 else angle
            length = 10 + rng.integers(self.length)
            width = 5 + rng.integers(self.width)
            end_x = np.clip(round(x + length * np.sin(turned)), 0, canvas)
            end_y = np.clip(round(y + length * np.cos(turned)), 0, canvas)
            draw.line((x, y, end_x, end_y), fill=255, width=int(width))
            for joint in ((x, y), (end_x, end_y)):
                draw.circle((float(joint[0]), float(joint[1])), float(width) / 2, fill=255)
            x, y = end_x, end_y


# All of them, in the order of tables and plots: a new one is a function and a line at the end. The
# place in this order is part of a mask's seed.
KINDS: Mapping[str, Draw] = {
    "center": _center,
    "pattern": _pattern,
    "random": _random,
    "half": _half,
    "strokes_thin": _Strokes((4, 50), (1, 4), 50, 10),
    "strokes_medium": _Strokes((4, 5), (1, 5), 100, 50),
    "strokes_thick": _Strokes((1, 5), (1, 5), 200, 100),
}


def make_masks(kind: str, count: int, size: int, seed: int) -> Known:
    """Return one mask for each image: boolean, count×size×size, True = known.

    Each mask depends on (seed, kind, its index) only, so that more images or more kinds change no
    mask that was there before.

    Args:
        kind: one of KINDS.
        count: how many.
        size: side in pixels.
        seed: any non-negative number.
    """
    number = list(KINDS).index(kind)
    draw = KINDS[kind]
    masks = [draw(size, np.random.default_rng([seed, number, index])) for index in range(count)]
    return np.stack(masks)
