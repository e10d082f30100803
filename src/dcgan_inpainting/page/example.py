"""A drawn portrait as an old print, torn and cracked, for whoever has no photograph at hand."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from dcgan_inpainting.common.images import Images
from dcgan_inpainting.download.drawn_faces.canvas import HEIGHT, WIDTH
from dcgan_inpainting.download.drawn_faces.draw import draw_face

_FACE, _SET = 17, 7  # which of the drawn faces
_LARGER = 4
_MARGIN = 56  # pixels of paper around the picture
_PAPER = (236, 230, 217)
_GRAIN = 2.0  # levels
# In pixels of the drawn face.
_TEAR = (
    *((96, 127), (112, 119), (129, 131), (123, 143)),
    *((126, 153), (110, 157), (101, 149), (105, 139)),
)
_CRACKS = (
    ((9, 60), (38, 80), (58, 84), (74, 101), (82, 107)),
    ((129, 131), (145, 122), (156, 127), (168, 116)),
)
_WIDE = 1.6  # a crack


def example() -> Images:
    """Return the picture, uint8, H×W×3; it is always the same."""
    size = (WIDTH * _LARGER, HEIGHT * _LARGER)
    face = Image.fromarray(draw_face(_FACE, _SET)).resize(size, Image.Resampling.BICUBIC)
    damage = Image.new("L", size)
    draw = ImageDraw.Draw(damage)
    draw.polygon(_enlarged(_TEAR), fill=255)
    for crack in _CRACKS:
        draw.line(_enlarged(crack), 255, round(_WIDE * _LARGER), "curve")
    face.paste(_PAPER, (0, 0), damage.filter(ImageFilter.GaussianBlur(1)))
    sheet = Image.new("RGB", (size[0] + 2 * _MARGIN, size[1] + 2 * _MARGIN), _PAPER)
    sheet.paste(face, (_MARGIN, _MARGIN))
    grain = np.random.default_rng(0).normal(0, _GRAIN, (sheet.height, sheet.width, 1))
    return np.rint(np.asarray(sheet) + grain).clip(0, 255).astype(np.uint8)


def _enlarged(points: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(x * _LARGER, y * _LARGER) for x, y in points]
