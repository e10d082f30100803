"""Masks of the user's own, out of a folder of PNGs."""

import logging
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.images import Known

_LARGEST = 50_000_000  # pixels of a user's own mask
_MOSTLY_MISSING = 0.9

log = logging.getLogger(__name__)


def read_masks(folder: Path, count: int, size: int) -> Known:
    """Return the user's own masks, count×size×size: the folder's PNGs by name, again and again.

    As in painting programs the hole is what is transparent; in a picture that is so nowhere, what
    is white or of a strong colour, and the rest (black, dark grey, muted colours) is known. Hidden
    files are passed over. A mask of another size is scaled to the nearest pixel; a hole that would
    be lost by that becomes the pixels that it touches.

    Raises:
        UserError: there is no PNG, one can't be read, or one has no hole or nothing but a hole.
    """
    files = sorted(
        path
        for path in folder.glob("*")
        if path.suffix.lower() == ".png" and not path.name.startswith(".")
    )
    for path in files:
        if not path.is_file():
            log.warning("%s is passed over: it is no file, or a link to none", path)
    masks = [_read_mask(path, size) for path in files if path.is_file()]
    if not masks:
        raise UserError(
            f"masks.kinds holds 'file', but there is no PNG in {folder}: put masks there "
            "(white where the image is missing), or take 'file' out of masks.kinds"
        )
    return np.stack([masks[index % len(masks)] for index in range(count)])


def _read_mask(file: Path, size: int) -> Known:
    hole = _read_hole(file)
    if not hole.any():
        raise UserError(
            f"{file} has no hole: nothing is transparent, white or of a strong colour; "
            "paint white where the image is missing"
        )
    scaled = Image.fromarray(hole).resize((size, size), Image.Resampling.NEAREST)
    known = ~np.asarray(scaled)
    if known.all():
        rows, columns = np.nonzero(hole)
        height, width = hole.shape
        known[rows * size // height, columns * size // width] = False
        log.info("the hole of %s is thin for %d px: the pixels that it touches count", file, size)
    if not known.any():
        raise UserError(
            f"{file} leaves no pixel known; paint white only where the image is missing"
        )
    missing = 1 - known.mean()
    if missing > _MOSTLY_MISSING:
        log.warning(
            "%s leaves out %.0f %% of the image; is it inverted? White or transparent is the hole",
            file,
            100 * missing,
        )
    return known


def _read_hole(file: Path) -> NDArray[np.bool_]:
    """Return where a PNG marks the hole, height×width.

    Raises:
        UserError: it can't be read, or is too large.
    """
    with file.open("rb") as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of what is too large or odd
        try:
            picture = Image.open(stream, formats=["PNG"])
            if picture.width * picture.height > _LARGEST:
                raise UserError(
                    f"{file} has {picture.width}×{picture.height} pixels; a mask may have "
                    f"{_LARGEST:,} in all"
                )
            return _hole(ImageOps.exif_transpose(picture))
        except (UserError, MemoryError):
            raise
        except UnidentifiedImageError:
            raise UserError(f"{file} can't be read as an image: it is no PNG") from None
        except Exception as error:  # whatever a damaged file makes Pillow stumble over
            reason = " ".join(str(error).split()) or type(error).__name__
            raise UserError(f"{file} can't be read as an image: {reason}") from None


def _hole(picture: Image.Image) -> NDArray[np.bool_]:
    if picture.mode.startswith("I"):  # 16 bits, which convert() would clip at 255
        return np.asarray(picture) >= 1 << 15
    pixels = np.asarray(picture.convert("RGBA"))
    transparent = pixels[..., 3] < 128
    if transparent.any():
        return transparent
    colours = pixels[..., :3]
    light = np.asarray(picture.convert("RGB").convert("L")) >= 128
    return light | (colours.max(axis=2) - colours.min(axis=2) >= 128)
