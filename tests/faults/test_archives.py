"""Zips of images that are damaged, encrypted, lying or bombs, as a user's source of images.

Promised: the images are taken, or one line names the user's own file; nothing is left behind, and
memory is bounded. Images that are damaged in CelebA's archive are counted at the crop.
"""

import json
import lzma
import os
import random
import re
import resource
import shutil
import struct
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path

import pytest

from dcgan_inpainting.common import zips
from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.download.sources import DownloadParams, check_source, make_raw
from tests.faults.commands import ROOT, Ended, python
from tests.faults.zips import (
    CONTENT,
    HUGE,
    LINES,
    LIST,
    Member,
    build,
    deflated_zeros,
    faces,
    mutated,
    zip64_end,
)

MEMORY = 2**30  # bytes that an attempt may take beyond what Python and its libraries take
SECONDS = 60  # that it may take on a busy machine


@dataclass(frozen=True)
class Outcome:
    """What became of one archive: images taken, or the one line; and what it cost."""

    images: int
    unreadable: int
    error: str
    escaped: str  # any other exception, or what was left behind
    seconds: float
    memory: int  # bytes, the most beyond what there was before


def limit_memory() -> None:
    """Let this process have 1 GiB more than it has now."""
    os.environ["TQDM_DISABLE"] = "1"
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def attempt(source: str, folder: Path) -> Outcome:
    """Take folder/mine.zip as the source of images, and read them all as the crop does."""
    changes = {"archive_md5": "any", "partition_md5": "any", "images": 10, "seed": 1}
    fractions = {"val_fraction": 0.2, "test_fraction": 0.2}
    params = DownloadParams(source=source, archive="mine.zip", **changes, **fractions)  # type: ignore[arg-type]
    before = (folder / "mine.zip").read_bytes()
    images, unreadable, error, escaped = 0, 0, "", ""
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    at_first = memory("VmRSS")
    start, raw = time.monotonic(), folder / "raw"
    try:
        check_source(params, folder)
        images = sum(make_raw(params, raw, folder).values())
        with zips.opened(raw / "images.zip") as archive:
            for name in zips.image_names(archive):
                try:
                    zips.read_member(archive, name)
                except zips.UnreadableMemberError:
                    unreadable += 1
    except UserError as failure:
        error = str(failure)
    except (Exception, MemoryError) as failure:
        escaped = f"{type(failure).__name__}: {failure}"
    seconds = time.monotonic() - start
    left = sorted(path.name for path in folder.rglob("*") if path.name.startswith("."))
    if left or (folder / "mine.zip").read_bytes() != before:
        escaped += f" left behind: {left}"
    if "partial" in error or "images.zip" in error:
        escaped += f" names what is not the user's: {error}"
    shutil.rmtree(raw, ignore_errors=True)
    return Outcome(images, unreadable, error, escaped, seconds, memory("VmHWM") - at_first)


def memory(kind: str) -> int:
    """Return the bytes of this process's memory: VmRSS, now, or VmHWM, the peak."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{kind}:")[2].split()[0]) * 1024


@pytest.fixture(scope="module")
def process() -> Iterator[ProcessPoolExecutor]:
    """A process with little memory; it is the same for all cases, since it takes long to start."""
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=limit_memory) as pool:
        yield pool


def packed(content: bytes, method: int) -> bytes:
    """Return what zipfile makes of it, as it lies in a zip."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("x", content)
        start = 30 + 1
        return file.getvalue()[start : start + archive.getinfo("x").compress_size]


def compressed(method: int, **changes: object) -> bytes:
    """Return a zip whose third face is compressed; the changes make it wrong."""
    content = packed(CONTENT, method)
    values = {
        "method": method,
        "content": content,
        "size": len(CONTENT),
        "crc": zlib.crc32(CONTENT),
    }
    return build(*faces(**{**values, **changes}))


def flipped(content: bytes, place: int = -9) -> bytes:
    """Return the bytes with one of them changed."""
    data = bytearray(content)
    data[place] ^= 0x55
    return bytes(data)


def lzma_with_dictionary(size: int) -> bytes:
    """Return LZMA data that asks for a dictionary of so many bytes."""
    content = bytearray(packed(CONTENT, zipfile.ZIP_LZMA))
    content[5:9] = struct.pack("<L", size)
    return bytes(content)


