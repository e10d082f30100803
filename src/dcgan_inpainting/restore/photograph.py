"""A photograph as a file and as an array: whatever else the file holds goes back into the copy.

Pillow has no colours of 16 bits; those are deep_pixels'.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngInfo

from dcgan_inpainting.common.decoding import UnreadableImageError
from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.files import replacing
from dcgan_inpainting.restore import deep_pixels
from dcgan_inpainting.restore.metadata import as_tags, read_exif, upright_xmp

Levels = NDArray[np.uint8] | NDArray[np.uint16]

# Each with the endings that its files may have.
FORMATS: Mapping[str, tuple[str, ...]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
}
SUFFIXES = tuple(suffix for suffixes in FORMATS.values() for suffix in suffixes)
MAX_PIXELS = 200_000_000  # a file of a kilobyte can claim billions
_MAX_DPI = 1_000_000

_MODES = ("L", "LA", "RGB", "RGBA")
_JPEG_START = b"\xff\xd8\xff"
# TIFF's own ways to write no pixel differently; any other becomes the last one.
_LOSSLESS = ("raw", "packbits", "tiff_lzw", "tiff_deflate", "tiff_adobe_deflate")
_XMP_TEXT = "XML:com.adobe.xmp"  # its name among a PNG's texts

# By EXIF's numbers: what turns the stored rows and columns upright.
_UPRIGHT: Mapping[int, Callable[[Any], Any]] = {
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.swapaxes(0, 1),
    6: lambda stored: stored.swapaxes(0, 1)[:, ::-1],
    7: lambda stored: stored[::-1, ::-1].swapaxes(0, 1),
    8: lambda stored: stored.swapaxes(0, 1)[::-1],
}


@dataclass(frozen=True)
class Photograph:
    """An upright photograph, and what its file held beside the pixels."""

    pixels: Levels  # H×W×1 (grey) or H×W×3 (colour)
    alpha: Levels | None = None  # H×W, the largest level = opaque
    format: str = "PNG"
    profile: bytes | None = None  # ICC: which colours the levels are
    exif: bytes | None = None
    rest: Mapping[str, Any] = field(default_factory=dict)  # what Pillow is told to write beside
    chunks: tuple[tuple[bytes, bytes], ...] = ()  # of a PNG of 16 bits: all but its pixels
    notes: tuple[str, ...] = ()  # what its user should know

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = self.pixels.shape[:2]
        return height, width

    @property
    def top(self) -> int:
        """The largest level: 255, or 65535."""
        return int(np.iinfo(self.pixels.dtype).max)

    @property
    def eight_bits(self) -> NDArray[np.uint8]:
        """The pixels with 256 levels."""
        return (self.pixels // (self.top // 255)).astype(np.uint8)

    def save(self, path: Path | str) -> None:
        """Write it as write_photograph does; the file's ending does not decide the format."""
        write_photograph(self, Path(path))


def read_photograph(path: Path) -> Photograph:
    """Return a photograph, turned upright by its EXIF orientation.

    Raises:
        UserError: it is missing, damaged, or of a kind that could not be written back as it is.
    """
    try:
        data = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        raise UserError(f"{path} is no file") from None
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror}") from None
    return decode_photograph(data, str(path))


def decode_photograph(data: bytes, name: str) -> Photograph:
    """Return the photograph that a file holds; its name is for messages. See read_photograph."""
    try:
        with _opened(data) as image:
            return _read(data, image)
    except UnreadableImageError as error:
        raise UserError(f"{name} {error}") from None
    except UnidentifiedImageError:
        raise UserError(
            f"{name} is no JPEG, PNG, TIFF or WebP of a common kind; convert it to one"
        ) from None
    except MemoryError:
        raise
    # Each of Pillow's formats has errors of its own, and broken bytes find more.
    except Exception as error:
        raise UserError(f"{name} can't be read: {reason(error)}") from None


