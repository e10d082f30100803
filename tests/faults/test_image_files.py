"""Images that are damaged, that lie about their size, or that are not where they seem to be."""

import csv
import io
import json
import logging
import os
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dcgan_inpainting.common.partition import SPLITS
from dcgan_inpainting.common.zips import IMAGE_SUFFIXES
from dcgan_inpainting.crop.archive import crop_archive
from dcgan_inpainting.crop.square import CropParams
from dcgan_inpainting.download.sources import DownloadParams, make_raw
from tests.faults.commands import python

MUTATE = Path(__file__).with_name("mutated_images.py")
ONE_RUN = 11_000  # images a process


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


@pytest.mark.skipif(sys.platform != "linux", reason="the limit on memory is Linux's")
@pytest.mark.timeout(3600)
def test_images_of_every_format_mutated_at_random(
    tmp_path: Path, long: bool, seen: Callable[[str], None]
) -> None:
    cases = [ONE_RUN] * 10 if long else [2000]
    runs = []
    for seed, count in enumerate(cases, 1):
        current = tmp_path / "current.bin"
        ended = python(tmp_path, str(MUTATE), str(count), str(seed), str(current), seconds=1200)
        # A decoder that kills the process leaves the image that did it in `current`.
        assert ended.status == 0, (seed, ended.stderr[-2000:], current.read_bytes())
        runs.append(json.loads(ended.stdout))
    escaped = [error for run in runs for error in run["escaped"]]
    read, starved = (sum(run[key] for run in runs) for key in ("read", "starved"))
    slowest, memory = (max(run[key] for run in runs) for key in ("slowest", "memory"))
    seen(
        f"{sum(cases)} cases, {len(escaped)} escaped, {read} read all the same, slowest "
        f"{slowest:.2f} s of a core, largest memory {memory} MiB"
    )
    assert not escaped
    assert not starved
    assert read > sum(cases) / 20  # else the damage is too great to get far into the decoders
    assert memory < 3072


