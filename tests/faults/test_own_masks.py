"""The user's own masks, as painting programs save them, and as they get damaged."""

import io
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.masks.own import read_masks

SIDE = 16
HOLE = np.zeros((SIDE, SIDE), bool)
HOLE[4:9, 6:12] = True

BLACK, WHITE, CLEAR = (0, 0, 0, 255), (255, 255, 255, 255), (0, 0, 0, 0)
COLOURS = {
    "red": (255, 0, 0, 255),
    "green": (0, 255, 0, 255),
    "blue": (0, 0, 255, 255),
    "yellow": (255, 255, 0, 255),
    "magenta": (255, 0, 255, 255),
    "orange": (255, 128, 0, 255),
    "dark red": (140, 0, 0, 255),
    "light grey": (200, 200, 200, 255),
}


def painted(hole: tuple[int, ...], rest: tuple[int, ...], where: NDArray[np.bool_] = HOLE) -> bytes:
    pixels = np.where(where[..., None], np.uint8(hole), np.uint8(rest))
    return encoded(Image.fromarray(pixels))


def encoded(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


PICTURES = {
    **{f"{name} on black": painted(colour, BLACK) for name, colour in COLOURS.items()},
    "white on black": painted(WHITE, BLACK),
    "white on dark grey": painted(WHITE, (90, 90, 90, 255)),
    "white on a muted colour": painted(WHITE, (130, 100, 70, 255)),
    "transparent in black": painted(CLEAR, BLACK),
    "transparent in white": painted(CLEAR, WHITE),
    "transparent white in white": painted((255, 255, 255, 0), WHITE),
    "transparent in red": painted(CLEAR, COLOURS["red"]),
    "without transparency": encoded(
        Image.open(io.BytesIO(painted(WHITE, BLACK))).convert("RGB"),
    ),
    "with a palette": encoded(Image.open(io.BytesIO(painted(COLOURS["blue"], BLACK))).convert("P")),
    "of one bit": encoded(Image.fromarray(HOLE)),
    "of 16 bits": encoded(Image.fromarray(HOLE.astype(np.uint16) * 65535)),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_hole_painted(name: str, tmp_path: Path) -> None:
    (tmp_path / "mask.png").write_bytes(PICTURES[name])
    assert np.array_equal(~read_masks(tmp_path, 1, SIDE)[0], HOLE)


def test_beside_it_lies_what_is_no_mask(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "mask.PNG").write_bytes(PICTURES["white on black"])
    (tmp_path / "._mask.png").write_bytes(b"of macOS")
    (tmp_path / ".DS_Store").write_bytes(b"of macOS")
    (tmp_path / "old.png").mkdir()
    (tmp_path / "gone.png").symlink_to("nowhere.png")
    (tmp_path / "mask.jpg").write_bytes(b"another format")
    masks = read_masks(tmp_path, 2, SIDE)
    assert np.array_equal(~masks, [HOLE, HOLE])
    passed_over = [record.getMessage() for record in caplog.records]
    assert len(passed_over) == 2
    assert "gone.png is passed over" in passed_over[0]
    assert "old.png is passed over" in passed_over[1]


def test_nothing_but_a_folder_and_a_dangling_link(tmp_path: Path) -> None:
    (tmp_path / "old.png").mkdir()
    (tmp_path / "gone.png").symlink_to("nowhere.png")
    with pytest.raises(UserError, match="there is no PNG in"):
        read_masks(tmp_path, 1, SIDE)


@pytest.mark.parametrize("place", [0, 7, 100, 2047])
def test_a_hole_of_one_pixel_in_a_large_mask(place: int, tmp_path: Path) -> None:
    hole = np.zeros((2048, 2048), bool)
    hole[place, place] = True
    (tmp_path / "mask.png").write_bytes(encoded(Image.fromarray(hole)))
    known = read_masks(tmp_path, 1, SIDE)[0]
    assert np.argwhere(~known).tolist() == [[place * SIDE // 2048] * 2]


def test_a_scratch_that_is_thinner_than_a_pixel(tmp_path: Path) -> None:
    hole = np.zeros((512, 512), bool)
    hole[:, 3] = True
    (tmp_path / "mask.png").write_bytes(encoded(Image.fromarray(hole)))
    known = read_masks(tmp_path, 1, SIDE)[0]
    assert not known[:, 0].any()
    assert known[:, 1:].all()


def test_an_inverted_mask_is_taken_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "mask.png").write_bytes(painted(BLACK, WHITE, np.eye(SIDE) > 0))
    (tmp_path / "right.png").write_bytes(PICTURES["white on black"])
    assert read_masks(tmp_path, 1, SIDE).mean() == 1 / SIDE
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith(f"{tmp_path / 'mask.png'} leaves out 94 % of the image; is it inverted?")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def claiming(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return start + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


GOOD = PICTURES["white on black"]
DAMAGED = {
    "empty": b"",
    "a text": b"not a PNG",
    "a JPEG": b"\xff\xd8\xff\xe0" + bytes(100),
    "cut off": GOOD[: len(GOOD) // 2],
    "its start alone": GOOD[:8],
    "of no pixels": claiming(0, 0),
    "of 65,500 by 65,500 pixels": claiming(65_500, 65_500),
    "of 10,000 by 10,000 pixels": claiming(10_000, 10_000),
    "black": painted(BLACK, BLACK),
    "white": painted(WHITE, WHITE),
    "transparent": painted(CLEAR, CLEAR),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_mask_that_is(name: str, tmp_path: Path, seen: Callable[[str], None]) -> None:
    (tmp_path / "bad.png").write_bytes(DAMAGED[name])
    with pytest.raises(UserError) as no:
        read_masks(tmp_path, 1, SIDE)
    line = str(no.value)
    assert line.startswith(str(tmp_path / "bad.png"))
    assert line.isprintable()
    seen(line.removeprefix(f"{tmp_path}/"))


def test_a_mask_with_bytes_changed_at_random(
    tmp_path: Path, long: bool, seen: Callable[[str], None]
) -> None:
    """Each is read, or refused by its name."""
    rng = random.Random(1)
    sources = [PICTURES[name] for name in ("white on black", "with a palette", "of 16 bits")]
    file, count, refused = tmp_path / "mask.png", 5000 if long else 300, 0
    for number in range(count):
        damaged = bytearray(sources[number % len(sources)])
        for _ in range(rng.randint(1, 6)):
            damaged[rng.randrange(8, len(damaged))] = rng.randrange(256)
        if number % 2:  # right sums, so that it is looked into further
            damaged = with_right_sums(bytes(damaged))
        file.write_bytes(damaged)
        line = refusal(tmp_path)
        assert not line or (line.startswith(str(file)) and "\n" not in line)
        refused += bool(line)
    assert refused > count / 2
    seen(f"{refused} of {count} refused in one line, the others read")


def refusal(folder: Path) -> str:
    """Return the line that refuses a folder's masks, or ""."""
    try:
        read_masks(folder, 1, SIDE)
    except UserError as error:
        return str(error)
    return ""


def with_right_sums(data: bytes) -> bytearray:
    """Return a PNG with the checksum of each chunk that its lengths lead to put right."""
    mended, place = bytearray(data), 8
    while place + 12 <= len(mended):
        (length,) = struct.unpack(">I", mended[place : place + 4])
        end = place + 8 + length
        if end + 4 > len(mended):
            break
        mended[end : end + 4] = struct.pack(">I", zlib.crc32(mended[place + 4 : end]))
        place = end + 4
    return mended
