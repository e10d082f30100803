"""Which pixels of a photograph are to be restored, as a person marks them."""

import io
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps
from scipy.ndimage import binary_dilation, binary_propagation

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.restore.photograph import MAX_PIXELS, Photograph, reason

Hole = NDArray[np.bool_]  # H×W, True where something is missing

ALPHA = "alpha"
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_NEAR = 24 / 255  # of the largest level: how far a painted pixel may be from its colour
# Around what is painted, a brush mixes its colour with the photograph's.
_MIXED = 2  # pixels
# JPEG stores colours at half the resolution, and carries them further.
_NEAR_JPEG = 96 / 255  # of what hangs together with a painted pixel
_MIXED_JPEG = 3


def read_hole(mask: str | Path, photograph: Photograph, *, invert: bool = False) -> Hole:
    """Return the hole of a photograph.

    Args:
        mask: a picture of the photograph's size, white (from half on) where something is missing;
            or "alpha", what is transparent in the photograph; or "#rrggbb", what is painted in this
            colour in it, and two pixels around it (in a JPEG three, and what its colours run into).
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
        hole = decode_hole(data, str(mask), photograph.shape, ground=255 if invert else 0)
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
    around, mixed = np.ones((3, 3), bool), _MIXED
    if photograph.format == "JPEG":
        hole = np.asarray(binary_propagation(hole, around, mask=distance <= _NEAR_JPEG))
        mixed = _MIXED_JPEG
    return np.asarray(binary_dilation(hole, around, iterations=mixed))


def decode_hole(data: bytes, name: str, shape: tuple[int, int], *, ground: int = 0) -> Hole:
    """Return the hole that a picture's file holds.

    Args:
        data: the file; see read_hole.
        name: its name, for messages.
        shape: height and width of the photograph.
        ground: the level, 0 or 255, of what is transparent in it.

    Raises:
        UserError: it can't be read, or has another size.
    """
    try:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise ValueError(f"more than {MAX_PIXELS:,} pixels")
            found = _white(ImageOps.exif_transpose(picture), ground)
    except MemoryError:
        raise
    except Exception as error:  # whatever a damaged file makes Pillow stumble over
        raise UserError(f"{name} can't be read as a mask: {reason(error)}") from None
    if found.shape != shape:
        sizes = [f"{width}×{height}" for height, width in (found.shape, shape)]
        raise UserError(
            f"{name} has {sizes[0]} pixels, and the photograph, upright, has {sizes[1]}: a mask "
            "must have the photograph's size"
        )
    return found


def _white(picture: Image.Image, ground: int) -> Hole:
    if picture.mode.startswith("I"):  # 16 bits, which convert() would clip at 255
        return np.asarray(picture) >= 1 << 15
    if picture.has_transparency_data:  # strokes on nothing
        layer = picture.convert("RGBA")
        below = Image.new("RGBA", layer.size, (ground, ground, ground, 255))
        picture = Image.alpha_composite(below, layer)
    return np.asarray(picture.convert("L")) >= 128