def jpeg(width: int, height: int) -> bytes:
    """A JPEG of a few grey pixels whose header claims other sizes."""
    data = bytearray(encoded(Image.new("L", (8, 8)), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def png(width: int, height: int) -> bytes:
    data = bytearray(encoded(Image.new("L", (8, 8))))
    data[16:24] = struct.pack(">II", width, height)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


def gif(width: int, height: int) -> bytes:
    data = bytearray(encoded(Image.new("L", (8, 8)), "GIF"))
    data[6:10] = struct.pack("<HH", width, height)
    return bytes(data)


def bmp(width: int, height: int) -> bytes:
    data = bytearray(encoded(Image.new("L", (8, 8)), "BMP"))
    data[18:26] = struct.pack("<ii", width, height)
    return bytes(data)


def tiff(width: int, height: int) -> bytes:
    data = bytearray(encoded(Image.new("L", (8, 8)), "TIFF"))
    for tag, value in ((256, width), (257, height)):
        at = data.index(struct.pack("<HHI", tag, 4, 1))
        struct.pack_into("<I", data, at + 8, value)
    return bytes(data)


def webp(width: int, height: int) -> bytes:
    """An animation's canvas: of plain WebP the largest has 16,383 pixels a side."""
    file = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(file, "WEBP", save_all=True, append_images=frames[1:])
    data = bytearray(file.getvalue())
    data[24:30] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return bytes(data)


def avif(width: int, height: int) -> bytes:
    data = bytearray(encoded(Image.new("RGB", (8, 8)), "AVIF"))
    at = data.index(b"ispe") + 8
    data[at : at + 8] = struct.pack(">II", width, height)
    return bytes(data)


DECODE = """
import resource, sys
from pathlib import Path
from dcgan_inpainting.common.decoding import UnreadableImageError, decode
start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[1:]:
    try:
        decode(Path(path).read_bytes())
        print("read:", path)
    except UnreadableImageError as error:
        print(f"{Path(path).name}: {error}")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start) // 1024)
"""


def test_headers_that_claim_millions_and_billions_of_pixels(
    tmp_path: Path, seen: Callable[[str], None]
) -> None:
    files = []
    for make in (jpeg, png, gif, bmp, tiff, webp, avif):
        for side in (10_001, 16_000, 65_500):
            files.append(tmp_path / f"{side}.{make.__name__}")
            files[-1].write_bytes(make(side, side))
    ended = python(tmp_path, "-c", DECODE, *map(str, files))
    assert ended.status == 0, ended.stderr
    *reasons, memory = ended.stdout.splitlines()
    assert len(reasons) == len(files)
    for file, reason in zip(files, reasons, strict=True):
        assert reason.startswith(f"{file.name}: "), reason
        side = file.stem
        # libwebp and libavif refuse the largest by limits of their own.
        own = file.suffix in (".webp", ".avif") and side == "65500"
        assert own or f"its header claims {side}×{side} pixels" in reason
    largest = max(file.stat().st_size for file in files)
    seen(f"{len(files)} files of at most {largest} bytes refused, {memory} MiB")
    assert int(memory) < 300  # torchvision's import among them


def crop(project: Path) -> dict[str, tuple[int, ...]]:
    """Gather and crop the folder `mine`; return {file: its crop's mean colour}."""
    data = {"source": "folder", "archive": "mine", "archive_md5": None, "partition_md5": None}
    data |= {"images": 10, "val_fraction": 0.2, "test_fraction": 0.2, "seed": 1}
    square = {"size": 32, "offset_x": 0, "offset_y": 0, "image_size": 32}
    limits = {"max_pixels": 10_000, "max_unreadable": 0.01}
    raw, out = project / "raw", project / "out"
    make_raw(DownloadParams.model_validate(data), raw, project)
    params = CropParams.model_validate(square | limits)
    crop_archive(raw / "images.zip", raw / "partition.csv", params, out, project / "reports")
    crops = {split: np.load(out / f"{split}.npy") for split in SPLITS}
    with (out / "index.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {
        row["file"]: tuple(crops[row["split"]][int(row["row"])].mean((0, 1)).round().astype(int))
        for row in rows
    }


def test_a_folder_of_avif_heic_links_circles_and_backslashes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, seen: Callable[[str], None]
) -> None:
    caplog.set_level(logging.INFO)
    mine, elsewhere = tmp_path / "mine", tmp_path / "elsewhere"
    for folder in (mine / "persons", elsewhere):
        folder.mkdir(parents=True)
    expected = {}

    def put(path: Path, name: str | None, kind: str = "PNG") -> None:
        colour = (len(expected) * 4, 255 - len(expected) * 4, 100)
        path.write_bytes(encoded(Image.new("RGB", (40, 48), colour), kind))
        if name:
            expected[name] = colour

    for number in range(30):
        put(mine / f"{number}.png", f"{number}.png")
    put(mine / "persons" / "p.avif", "persons/p.avif", "AVIF")
    put(elsewhere / "far.png", "linked/far.png")
    put(tmp_path / "one.png", "one.png")
    put(mine / "a_b.png", "a_b.png")
    put(mine / "a\\b.png", "a_b~2.png")
    put(mine / "c\\d.png", "c_d.png")
    put(Path(os.fsdecode(os.fsencode(mine) + b"/\xff.png")), "_xff.png")
    put(mine / ".hidden.png", None)
    for number in range(31):
        (mine / f"IMG_{number}.HEIC").write_bytes(b"not looked at")
    (mine / "notes.txt").touch()
    (mine / "linked").symlink_to(elsewhere)
    (mine / "one.png").symlink_to(tmp_path / "one.png")
    (mine / "again.png").symlink_to(mine / "1.png")
    (mine / "circle").symlink_to(mine)
    (elsewhere / "back").symlink_to(mine)
    (mine / "gone.png").symlink_to(tmp_path / "gone.png")
    (mine / "self.png").symlink_to(mine / "self.png")
    if ".heic" in IMAGE_SUFFIXES:
        pytest.skip("pillow-heif is installed: HEIC is not left out")

    crops = crop(tmp_path)
    assert crops.keys() == expected.keys()
    for name, colour in expected.items():
        assert np.abs(np.subtract(crops[name], colour)).max() <= 2, name
    [line] = [record.getMessage() for record in caplog.records if "left out" in record.getMessage()]
    told = line.split("left out: ")[1]
    assert told == (
        "31 .heic (to read them: pip install pillow-heif), 2 broken links, 1 .txt, 1 hidden, "
        "1 links to images that are there"
    )
    seen(f"{len(crops)} crops; left out: {told}")


def test_one_image_of_sixty_that_claims_billions_of_pixels(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, seen: Callable[[str], None]
) -> None:
    (tmp_path / "mine").mkdir()
    for number in range(59):
        file = tmp_path / "mine" / f"{number}.png"
        file.write_bytes(encoded(Image.new("RGB", (40, 40), (number, 0, 0))))
    (tmp_path / "mine" / "bomb.jpg").write_bytes(jpeg(65_500, 65_500))
    assert len(crop(tmp_path)) == 59
    [warning] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warning.startswith("1 of 60 images give no crop: bomb.jpg: its header claims 65500×")
    seen(warning)
