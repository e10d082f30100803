import io
import os
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dcgan_inpainting.common import decoding
from dcgan_inpainting.common.decoding import UnreadableImageError, decode
from dcgan_inpainting.common.zips import HEIC_SUFFIXES, IMAGE_SUFFIXES


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def flat(mode: str, colour: object) -> Image.Image:
    return Image.new(mode, (24, 16), colour)


def png(width: int, height: int, depth: int, colour_type: int, row: bytes) -> bytes:
    """A PNG written by hand: Pillow writes no 16-bit colour."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    head = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    pixels = zlib.compress((b"\0" + row) * height)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def palette(colour: tuple[int, int, int]) -> Image.Image:
    image = Image.new("P", (24, 16), 3)
    image.putpalette([0] * 9 + list(colour))
    return image


FLAT = {
    "jpeg": (encode(flat("RGB", (200, 60, 30)), "JPEG", quality=95), (200, 60, 30)),
    "grey jpeg": (encode(flat("L", 77), "JPEG", quality=95), (77, 77, 77)),
    "cmyk jpeg": (encode(flat("CMYK", (255, 0, 0, 0)), "JPEG", quality=95), (0, 255, 255)),
    "cmyk tiff": (encode(flat("CMYK", (0, 255, 0, 0)), "TIFF"), (255, 0, 255)),
    "png": (encode(flat("RGB", (1, 2, 3)), "PNG"), (1, 2, 3)),
    "grey png": (encode(flat("L", 9), "PNG"), (9, 9, 9)),
    "black and white": (encode(flat("1", 1), "PNG"), (255, 255, 255)),
    "palette": (encode(palette((10, 20, 30)), "PNG"), (10, 20, 30)),
    "palette, transparent": (encode(palette((9, 9, 9)), "PNG", transparency=3), (255, 255, 255)),
    "transparent": (encode(flat("RGBA", (9, 9, 9, 0)), "PNG"), (255, 255, 255)),
    # 0.6 × (200, 100, 0) + 0.4 × 255
    "half transparent": (encode(flat("RGBA", (200, 100, 0, 153)), "PNG"), (222, 162, 102)),
    "grey, transparent": (encode(flat("LA", (50, 51)), "PNG"), (214, 214, 214)),
    "one transparent colour": (
        encode(flat("RGB", (5, 6, 7)), "PNG", transparency=(5, 6, 7)),
        (255, 255, 255),
    ),
    "gif": (encode(flat("L", 255), "GIF"), (255, 255, 255)),
    "webp": (encode(flat("RGB", (40, 80, 120)), "WEBP", lossless=True), (40, 80, 120)),
    "16-bit grey": (png(24, 16, 16, 0, struct.pack(">H", 0x8080) * 24), (128, 128, 128)),
    "16-bit grey, dark": (png(24, 16, 16, 0, struct.pack(">H", 771) * 24), (3, 3, 3)),
    "16-bit grey, white": (png(24, 16, 16, 0, b"\xff\xff" * 24), (255, 255, 255)),
    "16-bit colour": (
        png(24, 16, 16, 2, struct.pack(">HHH", 0x1010, 0x8080, 0xFFFF) * 24),
        (16, 128, 255),
    ),
}


@pytest.mark.parametrize("name", FLAT)
def test_every_kind_of_image_becomes_rgb(name: str) -> None:
    data, colour = FLAT[name]
    pixels = decode(data)
    assert pixels.shape == (16, 24, 3)
    assert pixels.dtype == np.uint8
    difference = np.abs(pixels.astype(int) - colour)
    assert difference.max() <= (2 if "jpeg" in name else 1), pixels[0, 0]


# By the EXIF standard: which side of the upright picture the stored first row and column show.
UPRIGHT = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.transpose(1, 0, 2),
    6: lambda stored: stored.transpose(1, 0, 2)[:, ::-1],
    7: lambda stored: stored[::-1, ::-1].transpose(1, 0, 2),
    8: lambda stored: stored.transpose(1, 0, 2)[::-1],
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_exif_orientation_is_honoured(kind: str, orientation: int) -> None:
    stored = np.zeros((32, 48, 3), np.uint8)
    stored[:16, :16] = (250, 10, 10)  # three corners of different colours
    stored[:16, -16:] = (10, 250, 10)
    stored[-16:, :16] = (10, 10, 250)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(Image.fromarray(stored), kind, exif=exif, **{"quality": 100, "subsampling": 0})
    expected = UPRIGHT[orientation](stored)
    pixels = decode(data)
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected).max() <= 8


def smooth(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.stack([y * 255 // height, x * 255 // width, (x + y) % 256], -1).astype(np.uint8)


@pytest.fixture
def without_the_fast_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_jpeg_decoder", lambda: None)


def test_the_fast_decoder_and_pillow_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(Image.fromarray(smooth(218, 178)), "JPEG", quality=90)
    fast = decode(data).astype(int)
    monkeypatch.setattr(decoding, "_jpeg_decoder", lambda: None)
    assert np.abs(fast - decode(data)).max() <= 3


@pytest.mark.usefixtures("without_the_fast_decoder")
def test_jpeg_is_read_without_the_fast_decoder() -> None:
    data = encode(flat("RGB", (200, 60, 30)), "JPEG", quality=95)
    assert np.abs(decode(data).astype(int) - (200, 60, 30)).max() <= 2


def test_every_level_of_16_bits_goes_to_the_nearest_of_8() -> None:
    levels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    pixels = decode(encode(Image.fromarray(levels), "PNG"))
    assert np.array_equal(pixels[:, :, 0], np.rint(levels / 257))


JPEG = encode(Image.fromarray(smooth(218, 178)), "JPEG")
PNG = encode(Image.fromarray(smooth(64, 64)), "PNG")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"these are no pixels", "not an image of a known format"),
        (JPEG[: len(JPEG) // 2], "truncated"),
        (JPEG[:3], "not an image"),
        (PNG[: len(PNG) // 2], "."),
        (PNG[:60] + b"\0\0\0\0" + PNG[64:], "."),
        (encode(flat("F", 0.5), "TIFF"), "floating-point"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(UnreadableImageError, match=reason):
        decode(data)


@pytest.mark.parametrize("suffix", sorted(IMAGE_SUFFIXES - HEIC_SUFFIXES))
def test_each_ending_that_is_taken_is_of_a_format_that_is_read(suffix: str) -> None:
    assert Image.registered_extensions()[suffix] in decoding._formats()


def test_avif_is_read() -> None:
    data = encode(Image.fromarray(smooth(64, 48)), "AVIF", quality=90)
    assert np.abs(decode(data).astype(int) - smooth(64, 48)).mean() < 3


def test_heic_is_read_where_its_extra_is_installed() -> None:
    pytest.importorskip("pillow_heif")
    assert decoding._formats()[-1] == "HEIF"
    data = encode(Image.fromarray(smooth(64, 48)), "HEIF", quality=90, exif=exif(TURNED))
    upright = np.rot90(smooth(64, 48), -1)
    assert np.abs(decode(data).astype(int) - upright).mean() < 3


@pytest.mark.parametrize("kind", ["DDS", "PPM", "TGA", "JPEG2000", "ICO", "PCX"])
def test_formats_that_nobody_asked_for_are_not_tried(kind: str) -> None:
    with pytest.raises(UnreadableImageError, match="not an image of a known format"):
        decode(encode(flat("RGB", (1, 2, 3)), kind))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF"])
def test_the_limit_on_pixels_is_exact(kind: str) -> None:
    data = encode(flat("RGB", (1, 2, 3)), kind)
    assert decode(data, max_pixels=24 * 16).shape == (16, 24, 3)
    with pytest.raises(UnreadableImageError, match=r"claims 24×16 pixels; more than 383 are not"):
        decode(data, max_pixels=24 * 16 - 1)


def test_a_tiffs_tiles_count_too() -> None:
    tags = {256: 24, 257: 16, 258: 8, 259: 1, 262: 1, 322: 65_536, 323: 65_536, 324: 8, 325: 384}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    data = b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(400)
    with pytest.raises(UnreadableImageError, match="24×16 pixels and larger tiles"):
        decode(data)


def test_pillows_own_limit_is_lifted() -> None:
    # Pillow warns from 89,478,486 pixels.
    assert decode(encode(Image.new("1", (9000, 10_000)), "PNG")).shape == (10_000, 9000, 3)


def exif(*entries: bytes) -> bytes:
    """EXIF of entries of 12 bytes: tag, type, count, value; Pillow writes none that is broken."""
    count = struct.pack(">H", len(entries))
    return b"Exif\0\0MM\0*\0\0\0\x08" + count + b"".join(entries) + b"\0\0\0\0"


TURNED = struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0)
FAR_OFF = 1 << 30  # an offset outside of the EXIF


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("broken", "shape"),
    [
        (exif(struct.pack(">HHI4s", 0x0112, 2, 4, b"six")), (16, 24, 3)),
        (exif(struct.pack(">HHII", 0x0112, 3, 9, FAR_OFF)), (16, 24, 3)),
        (exif(struct.pack(">HHII", 0x0112, 99, 1, 6)), (16, 24, 3)),
        (exif(TURNED, struct.pack(">HHI4s", 0x8825, 2, 4, b"gps")), (24, 16, 3)),
        (exif(TURNED, struct.pack(">HHII", 0x8769, 4, 1, FAR_OFF)), (24, 16, 3)),
        (exif(TURNED, struct.pack(">HHI4s", 0x011A, 2, 4, b"dpi")), (24, 16, 3)),
        (exif(TURNED, TURNED)[:-12], (24, 16, 3)),
    ],
)
def test_a_broken_exif_loses_no_image_nor_a_good_orientation(
    kind: str, broken: bytes, shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "_jpeg_decoder", lambda: None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pytest's filters stand before the module's own
        pixels = decode(encode(flat("RGB", (9, 9, 9)), kind, exif=broken))
    assert pixels.shape == shape
    assert np.abs(pixels.astype(int) - 9).max() <= 1


def test_a_jpeg_with_a_broken_list_of_further_pictures_is_read() -> None:
    broken = b"\xff\xe2\x00\x0aMPF\0MMXX"
    assert np.array_equal(decode(JPEG[:2] + broken + JPEG[2:]), decode(JPEG))


def test_pillows_warnings_are_not_shown_and_stop_nothing() -> None:
    # In a process of its own: pytest's filters stand before the module's own.
    data = encode(flat("RGB", (9, 9, 9)), "PNG", exif=exif(TURNED, TURNED)[:-12])
    code = (
        "import sys; from dcgan_inpainting.common.decoding import decode; "
        "decode(sys.stdin.buffer.read())"
    )
    command = [sys.executable, "-W", "error::UserWarning", "-c", code]
    here = {**os.environ, "PYTHONPATH": str(Path(decoding.__file__).parents[2])}
    done = subprocess.run(command, input=data, env=here, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
