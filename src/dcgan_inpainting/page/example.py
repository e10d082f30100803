"""A photograph as a torn and cracked print, for whoever has none at hand.

It is NASA's portrait of Eileen Collins, in the public domain, which scikit-image brings along.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from skimage.data import astronaut

from dcgan_inpainting.common.images import Images

_LEFT, _TOP, _RIGHT, _BOTTOM = 64, 0, 384, 330  # of 512×512 pixels
_PAPER = (236, 230, 217)
# Where nothing of the print is left, in its own pixels.
_TEAR = ((128, 115), (143, 110), (156, 121), (161, 139), (149, 157), (132, 150), (123, 134))
CRACKS = (
    ((0, 22), (46, 44), (84, 66), (106, 78), (130, 92), (142, 112)),
    ((157, 126), (176, 118), (198, 128), (222, 122), (262, 137), (319, 126)),
)
_WIDE = 3  # a crack, in pixels


def example() -> Images:
    """Return the picture, uint8, H×W×3; it is always the same."""
    whole = Image.fromarray(astronaut()).crop((_LEFT, _TOP, _RIGHT, _BOTTOM))
    whole.paste(_PAPER, (0, 0), _damage(whole.size).filter(ImageFilter.GaussianBlur(0.6)))
    return np.asarray(whole)


def _damage(size: tuple[int, int]) -> Image.Image:
    """Return where nothing of the print is left, white on black."""
    damage = Image.new("L", size)
    draw = ImageDraw.Draw(damage)
    draw.polygon(_TEAR, fill=255)
    for crack in CRACKS:
        draw.line(crack, 255, _WIDE, "curve")
    return damage
