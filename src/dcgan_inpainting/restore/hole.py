"""Which pixels of a photograph are to be restored, as a person marks them."""

import io
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from scipy.ndimage import binary_dilation

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.restore.photograph import MAX_PIXELS, Photograph

Hole = NDArray[np.bool_]  # H×W, True where something is missing

ALPHA = "alpha"
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_NEAR = 24 / 255  # of the largest level: how far a painted pixel may be from its colour
# Around what is painted, a brush mixes its colour with the photograph's.
_MIXED = 2  # pixels


def read_hole(mask: str | Path, photograph: Photograph, *, invert: bool = False) -> Hole:
    """Return the hole of a photograph.

    Args:
        mask: a picture of the photograph's size, white (from half on) where something is missing;
            or "alpha", what is transparent in the photograph; or "#rrggbb", what is painted in this
            colour in it, and two pixels around it.
        photograph: upright, as the mask must be.
        invert: what would be kept is missing, and the other way round.

    Raises:
        UserError: the mask can't be read, does not fit, or marks nothing or everything.
    """
    if str(mask) == ALPHA:
        if photograph.alpha is None:
            raise UserError("the photograph has no transparent pixels (--mask alpha)")
        hole = photograph.alpha <= photograph.top // 2
    elif COLOUR.fullmatch(str(mask)):
        hole = _painted(str(mask), photograph)
    else:
        try:
            data = Path(mask).read_bytes()
        except FileNotFoundError:
            raise UserError(f"there is no mask {mask}") from None
        except OSError as error:
            raise UserError(f"{mask} can't be read as a mask: {error.strerror}") from None
        hole = decode_hole(data, str(mask), photograph.shape)
    hole = ~hole if invert else hole
    if not hole.any():
        raise UserError(f"{mask} marks nothing as missing: paint it white there (or --invert)")
    if hole.all():
        raise UserError(f"{mask} marks the whole photograph as missing: paint white only there")
    return hole


def _painted(colour: str, photograph: Photograph) -> Hole:
    levels = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    distance = np.abs(photograph.pixels / photograph.top - levels).max(2)
    hole: Hole = distance <= _NEAR
    if not hole.any():
        raise UserError(f"{colour} marks nothing as missing: no pixel there has this colour")
    return np.asarray(binary_dilation(hole, np.ones((3, 3), bool), iterations=_MIXED))


def decode_hole(data: bytes, name: str, shape: tuple[int, int]) -> Hole:
    """Return the hole that a picture's file holds; its name is for messages. See read_hole."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise ValueError(f"more than {MAX_PIXELS:,} pixels")
            found = _white(ImageOps.exif_transpose(picture))
    except MemoryError:
        raise
    except Exception as error:  # whatever a damaged file makes Pillow stumble over
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{name} can't be read as a mask: {reason}") from None
    if found.shape != shape:
        sizes = [f"{width}×{height}" for height, width in (found.shape, shape)]
        raise UserError(
            f"{name} has {sizes[0]} pixels, and the photograph, upright, has {sizes[1]}: a mask "
            "must have the photograph's size"
        )
    return found


def _white(picture: Image.Image) -> Hole:
    if picture.mode.startswith("I"):  # 16 bits, which convert() would clip at 255
        return np.asarray(picture) >= 1 << 15
    if picture.has_transparency_data:  # white strokes on nothing
        layer = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", layer.size, (0, 0, 0, 255)), layer)
    return np.asarray(picture.convert("L")) >= 128
