"""A drawn portrait as an old print with a tear and cracks, for whoever has no photograph at hand."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from dcgan_inpainting.common.images import Images
from dcgan_inpainting.download.drawn_faces.canvas import HEIGHT, WIDTH
from dcgan_inpainting.download.drawn_faces.draw import draw_face

_FACE, _SET = 17, 7  # which of the drawn faces
_LARGER = 4
_MARGIN = 56  # pixels of paper around the picture
_PAPER = (236, 230, 217)
_GRAIN = 3.0  # levels
# In pixels of the drawn face.
_TEAR = ((96, 127), (112, 121), (131, 133), (127, 148), (137, 163), (118, 171), (101, 161), (104, 146))
_CRACKS = (
    ((0, 66), (38, 84), (60, 92), (74, 106), (84, 111)),
    ((118, 171), (131, 192), (128, 205), (140, 218)),
)
_WIDE = 1.6  # a crack


def example() -> Images:
    """Return the picture, uint8, H×W×3; it is always the same."""
    size = (WIDTH * _LARGER, HEIGHT * _LARGER)
    face = Image.fromarray(draw_face(_FACE, _SET)).resize(size, Image.Resampling.BICUBIC)
    damage = Image.new("L", size)
    draw = ImageDraw.Draw(damage)
    draw.polygon([(x * _LARGER, y * _LARGER) for x, y in _TEAR], fill=255)
    for crack in _CRACKS:
        draw.line([(x * _LARGER, y * _LARGER) for x, y in crack], 255, round(_WIDE * _LARGER), "curve")
    face.paste(_PAPER, (0, 0), damage.filter(ImageFilter.GaussianBlur(1)))
    sheet = Image.new("RGB", (size[0] + 2 * _MARGIN, size[1] + 2 * _MARGIN), _PAPER)
    sheet.paste(face, (_MARGIN, _MARGIN))
    grain = np.random.default_rng(0).normal(0, _GRAIN, (sheet.height, sheet.width, 1))
    return np.rint(np.asarray(sheet) + grain).clip(0, 255).astype(np.uint8)