def zipped(content: bytes, name: str) -> bytes:
    """Return the files of a folder or another archive as a good zip."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()


def with_list(**changes: object) -> bytes:
    """Return an archive with its list of splits; the changes make the list wrong."""
    values = {"content": LINES, **changes}
    return build(*faces(), Member(f"Eval/{LIST}".encode(), **values))  # type: ignore[arg-type]


def named(*names: bytes, **changes: object) -> bytes:
    """Return three good images, and one of each name."""
    return build(*faces(3), *(Member(name, **changes) for name in names))  # type: ignore[arg-type]


def overlapping() -> bytes:
    """Return a zip of 2,000 images that all lie in the same bytes."""
    zeros = packed(bytes(10_000_000), 8)
    first = Member(b"a.jpg", zeros, 8, 10_000_000)
    return build(
        first, *(Member(b"%d.jpg" % n, zeros, 8, 10_000_000, offset=0) for n in range(2000))
    )


GOOD = build(*faces())
DIRECTORY = GOOD.find(b"PK\1\2")
ZIP64 = {"count": 0xFFFF, "directory_size": 0xFFFFFFFF, "directory_offset": 0xFFFFFFFF}
NO_ZIP = "mine.zip is not a readable zip"
UNREADABLE = r"mine\.zip: faces/000003\.jpg cannot be read: "
DAMAGED = UNREADABLE + r"it is damaged \("
ENCRYPTED = UNREADABLE + "it is encrypted"
OUTSIDE = r"mine\.zip: .*\.jpg cannot be read: it is damaged: it would lie outside"


def extra(*numbers: int) -> bytes:
    """Return a zip64 field of 64-bit numbers."""
    return struct.pack(f"<2H{len(numbers)}Q", 1, 8 * len(numbers), *numbers)


def sizes_in_zip64() -> bytes:
    """Return a good zip with sizes of 64 bits."""
    return build(*faces(size=2**32 - 1, packed=2**32 - 1, extra=extra(*[len(CONTENT)] * 2)))


def end_in_zip64() -> bytes:
    """Return a good zip with an end record of 64 bits."""
    return build(*faces(), zip64=zip64_end(len(GOOD) - 22 - DIRECTORY, DIRECTORY), **ZIP64)


# What was done: the zip, and what is seen with source folder, and with source celeba where that is
# another: how many images, or the line; two numbers are images and those unreadable at the crop.
Seen = int | str | tuple[int, int]
CASES: dict[str, tuple[Callable[[], bytes], Seen] | tuple[Callable[[], bytes], Seen, Seen]] = {
    # Unusual, but good.
    "deflated": (lambda: compressed(8), 5),
    "bzip2": (lambda: compressed(12), 5),
    "LZMA": (lambda: compressed(14), 5),
    "a program before it, a comment, bytes after it": (
        lambda: build(*faces(), before=b"MZ" * 999, comment=b"mine", after=b"junk"), 5),
    "sizes in zip64": (sizes_in_zip64, 5),
    "its end in zip64": (end_in_zip64, 5),
    "a newer version by name only": (lambda: build(*faces(version=63)), 5),
    "66,000 files": (lambda: build(*faces(), *(Member(b"%d" % n, b"") for n in range(66_000))), 5),
    "an image of size 0": (lambda: build(*faces(content=b"")), 5),
    # No zip.
    "empty": (lambda: b"", NO_ZIP),
    "text": (lambda: b"no zip" * 99, NO_ZIP),
    "a web page": (lambda: b"<!DOCTYPE html><html>quota</html>", NO_ZIP),
    "a gzip": (lambda: zlib.compress(GOOD, wbits=31), NO_ZIP),
    "xz": (lambda: lzma.compress(GOOD), NO_ZIP),
    "a rar": (lambda: b"Rar!\x1a\x07\x01\x00" + bytes(999), NO_ZIP),
    "a megabyte of zeros": (lambda: bytes(2**20), NO_ZIP),
    "an image": (lambda: b"\xff\xd8\xff\xe0" + bytes(999), NO_ZIP),
    "no files in it": (lambda: build(), "holds no images"),
    "no images in it": (lambda: zipped(b"x", "a.txt"), "holds no images"),
    "a zip in it": (lambda: zipped(GOOD, "faces.zip"), "holds no images"),
    "only two images": (lambda: build(*faces()[:2]), "gives 2 images"),
    "only folders": (lambda: build(Member(b"a.jpg/", b"")), "holds no images"),
    "only what macOS adds": (lambda: build(Member(b"__MACOSX/._a.jpg")), "holds no images"),
    # Cut short, or its directory damaged.
    "its last byte cut off": (lambda: GOOD[:-1], NO_ZIP),
    "half of it": (lambda: GOOD[: len(GOOD) // 2], NO_ZIP),
    "the first byte cut off": (lambda: GOOD[1:], OUTSIDE),
    "a hole in its middle": (
        lambda: GOOD[:99] + bytes(2000) + GOOD[2099:], "it is damaged", (5, 3)),
    "the directory's magic number": (lambda: build(*faces(signature=b"PK\1\3")), NO_ZIP),
    "the directory cut": (lambda: GOOD[:DIRECTORY] + GOOD[DIRECTORY + 9 :], NO_ZIP),
    "a directory of 4 GiB": (lambda: build(*faces(), directory_size=2**32 - 1), NO_ZIP),
    "a directory that lies beyond the end": (
        lambda: build(*faces(), directory_offset=2**32 - 2), OUTSIDE),
    "a directory of 0 bytes": (lambda: build(*faces(), directory_size=0), "holds no images"),
    "zip64 that is announced and missing": (lambda: build(*faces(), **ZIP64), NO_ZIP),
    "zip64 of 2^63 bytes": (lambda: build(*faces(), zip64=zip64_end(2**63, 0), **ZIP64), NO_ZIP),
    "zip64 at 2^64-1": (lambda: build(*faces(), zip64=zip64_end(46, 2**64 - 1), **ZIP64), NO_ZIP),
    "zip64 of several disks": (
        lambda: build(*faces(), zip64=zip64_end(46, 0, disks=9), **ZIP64), NO_ZIP),
    "a zip64 field cut": (lambda: build(*faces(size=2**32 - 1, extra=b"\1\0\4\0abcd")), NO_ZIP),
    "a field longer than it is": (lambda: build(*faces(extra=b"\7\0\xff\xff")), NO_ZIP),
    "an image at 2^64-1": (
        lambda: build(*faces(), Member(b"9.jpg", b"", offset=2**32 - 1, extra=extra(2**64 - 1))),
        OUTSIDE),
    "an image of 2^64-1 bytes": (
        lambda: build(*faces(size=2**32 - 1, extra=extra(2**64 - 1))), UNREADABLE),
    "an image packed into 2^63 bytes": (
        lambda: build(*faces(packed=2**32 - 1, extra=extra(2**63))), NO_ZIP),
    "an image that lies beyond the end": (
        lambda: build(*faces(), Member(b"9.jpg", b"", offset=2**31)),
        OUTSIDE),
    "an image without its header": (
        lambda: build(*faces(local_signature=b"KP\3\4")), DAMAGED + "Bad magic", (5, 1)),
    "an image of another name there": (
        lambda: build(*faces(local_name=b"b.jpg")), DAMAGED + "File name in dir", (5, 1)),
    # Encrypted, or of a kind that Python does not read.
    "encrypted": (lambda: build(*faces(flags=1)), ENCRYPTED),
    "encrypted strongly": (lambda: build(*faces(flags=0x41)), ENCRYPTED),
    "encrypted with AES": (lambda: build(*faces(method=99, flags=1)), ENCRYPTED),
    "its directory encrypted": (lambda: build(*faces(flags=0x2000)), ENCRYPTED),
    "a patch": (lambda: build(*faces(flags=0x20)), DAMAGED + "compressed patched", (5, 1)),
    **{
        f"compression {method}": (
            lambda method=method: build(*faces(method=method)),
            UNREADABLE + rf"its compression \(method {method}\)",
        )
        for method in (1, 9, 93, 95, 98, 0xFFFF)
    },
    "a version of the future": (lambda: build(*faces(version=64)), NO_ZIP),
    "version 25.5": (lambda: build(*faces(version=255)), NO_ZIP),
    # Images that are damaged.
    "a byte of an image": (lambda: build(*faces(crc=1)), DAMAGED + "Bad CRC-32", (5, 1)),
    "a byte of a deflated image": (
        lambda: compressed(8, content=flipped(packed(CONTENT, 8))), UNREADABLE, (5, 1)),
    "a byte of a bzip2 image": (
        lambda: compressed(12, content=flipped(packed(CONTENT, 12))), UNREADABLE, (5, 1)),
    "a byte of an LZMA image": (
        lambda: compressed(14, content=flipped(packed(CONTENT, 14), 20)), UNREADABLE, (5, 1)),
    "LZMA's properties": (
        lambda: compressed(14, content=flipped(packed(CONTENT, 14), 4)), UNREADABLE, (5, 1)),
    "an LZMA dictionary of 4 GiB": (lambda: compressed(14, content=lzma_with_dictionary(2**32 - 1)),
        UNREADABLE + "it is damaged: it asks for too much memory", (5, 1)),
    "LZMA of 3 bytes": (lambda: compressed(14, content=b"\t\4\5"), UNREADABLE, (5, 1)),
    **{
        f"compression {method} cut short": (
            lambda method=method: compressed(method, content=packed(CONTENT, method)[:15]),
            UNREADABLE, (5, 1))
        for method in (8, 12, 14)
    },
    "an image that goes on beyond the end": (
        lambda: build(Member(b"a.jpg", size=99_999, packed=99_999), *faces(3)), NO_ZIP),
    # Bombs.
    "a deflated bomb of 3 GiB": (
        lambda: build(*faces(method=8, content=deflated_zeros(), size=HUGE)),
        UNREADABLE + f"it unpacks to {HUGE} bytes"),
    "a deflated bomb of 3 GiB that says 1,000 bytes": (
        lambda: build(*faces(method=8, content=deflated_zeros(), size=1000)), UNREADABLE, (5, 1)),
    "a deflated bomb of 3 GiB that says 256 MiB": (
        lambda: build(*faces(method=8, content=deflated_zeros(), size=2**28)), UNREADABLE, (5, 1)),
    "a bzip2 bomb of 128 MiB that says 1,000 bytes": (
        lambda: compressed(12, content=packed(bytes(2**27), 12), size=1000), DAMAGED, (5, 1)),
    "an LZMA bomb of 64 MiB that says 1,000 bytes": (
        lambda: compressed(14, content=packed(bytes(2**26), 14), size=1000), DAMAGED, (5, 1)),
    "2,000 images in the same bytes": (overlapping, NO_ZIP),
    # Names.
    "a name that is not UTF-8 and says it is": (lambda: named(b"\xe9.jpg", flags=0x800), NO_ZIP),
    "a name that is not UTF-8 where the image lies": (
        lambda: named(b"e.jpg", local_name=b"\xe9.jpg", local_flags=0x800),
        "cannot be read", (4, 1)),
    "names that lead elsewhere": (lambda: named(b"../../a.jpg", b"/etc/b.jpg", b"C:\\c.jpg"), 5),
    "a line feed in a name": (lambda: named(b"a\nb.jpg", b'"q",.jpg'), 5),
    "a carriage return in a name": (lambda: named(b"a\rb.jpg"), "rename it"),
    "a NUL in a name": (lambda: named(b"a\0b.jpg", b"a.jpg\0.txt"), 4, 4),
    "no name": (lambda: named(b"", b".jpg", b"/", b"."), 3, 3),
    "a name of 65,535 bytes": (lambda: named(b"a" * 65_531 + b".jpg"), 4, 4),
    "a name that grows beyond 65,535 bytes": (
        lambda: named(b"\xe9" * 65_531 + b".jpg"), "a name of more than 65535 bytes", 4),
    "a path of 30,000 folders": (lambda: named(b"a/" * 30_000 + b"b.jpg"), 4, 4),
    "an image twice": (lambda: build(*faces(), *faces()), 5),
    # CelebA's list of splits inside it, which source folder does not look at.
    "a list": (with_list, 5),
    "a list, encrypted": (
        lambda: with_list(flags=1), 5, rf"{LIST} cannot be read: it is encrypted"),
    "a list, damaged": (lambda: with_list(crc=1), 5, rf"{LIST} cannot be read: it is damaged"),
    "a list with bad LZMA": (
        lambda: with_list(method=14, content=flipped(packed(LINES, 14), 20), size=90), 5,
        rf"{LIST} cannot be read: "),
    "a list that is a bomb": (
        lambda: with_list(method=8, content=deflated_zeros(), size=HUGE), 5, rf"{LIST} cannot be "),
    "a list of zeros": (lambda: with_list(content=bytes(5000)), 5, rf"{LIST}, line 1"),
    "a list in Latin-1": (lambda: with_list(content=b"\xe9.jpg 0\n"), 5, rf"{LIST} is not a text"),
    "a list of other images": (lambda: with_list(content=b"a.jpg 0\n"), 5, "names no image of"),
    "an empty list": (lambda: with_list(content=b""), 5, "names no image of"),
    "a list that says two things": (
        lambda: with_list(content=LINES + b"000001.jpg 2\n"), 5, "lines 1 and 6: 000001.jpg is in"),
}  # fmt: skip


@pytest.mark.parametrize("source", ["folder", "celeba"])
@pytest.mark.parametrize("case", CASES)
def test_an_archive(
    case: str,
    source: str,
    process: ProcessPoolExecutor,
    tmp_path: Path,
    seen: Callable[[str], None],
) -> None:
    content, *expected = CASES[case]
    (tmp_path / "mine.zip").write_bytes(content())
    outcome = process.submit(attempt, source, tmp_path).result(SECONDS)
    taken = (
        f"{outcome.images} images taken, of which {outcome.unreadable} are for the crop to count"
    )
    seen(outcome.escaped or outcome.error.replace(str(tmp_path), "")[:150] or taken)
    seen(f"{outcome.memory / 2**20:.0f} MiB")
    assert not outcome.escaped
    wanted = expected[-1 if source == "celeba" else 0]
    if isinstance(wanted, str):
        assert re.search(wanted, outcome.error)
    else:
        counts = wanted if isinstance(wanted, tuple) else (wanted, 0)
        assert (outcome.images, outcome.unreadable, outcome.error) == (*counts, "")


@pytest.mark.timeout(1800)
def test_mutated_archives(
    process: ProcessPoolExecutor, tmp_path: Path, seen: Callable[[str], None], long: bool
) -> None:
    bases = [
        with_list(),
        with_list(flags=1),
        build(*faces(), Member(b"a/" + LIST.encode(), LINES), comment=b"mine"),
        *(compressed(method) for method in (8, 12, 14)),
        end_in_zip64(),
        sizes_in_zip64(),
    ]
    outcomes = Counter[str]()
    slowest, largest, escaped = 0.0, 0, []
    for number in range(5000 if long else 200):
        generator = random.Random(number)
        archive = mutated(bases[number % len(bases)], generator)
        (tmp_path / "mine.zip").write_bytes(archive)
        for source in ("folder", "celeba"):
            outcome = process.submit(attempt, source, tmp_path).result(SECONDS)
            slowest = max(slowest, outcome.seconds)
            largest = max(largest, outcome.memory)
            outcomes["refused" if outcome.error else "taken"] += 1
            if outcome.escaped:
                escaped.append(f"{number} {source}: {outcome.escaped}")
    seen(
        f"{outcomes.total()} cases, {outcomes['taken']} taken, {outcomes['refused']} refused, "
        f"{len(escaped)} escaped, slowest {slowest:.2f} s, {largest / 2**20:.0f} MiB at most"
    )
    assert not escaped, json.dumps(escaped[:9], indent=1)
    assert min(outcomes["taken"], outcomes["refused"]) > outcomes.total() / 20


def stage(name: str, folder: Path, *changes: tuple[str, str]) -> Ended:
    """Run a stage by itself in a folder, with the project's parameters but for the changes."""
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    for before, after in changes:
        text = text.replace(before, after, 1)
    (folder / "params.yaml").write_text(text, encoding="utf-8")
    return python(folder, "-m", f"stages.{name}")


def test_download_of_an_encrypted_archive(tmp_path: Path, seen: Callable[[str], None]) -> None:
    (tmp_path / "mine.zip").write_bytes(build(*faces(flags=1)))
    changes = ("source: drawn", "source: folder"), ("archive: null", "archive: mine.zip")
    ended = stage("download", tmp_path, *changes)
    seen(ended.error)
    assert ended.status == 2
    assert re.search(ENCRYPTED, ended.error)


def test_crop_with_a_damaged_partition(tmp_path: Path, seen: Callable[[str], None]) -> None:
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "data" / "raw" / "images.zip").write_bytes(GOOD)
    (tmp_path / "data" / "raw" / "partition.csv").write_bytes(b'file,split\n"' + b"x" * 999_999)
    ended = stage("crop", tmp_path)
    seen(ended.error)
    assert ended.status == 2
    assert "data/raw/partition.csv is damaged" in ended.error
    assert "`dvc repro -f download`" in ended.error