def reason(error: Exception) -> str:
    """Return what an error of Pillow's says, on one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _opened(data: bytes) -> Image.Image:
    # Not Image.open, which takes a JPEG with further pictures in it for another format.
    if data.startswith(_JPEG_START):
        return JpegImageFile(io.BytesIO(data))
    return Image.open(io.BytesIO(data), formats=list(FORMATS))


def _read(data: bytes, image: Image.Image) -> Photograph:
    if image.width * image.height > MAX_PIXELS:
        raise UnreadableImageError(
            f"has {image.width}×{image.height} pixels; {MAX_PIXELS:,} are the most"
        )
    if getattr(image, "n_frames", 1) > 1:
        raise UnreadableImageError("holds several pictures; save one of them as a file of its own")
    form = image.format or ""
    deep = deep_pixels.bits(data, image) == 16
    notes: tuple[str, ...] = ()
    if not deep:
        image.load()
    exif, orientation = read_exif(image)  # a TIFF is upright once it is loaded
    rest = _rest(image)  # a converted picture has no texts
    if deep:
        stored = deep_pixels.read(data, form)
    else:
        image, notes = _plain(image)
        stored = np.asarray(image).reshape(image.height, image.width, -1)
    stored = _UPRIGHT.get(orientation, np.asarray)(stored)
    colours = 3 if stored.shape[2] >= 3 else 1
    return Photograph(
        pixels=np.ascontiguousarray(stored[..., :colours]),
        alpha=np.ascontiguousarray(stored[..., colours]) if stored.shape[2] > colours else None,
        format=form,
        profile=image.info.get("icc_profile"),
        exif=exif,
        rest=rest,
        chunks=deep_pixels.chunks(data) if deep and form == "PNG" else (),
        notes=notes,
    )


def _rest(image: Image.Image) -> dict[str, Any]:
    """Return what Pillow is told to write beside the pixels, the profile and EXIF."""
    rest = {name: image.info[name] for name in ("dpi", "xmp") if image.info.get(name)}
    if not all(0 < value < _MAX_DPI for value in rest.get("dpi", ())):
        del rest["dpi"]  # 0/0 and the like, which other formats do not take
    texts = dict(getattr(image, "text", {}))  # a PNG's, XMP among them
    if isinstance(rest.get("xmp"), bytes):
        rest["xmp"] = upright_xmp(rest["xmp"])
        texts.setdefault(_XMP_TEXT, rest["xmp"].decode(errors="replace"))
    if texts:
        rest["pnginfo"] = PngInfo()
        for name, text in texts.items():
            rest["pnginfo"].add_itxt(name, upright_xmp(text.encode()).decode())
    if image.format == "TIFF":
        kind = image.info.get("compression")
        rest["compression"] = kind if kind in _LOSSLESS else _LOSSLESS[-1]
    return rest


def _plain(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """Return a picture of 8 bits as grey or colour, perhaps with alpha, and what became of it."""
    transparent = image.has_transparency_data
    if image.mode in ("1", "P"):
        grey = image.mode == "1"
        wanted = ("LA" if transparent else "L") if grey else ("RGBA" if transparent else "RGB")
        return image.convert(wanted), (f"its palette became {wanted}",) if not grey else ()
    if image.mode in ("L", "RGB") and transparent:  # one colour is
        return image.convert("LA" if image.mode == "L" else "RGBA"), ()
    if image.mode not in _MODES:
        raise UnreadableImageError(
            f"has pixels of the kind {image.mode}; convert it to RGB or grey of 8 or 16 bits"
        )
    return image, ()


def write_photograph(photograph: Photograph, path: Path) -> None:
    """Write a photograph in its format, whole or not at all.

    A WebP is written without loss, whatever it was. A JPEG can't be: its quality is 95, its colours
    are at full resolution.

    Raises:
        OSError: it could not be written.
        UserError: the format does not take something that it holds.
    """
    with replacing(path) as temporary:
        try:
            (deep_pixels.write if photograph.top > 255 else _write)(photograph, temporary)
        except (OSError, MemoryError):
            raise
        # What a format does not take, Pillow says by errors of all kinds, as when reading.
        except Exception as error:
            raise UserError(f"{path} can't be written: {reason(error)}") from None


def as_picture(levels: NDArray[Any]) -> Image.Image:
    """Return levels, H×W×1 (grey) to H×W×4, as a picture of Pillow's, whose grey ones are H×W."""
    return Image.fromarray(levels[..., 0] if levels.shape[2] == 1 else levels)


def _write(photograph: Photograph, path: Path) -> None:
    planes = [photograph.pixels]
    if photograph.alpha is not None:
        planes.append(photograph.alpha[..., None])
    levels = np.concatenate(planes, 2)
    picture = as_picture(levels)
    options = {**photograph.rest, **_OPTIONS[photograph.format]}
    for name, value in (("icc_profile", photograph.profile), ("exif", photograph.exif)):
        if value:
            options[name] = value
    if photograph.exif and photograph.format == "TIFF":
        options |= as_tags(photograph.exif)
    picture.save(path, photograph.format, **options)


_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {},
    "TIFF": {},
    "WEBP": {"lossless": True, "exact": True, "quality": 75, "method": 4},
}
