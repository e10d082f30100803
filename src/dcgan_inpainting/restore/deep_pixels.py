"""Photographs of 16 bits in PNG and TIFF, which Pillow would make 8 of."""

import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dcgan_inpainting.common.decoding import UnreadableImageError

if TYPE_CHECKING:
    from dcgan_inpainting.restore.photograph import Photograph

_PNG_START = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPE = {1: 0, 2: 4, 3: 2, 4: 6}  # of a PNG, by its number of planes
_WRITTEN_ANEW = (b"IHDR", b"IDAT", b"IEND", b"eXIf", b"tRNS")
_BITS, _KEPT_TEXTS = 258, (270, 271, 272, 305, 306, 315, 33432)  # tags of TIFF
_UNTOUCHED = 0  # torchvision's number for: as many planes and bits as the file has


def bits(data: bytes, image: Image.Image) -> int:
    """Return how many bits a level has, of a file that Pillow has opened."""
    if image.format == "PNG":
        return data[24]
    of_planes: Sequence[int] = getattr(image, "tag_v2", {}).get(_BITS, (8,))
    return max(of_planes)


def read(data: bytes, form: str) -> NDArray[np.uint16]:
    """Return the pixels of a file of 16 bits as they are stored, H×W×planes.

    Raises:
        UnreadableImageError: they are no grey or colour, or compressed in a rare way.
    """
    pixels = _from_png(data) if form == "PNG" else _from_tiff(data)
    if pixels.ndim != 3 or pixels.dtype != np.uint16 or not 1 <= pixels.shape[2] <= 4:
        raise UnreadableImageError("is no grey or RGB of 16 bits; convert it to that, or to 8 bits")
    return pixels


def _from_png(data: bytes) -> NDArray[Any]:
    import importlib

    import torch

    importlib.import_module("torchvision")  # registers the operator
    encoded = torch.frombuffer(bytearray(data), dtype=torch.uint8)
    pixels: NDArray[Any] = torch.ops.image.decode_png(encoded, _UNTOUCHED).numpy()
    return pixels.transpose(1, 2, 0)


def _from_tiff(data: bytes) -> NDArray[Any]:
    import io

    from tifffile import COMPRESSION, EXTRASAMPLE, PHOTOMETRIC, TiffFile

    with TiffFile(io.BytesIO(data)) as file:
        page = file.pages.first
        if page.photometric not in (PHOTOMETRIC.RGB, PHOTOMETRIC.MINISBLACK):
            raise UnreadableImageError("is no grey or RGB; convert it to one of these")
        if EXTRASAMPLE.ASSOCALPHA in page.extrasamples:
            raise UnreadableImageError(
                "has premultiplied (associated) alpha; save it with unassociated alpha"
            )
        extra = page.samplesperpixel - (3 if page.photometric == PHOTOMETRIC.RGB else 1)
        if extra and page.extrasamples != (EXTRASAMPLE.UNASSALPHA,):
            raise UnreadableImageError(
                "has an extra channel that is not marked as alpha; save it as unassociated alpha, "
                "or without"
            )
        try:
            pixels = page.asarray()
        except KeyError:
            way = COMPRESSION(page.compression).name
            raise UnreadableImageError(
                f"is compressed by {way}; save it uncompressed or by Deflate"
            ) from None
        if page.axes == "SYX":  # plane by plane
            pixels = pixels.transpose(1, 2, 0)
        return pixels[..., None] if pixels.ndim == 2 else pixels


def chunks(data: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """Return what stands in a PNG beside its pixels: kinds and contents, in their order."""
    return tuple((kind, body) for kind, body in _chunks(data) if kind not in _WRITTEN_ANEW)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(_PNG_START)
    while place + 12 <= len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        yield data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        place += 12 + length


def write(photograph: "Photograph", path: Path) -> None:
    """Write a photograph of 16 bits as PNG or TIFF, both without loss."""
    planes = [photograph.pixels]
    if photograph.alpha is not None:
        planes.append(photograph.alpha[..., None])
    pixels = np.concatenate(planes, 2)
    if photograph.format == "PNG":
        path.write_bytes(_png(pixels, photograph))
    else:
        _write_tiff(pixels, photograph, path)


def _png(pixels: NDArray[Any], photograph: "Photograph") -> bytes:
    height, width, planes = pixels.shape
    head = struct.pack(">IIBBBBB", width, height, 16, _COLOUR_TYPE[planes], 0, 0, 0)
    rows = pixels.astype(">u2").reshape(height, -1).view(np.uint8)
    # Each row less the one above it (filter 2), which Deflate makes smaller than the rows.
    above = np.diff(rows, axis=0, prepend=np.zeros((1, rows.shape[1]), np.uint8))
    filtered = np.pad(above, ((0, 0), (1, 0)), constant_values=2)
    parts = [(b"IHDR", head), *(photograph.chunks or _chunks_of_another(photograph))]
    if photograph.exif:
        parts.append((b"eXIf", photograph.exif.removeprefix(b"Exif\0\0")))
    parts += [(b"IDAT", zlib.compress(filtered.tobytes(), 6)), (b"IEND", b"")]
    return _PNG_START + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )


def _chunks_of_another(photograph: "Photograph") -> Iterator[tuple[bytes, bytes]]:
    """Yield what stands in a PNG beside its pixels, of a photograph that was none."""
    if photograph.profile:
        yield b"iCCP", b"ICC Profile\0\0" + zlib.compress(photograph.profile)
    if dpi := photograph.rest.get("dpi"):
        yield b"pHYs", struct.pack(">IIB", *(round(float(value) / 0.0254) for value in dpi), 1)
    if texts := photograph.rest.get("pnginfo"):
        yield from ((kind, body) for kind, body, *_ in texts.chunks)


def _write_tiff(pixels: NDArray[Any], photograph: "Photograph", path: Path) -> None:
    from tifffile import imwrite

    exif = Image.Exif()
    exif.load(photograph.exif or b"")
    # Latin-1, as which Pillow has read them, gives the file's bytes again, whatever they mean.
    texts = [
        (tag, "s", 0, str(exif[tag]).encode("latin-1"), True) for tag in _KEPT_TEXTS if tag in exif
    ]
    packed = photograph.rest["compression"] not in ("raw", "packbits")
    colour = photograph.pixels.shape[2] == 3
    imwrite(
        path,
        pixels if pixels.shape[2] > 1 else pixels[..., 0],
        photometric="rgb" if colour else "minisblack",
        planarconfig="contig" if pixels.shape[2] > 1 else None,
        extrasamples=["unassalpha"] if photograph.alpha is not None else None,
        compression="zlib" if packed else None,
        predictor=packed or None,
        iccprofile=photograph.profile,
        resolution=photograph.rest.get("dpi"),
        resolutionunit="inch" if "dpi" in photograph.rest else None,
        extratags=texts,
        metadata=None,
        software=False,
    )
