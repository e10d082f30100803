"""Damage small images of every format at random and decode them: `mutated_images.py N SEED FILE`.

Prints as JSON: cases, read (arrays), escaped (what `decode` let through but arrays and
UnreadableImageError), starved (refused for want of memory), slowest (seconds of processor time),
memory (MiB above the start). FILE holds the image that is decoded, should the process die of it.
Address space is limited to 3 GiB above the start.
"""

import io
import json
import random
import resource
import signal
import struct
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from dcgan_inpainting.common.decoding import UnreadableImageError, _formats, decode

GIB = 2**30
SECONDS = 60  # of processor time for one image; then SIGPROF ends the process
NUMBERS = (0, 1, 2, 6, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 65_500, 0x7FFFFFFF, 0xFFFFFFFF)


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def samples() -> list[bytes]:
    """Return valid small images: each format, and what it can hold."""
    y, x = np.mgrid[:24, :36]
    rgb = Image.fromarray(np.stack([y * 10, x * 7, (x * y) % 256], -1).astype(np.uint8))
    rgba, grey, cmyk = rgb.convert("RGBA"), rgb.convert("L"), rgb.convert("CMYK")
    palette, bits = rgb.quantize(16), rgb.convert("1")
    rgba.putalpha(grey)
    deep = Image.fromarray((y * 2000 + x).astype(np.uint16))
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a maker"
    # A text where a number belongs.
    text = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x04six\0\0\0\0\0"
    frames = {"save_all": True, "append_images": [rgb.rotate(90)], "duration": 50}
    files = [
        *(encode(image, "JPEG") for image in (rgb, grey, cmyk)),
        encode(rgb, "JPEG", progressive=True, exif=exif, icc_profile=icc),
        encode(rgb, "JPEG", exif=text, subsampling=0, restart_marker_blocks=1),
        encode(rgb, "MPO", save_all=True, append_images=[rgb]),
        *(encode(image, "PNG") for image in (rgb, rgba, grey, palette, bits, deep)),
        encode(palette, "PNG", transparency=3),
        encode(rgb, "PNG", exif=exif, icc_profile=icc),
        encode(rgb, "PNG", exif=text),
        encode(rgb, "PNG", **frames),
        *(encode(rgba, "WEBP", lossless=lossless) for lossless in (False, True)),
        *(encode(rgb, "WEBP", exif=tags, icc_profile=icc) for tags in (exif, text)),
        encode(rgb, "WEBP", **frames),
        *(encode(image, "BMP") for image in (rgb, rgba, grey, palette, bits)),
        encode(palette, "GIF", transparency=3),
        encode(rgb, "GIF", **frames),
        *(encode(image, "TIFF") for image in (rgb, rgba, cmyk, palette, bits, deep)),
        *(encode(rgb, "TIFF", compression=f"tiff_{c}") for c in ("lzw", "adobe_deflate", "jpeg")),
        encode(rgb, "TIFF", compression="packbits", exif=exif),
        encode(bits, "TIFF", compression="group4"),
        encode(rgb, "TIFF", save_all=True, append_images=[grey]),
        *(encode(image, "AVIF", speed=10) for image in (rgb, rgba)),
        encode(rgb, "AVIF", speed=10, exif=exif, icc_profile=icc),
        encode(rgb, "AVIF", speed=10, **frames),
    ]
    if "HEIF" in _formats():
        files += [encode(rgb, "HEIF"), encode(rgba, "HEIF", exif=exif)]
    return files


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Return an image with one to four damages; a PNG's checksums are often made right again."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 4))):
        rng.choice(DAMAGES)(changed, rng)
    if data.startswith(b"\x89PNG") and rng.random() < 0.7:
        _mend_checksums(changed)
    return bytes(changed)


def _run(data: bytearray, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, start + rng.randint(1, 64)


def _flip(data: bytearray, rng: random.Random) -> None:
    for _ in range(rng.randint(1, 8)):
        if data:
            data[rng.randrange(len(data))] ^= rng.randint(1, 255)


def _cut_out(data: bytearray, rng: random.Random) -> None:
    start, end = _run(data, rng)
    del data[start:end]


def _truncate(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data) + 1) :]


def _repeat(data: bytearray, rng: random.Random) -> None:
    start, end = _run(data, rng)
    data[start:start] = data[start:end] * rng.randint(1, 4)


def _number(data: bytearray, rng: random.Random) -> None:
    width, order = rng.choice((1, 2, 4)), rng.choice("<>")
    start = rng.randrange(min(len(data), rng.choice((40, 200, 10_000))) + 1)
    number = rng.choice(NUMBERS) & (256**width - 1)
    data[start : start + width] = struct.pack(order + {1: "B", 2: "H", 4: "I"}[width], number)


DAMAGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip,
    _cut_out,
    _truncate,
    _repeat,
    _number,
    _number,
)


def _mend_checksums(data: bytearray) -> None:
    at = 8
    while at + 12 <= len(data):
        end = at + 8 + struct.unpack_from(">I", data, at)[0]
        if end + 4 > len(data):
            return
        struct.pack_into(">I", data, end, zlib.crc32(data[at + 4 : end]))
        at = end + 4


def _resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    count, seed, current = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    files = samples()
    for data in files:
        decode(data)  # each is good, and each decoder is loaded
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + 3 * GIB
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    start_memory, slowest, read, starved = _resident(), 0.0, 0, 0
    escaped: list[str] = []
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        data = mutated(files[number % len(files)], rng)
        current.write_bytes(data)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        start = time.process_time()
        try:
            pixels = decode(data)
            assert pixels.dtype == np.uint8
            assert pixels.ndim == 3
            read += 1
        except UnreadableImageError as error:
            reason = str(error).lower()
            # libheif calls its own limit on pixels an error of memory.
            starved += "memory" in reason and "security limit" not in reason
        except Exception as error:
            escaped.append(f"{number}: {error!r}")
        slowest = max(slowest, time.process_time() - start)
    memory = _resident() - start_memory
    seen = {"cases": count, "read": read, "escaped": escaped, "starved": starved}
    print(json.dumps({**seen, "slowest": slowest, "memory": memory}))


if __name__ == "__main__":
    main()
