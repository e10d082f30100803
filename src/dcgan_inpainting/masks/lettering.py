"""Holes in the shape of letters, as of a caption or a watermark that is to be removed."""

from string import ascii_letters

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dcgan_inpainting.common.images import Known

_CANVAS = 256  # pixels a side, which is then scaled, so that letters grow with the image
_WIDTH, _HEIGHT = 6, 11  # of each of the font's letters, in its pixels
_MAGNIFIED = (3, 6)  # canvas pixels to one of the font: a letter is 4.5…9 pixels wide at 64


def text(size: int, rng: np.random.Generator) -> Known:
    """Return a mask with lines of random letters all over the image: size×size, True = known.

    The font is the bitmap font that Pillow holds in its source. So the letters are the same on any
    machine, with FreeType or without, for as long as Pillow keeps that font.

    Args:
        size: side in pixels.
        rng: gives the size of the letters, the gap between lines, the words and where they begin.
    """
    magnified = int(rng.integers(*_MAGNIFIED, endpoint=True))
    side = -(-_CANVAS // magnified)
    page = Image.new("L", (side, side), 0)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default_imagefont()
    line = int(rng.integers(_HEIGHT, 2 * _HEIGHT, endpoint=True))
    for top in range(-int(rng.integers(_HEIGHT)), side, line):
        letters = side // _WIDTH + 3
        start = -float(rng.integers(_WIDTH))
        pen.text((start, top), _words(letters, rng), fill=255, font=font)
    large = page.resize((side * magnified,) * 2, Image.Resampling.NEAREST)
    coverage = large.crop((0, 0, _CANVAS, _CANVAS)).resize((size, size), Image.Resampling.BOX)
    return np.asarray(coverage) < 128


def _words(letters: int, rng: np.random.Generator) -> str:
    """Return so many random letters, about each sixth of them a blank."""
    drawn = rng.choice(list(ascii_letters), letters)
    return "".join(np.where(rng.random(letters) < 1 / 6, " ", drawn))
