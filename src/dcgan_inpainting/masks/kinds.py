"""The kinds of masks that are drawn: which pixels of an image are known, and which are its hole.

center, pattern, random and half follow Yeh et al., "Semantic Image Inpainting with Deep Generative
Models", CVPR 2017, section 4; the strokes follow Suvorov et al., "Resolution-robust Large Mask
Inpainting with Fourier Convolutions" (LaMa), WACV 2022, whose widths are given at 256 pixels.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image, ImageDraw

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.images import Known
from dcgan_inpainting.masks.lettering import text
from dcgan_inpainting.masks.scratches import scratches

Draw = Callable[[int, np.random.Generator], Known]  # of a side in pixels


def _square(side: int, size: int, _rng: np.random.Generator) -> Known:
    """A square of so many pixels a side in the middle, or half a pixel above and left of it.

    19 of 64 are rows and columns 22…40, counted from 0: the hole of GlowIP (Asim et al.,
    "Invertible generative models for inverse problems", ICML 2020).
    """
    known = np.ones((size, size), bool)
    edge = (size - side) // 2
    known[edge : edge + side, edge : edge + side] = False
    return known


def _center(size: int, rng: np.random.Generator) -> Known:
    """A square of half the side in the middle: a quarter is missing."""
    return _square(size // 2, size, rng)


def _pattern(size: int, rng: np.random.Generator) -> Known:
    """Blobs of coarse noise that cover a quarter, in the manner of Pathak et al. 2016."""
    # Cut out of a larger field: at a field's own border the interpolation has fewer cells.
    noise = Image.fromarray(rng.random((12, 12), dtype=np.float32))
    field = np.asarray(noise.resize((size * 3 // 2, size * 3 // 2), Image.Resampling.BICUBIC))
    edge = size // 4
    smooth = field[edge : edge + size, edge : edge + size]
    return smooth >= np.quantile(smooth, 0.25)


def _scattered(percent: int, size: int, rng: np.random.Generator) -> Known:
    """Each pixel is missing with a probability in percent."""
    return rng.random((size, size)) >= percent / 100


def _random(size: int, rng: np.random.Generator) -> Known:
    """Each pixel is missing with probability 0.8."""
    return _scattered(80, size, rng)


def _half(size: int, rng: np.random.Generator) -> Known:
    """The left, right, upper or lower half is missing."""
    known = np.ones((size, size), bool)
    known[:, : size // 2] = False
    return np.ascontiguousarray(np.rot90(known, int(rng.integers(4))))


def _corner(size: int, rng: np.random.Generator) -> Known:
    """A square of a third of the side is missing in the upper left or the upper right corner.

    That is background or hair, and seldom face, in the square that the stage crop cuts out of
    CelebA's aligned images.
    """
    known = np.ones((size, size), bool)
    side = round(size / 3)
    known[:side, :side] = False
    return known if rng.integers(2) else np.fliplr(known)


@dataclass(frozen=True)
class _Strokes:
    """LaMa's brush at 256 pixels: how many strokes, of how many bends, how long and how wide."""

    strokes: tuple[int, int]
    bends: tuple[int, int]
    length: int
    width: int  # added to 5: a stroke is 5…5+width pixels wide

    def __call__(self, size: int, rng: np.random.Generator) -> Known:
        canvas = 256
        hole = Image.new("L", (canvas, canvas), 0)
        for _ in range(rng.integers(*self.strokes, endpoint=True)):
            self._stroke(ImageDraw.Draw(hole), canvas, rng)
        return np.asarray(hole.resize((size, size), Image.Resampling.BOX)) < 128

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
    "text": text,
    "scratches": scratches,
    "corner": _corner,
}


@dataclass(frozen=True)
class _Numbered:
    """A kind with a number in its name: what draws it, and how large the number may be."""

    draw: Callable[[int, int, np.random.Generator], Known]  # of the number, else as Draw
    largest: Callable[[int], int]  # of a side in pixels; the least is 1


# Kinds that may have a number in their names, behind an underscore: center_19, random_70.
NUMBERED: Mapping[str, _Numbered] = {
    "center": _Numbered(_square, lambda size: size - 1),
    "random": _Numbered(_scattered, lambda _size: 99),
}
LARGEST_SIDE = 128  # of an image, in pixels


def kind_and_number(name: str, size: int = LARGEST_SIDE) -> tuple[str, int | None]:
    """Return which of KINDS a name means, and the number in it; None = it has none.

    Args:
        name: one of KINDS, or one of NUMBERED with an underscore and a number.
        size: side of the images in pixels.

    Raises:
        ValueError: there is no such kind; the message says which there are at that size.
    """
    if name in KINDS:
        return name, None
    kind, _, number = name.rpartition("_")
    largest = NUMBERED[kind].largest(size) if kind in NUMBERED else 0
    if number not in map(str, range(1, largest + 1)):
        with_number = [f"{kind}_1…{kind}_{of.largest(size)}" for kind, of in NUMBERED.items()]
        raise ValueError(f"should be one of {', '.join([*KINDS, *with_number])}")
    return kind, int(number)


def make_masks(kind: str, count: int, size: int, seed: int) -> Known:
    """Return one mask for each image: boolean, count×size×size, True = known.

    Each mask depends on (seed, kind, its number, its index) only, so that more images or more kinds
    change no mask that was there before. There is a hole in each, and something known.

    Args:
        kind: as kind_and_number takes it.
        count: how many.
        size: side in pixels.
        seed: any non-negative number.

    Raises:
        UserError: there is no such kind at that size.
    """
    try:
        family, number = kind_and_number(kind, size)
    except ValueError as error:
        raise UserError(f"the kind of mask '{kind}' at {size} px {error}") from None
    place = list(KINDS).index(family)
    numbers = [] if number is None else [number]
    draw = KINDS[family] if number is None else partial(NUMBERED[family].draw, number)
    # To NumPy a seed is words of 32 bits, filled up with zeros to four: behind the index a number,
    # which is never 0, gives no mask the stream of another kind's.
    rngs = (np.random.default_rng([seed, place, index, *numbers]) for index in range(count))
    return np.stack([_mask(draw, size, rng) for rng in rngs])


def _mask(draw: Draw, size: int, rng: np.random.Generator) -> Known:
    while True:
        known = draw(size, rng)
        if known.any() and not known.all():
            return known
