"""The bytes of any image file as an upright RGB array."""

import contextlib
import functools
import importlib
import importlib.util
import io
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

Pixels = NDArray[np.uint8]

MAX_PIXELS = 100_000_000

# By Pillow's names, those of the endings in zips.IMAGE_SUFFIXES. HEIF is pillow-heif's.
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "HEIF")
_JPEG_START = b"\xff\xd8\xff"
_RGB = 3  # torchvision.io.ImageReadMode.RGB
_TILE_WIDTH, _TILE_LENGTH = 322, 323  # tags of TIFF

# By the EXIF standard. ImageOps.exif_transpose also writes the EXIF anew, which fails where any
# other part of it is broken.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# `decode` has a limit of its own; Pillow's is another, a warning first.
Image.MAX_IMAGE_PIXELS = None
# Pillow warns of odd metadata without naming the file. warnings.catch_warnings is not for threads.
warnings.filterwarnings("ignore", module=r"PIL\.")


class UnreadableImageError(ValueError):
    """The bytes are no image that can become RGB; the message is the reason."""


@functools.cache
def _jpeg_decoder() -> Callable[[bytes], Pixels] | None:
    # The operator behind torchvision.io.decode_jpeg, which warns at every call that it will go.
    # Where it has gone, Pillow decodes JPEG too, a third slower.
    try:
        # PyTorch takes seconds to import, and most that import this module decode no JPEG.
        import torch

        # torchvision registers the operator when it is imported, which takes 2 s for other things
        # in it. Its library does that alone, where it lies where this release has it.
        found = importlib.util.find_spec("torchvision")
        for folder in (found and found.submodule_search_locations) or ():
            for library in Path(folder).glob("image_stable.*"):
                torch.ops.load_library(library)  # type: ignore[no-untyped-call]
        if not hasattr(torch.ops.image, "decode_jpeg"):
            importlib.import_module("torchvision")
        operator = torch.ops.image.decode_jpeg
    except (AttributeError, ImportError, OSError, RuntimeError):
        return None

    def decode_jpeg(data: bytes) -> Pixels:
        encoded = torch.frombuffer(bytearray(data), dtype=torch.uint8)
        pixels: Pixels = operator(encoded, _RGB, True).permute(1, 2, 0).numpy()
        return pixels

    return decode_jpeg


@functools.cache
def _formats() -> tuple[str, ...]:
    """Return those of _FORMATS that this Pillow reads, HEIF where pillow-heif is installed."""
    Image.init()
    with contextlib.suppress(ImportError):  # the optional extra `heic`
        importlib.import_module("pillow_heif").register_heif_opener()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def decode(data: bytes, max_pixels: int = MAX_PIXELS) -> Pixels:
    """Return the content of an image file of a format in _FORMATS as RGB.

    The image is turned upright by its EXIF orientation; where the EXIF is broken, it is left as it
    lies. Grey, palette and CMYK images become RGB; 16-bit levels are scaled to 8 bits; what is
    transparent lies over white; of an animation, the first frame is taken.

    Args:
        data: the file's bytes.
        max_pixels: an image whose header claims more is refused before anything is decoded: a
            file of a kilobyte can claim billions.

    Returns:
        uint8, height×width×3, 0…255.

    Raises:
        UnreadableImageError: the file is broken, empty, too large, or of no known format. Nothing
            else is raised, whatever the bytes.
    """
    if not data:
        raise UnreadableImageError("the file is empty")
    try:
        with _opened(data) as image:
            _refuse_large(image, max_pixels)
            if data.startswith(_JPEG_START) and (decode_jpeg := _jpeg_decoder()):
                try:
                    return decode_jpeg(data)
                except RuntimeError:
                    pass  # Pillow reads some that this does not, and says clearly why not others.
            return _with_pillow(image)
    except UnreadableImageError:
        raise
    except UnidentifiedImageError:
        raise UnreadableImageError("not an image of a known format") from None
    # Each of Pillow's formats has errors of its own, and broken bytes find more.
    except Exception as error:
        raise UnreadableImageError(" ".join(str(error).split()) or type(error).__name__) from None


def _opened(data: bytes) -> Image.Image:
    """Return an image of which no more than the header has been read."""
    if not data.startswith(_JPEG_START):
        return Image.open(io.BytesIO(data), formats=_formats())
    try:
        # Not Image.open, which refuses a good JPEG for a broken list of further pictures in it.
        return JpegImageFile(io.BytesIO(data))
    except SyntaxError:
        raise UnreadableImageError("not an image of a known format") from None


def _refuse_large(image: Image.Image, max_pixels: int) -> None:
    # A TIFF's tiles may be larger than the image.
    tags = getattr(image, "tag_v2", {})
    tile = int(tags.get(_TILE_WIDTH, 0)) * int(tags.get(_TILE_LENGTH, 0))
    pixels = max(image.width * image.height, tile)
    if pixels > max_pixels:
        raise UnreadableImageError(
            f"its header claims {image.width}×{image.height} pixels"
            f"{' and larger tiles' if tile == pixels else ''}; more than {max_pixels} are not read"
        )


def _with_pillow(image: Image.Image) -> Pixels:
    image.load()
    rgb = _as_rgb(image)
    try:
        turn = _UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:
        turn = None  # A broken EXIF is no reason to lose a good image.
    return np.asarray(rgb if turn is None else rgb.transpose(turn))


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise UnreadableImageError("floating-point images have no agreed range")
    if image.mode.startswith("I"):
        # convert() would clip 16-bit levels at 255.
        levels = np.clip(np.asarray(image), 0, 65535).astype(np.uint32)
        return Image.fromarray(((levels + 128) // 257).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")
