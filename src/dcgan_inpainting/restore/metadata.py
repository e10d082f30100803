"""What a photograph's EXIF and XMP say, kept as they are stored but for the orientation."""

import re
import struct
from typing import Any

from PIL import ExifTags, Image

TURNED = range(2, 9)  # EXIF's orientations of pixels that do not lie upright

# Tags of TIFF that say how its pixels lie in the file, or stand there by other means.
_OF_TIFF_PIXELS = (*range(254, 260), 262, 266, 273, *range(277, 280), 284, 317, 320,
                   *range(322, 326), 330, 338, 339, 347, *range(529, 533), 34675)  # fmt: skip
_XMP = 700  # the tag of TIFF
_INNER = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)  # directories among the tags of EXIF
_ONE_ORIENTATION = (ExifTags.Base.Orientation, 3, 1)  # one short number
_XMP_ORIENTATION = re.compile(rb'(tiff:Orientation(?:="|>))[2-8]')


def upright_xmp(text: bytes) -> bytes:
    """Return XMP with 1 as its orientation, if it has another."""
    return _XMP_ORIENTATION.sub(rb"\g<1>1", text)


def read_exif(image: Image.Image) -> tuple[bytes | None, int]:
    """Return the EXIF data of a picture that will be upright, and the orientation that it has."""
    try:
        exif = image.getexif()
        for tag in _OF_TIFF_PIXELS if image.format == "TIFF" else ():
            exif.pop(tag, None)
        if isinstance(exif.get(_XMP), bytes):  # in a TIFF it is one of the tags
            exif[_XMP] = upright_xmp(exif[_XMP])
        stored = image.info.get("exif")
        orientation = int(exif.get(ExifTags.Base.Orientation, 1))
        if orientation not in TURNED:
            return stored or (_as_stored(exif).tobytes() if exif else None), 1
        exif[ExifTags.Base.Orientation] = 1
        return _upright_exif(stored or b"") or _as_stored(exif).tobytes(), orientation
    except Exception:
        return None, 1  # A broken EXIF is no reason to lose a good photograph.


def _upright_exif(stored: bytes) -> bytes | None:
    """Return EXIF data with 1 as its orientation, or None if it holds no common one.

    All else stays where it is: written anew, what makers of cameras note would lose its place.
    The thumbnail, which would still lie on its side, is linked no more.
    """
    start = 6 if stored.startswith(b"Exif\0\0") else 0
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(stored[start : start + 4])
    if order is None:
        return None
    data = memoryview(bytearray(stored))[start:]  # a file's places count from here
    try:
        (first,) = struct.unpack_from(f"{order}I", data, 4)
        (count,) = struct.unpack_from(f"{order}H", data, first)
        tags = range(first + 2, first + 2 + 12 * count, 12)
        for tag in tags:
            if struct.unpack_from(f"{order}HHI", data, tag) == _ONE_ORIENTATION:
                struct.pack_into(f"{order}H", data, tag + 8, 1)
                struct.pack_into(f"{order}I", data, tags.stop, 0)
                return stored[:start] + data.tobytes()
    except struct.error:  # it is cut off
        pass
    return None


class _Text(str):
    """A text of EXIF. Pillow reads it as Latin-1, whatever it is, but would write it as ASCII."""

    __slots__ = ()

    def encode(self, encoding: str = "", errors: str = "") -> bytes:
        """Return the bytes that were read, whatever encoding is asked for."""
        return super().encode("latin-1")


def _as_stored(exif: Image.Exif) -> Image.Exif:
    """Return EXIF data whose texts Pillow will write as the bytes that it has read."""
    exif.bigtiff = False  # EXIF data are never one, though the file may be
    for tags in (exif, *(exif.get_ifd(tag) for tag in _INNER if tag in exif)):
        for tag, value in list(tags.items()):
            if isinstance(value, str):
                tags[tag] = _Text(value)
    return exif


def as_tags(stored: bytes) -> dict[str, Any]:
    """Return what Pillow is told to write EXIF data as a TIFF's tags."""
    exif = Image.Exif()
    exif.load(stored)
    # Pillow compresses no TIFF that has directories in it.
    compression = {"compression": "raw"} if any(tag in exif for tag in _INNER) else {}
    return {"exif": _as_stored(exif), **compression}
