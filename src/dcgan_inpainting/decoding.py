"""The bytes of any image file as an upright RGB array."""

import functools
import importlib
import io
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

Pixels = NDArray[np.uint8]

_JPEG_START = b"\xff\xd8\xff"
_RGB = 3  # torchvision.io.ImageReadMode.RGB
# What Pillow raises for broken files, by format: most are OSError, PNG's are SyntaxError.
_PILLOW_ERRORS = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError)


class UnreadableImageError(ValueError):
    """The bytes are no image that can become RGB; the message is the reason."""


@functools.cache
def _jpeg_operator() -> Callable[[torch.Tensor, int, bool], torch.Tensor] | None:
    # The operator behind torchvision.io.decode_jpeg, which warns at every call that it will go.
    # Where it has gone, Pillow decodes JPEG too, a third slower.
    try:
        # Registers the operator. It takes 2 s, and most that import this module decode no JPEG.
        importlib.import_module("torchvision")
        return torch.ops.image.decode_jpeg
    except (AttributeError, ImportError, RuntimeError):
        return None


def decode(data: bytes) -> Pixels:
    """Return an image file's content (JPEG, PNG, WebP … any that Pillow knows) as RGB.

    The image is turned upright by its EXIF orientation. Grey, palette and CMYK images become RGB;
    16-bit levels are scaled to 8 bits; what is transparent lies over white; of an animation, the
    first frame is taken.

    Returns:
        uint8, height×width×3, 0…255.

    Raises:
        UnreadableImageError: the file is broken, empty, or of no known format.
    """
    if data.startswith(_JPEG_START) and (decode_jpeg := _jpeg_operator()):
        try:
            encoded = torch.frombuffer(bytearray(data), dtype=torch.uint8)
            return decode_jpeg(encoded, _RGB, True).permute(1, 2, 0).numpy()
        except RuntimeError:
            pass  # Pillow reads some that this does not, and gives a clear reason for the others.
    return decode_with_pillow(data)


def decode_with_pillow(data: bytes) -> Pixels:
    """Return what `decode` does, with Pillow for every format."""
    if not data:
        raise UnreadableImageError("the file is empty")
    try:
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(_as_rgb(ImageOps.exif_transpose(image)))
    except UnidentifiedImageError:
        raise UnreadableImageError("not an image of a known format") from None
    except _PILLOW_ERRORS as error:
        raise UnreadableImageError(" ".join(str(error).split()) or type(error).__name__) from None


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise UnreadableImageError("floating-point images have no agreed range")
    if image.mode.startswith("I"):
        # convert() would clip 16-bit levels at 255.
        levels = np.clip(np.asarray(image, dtype=np.float64), 0, 65535)
        return Image.fromarray(np.rint(levels / 257).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")
