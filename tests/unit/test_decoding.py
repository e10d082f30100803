import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from dcgan_inpainting import decoding
from dcgan_inpainting.decoding import UnreadableImageError, decode, decode_with_pillow


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


def test_the_fast_decoder_and_pillow_agree() -> None:
    data = encode(Image.fromarray(smooth(218, 178)), "JPEG", quality=90)
    assert np.abs(decode(data).astype(int) - decode_with_pillow(data)).max() <= 3


def test_jpeg_is_read_without_the_fast_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(flat("RGB", (200, 60, 30)), "JPEG", quality=95)
    monkeypatch.setattr(decoding, "_jpeg_operator", lambda: None)
    assert np.abs(decode(data).astype(int) - (200, 60, 30)).max() <= 2


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
