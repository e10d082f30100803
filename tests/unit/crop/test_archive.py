import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dcgan_inpainting.common import zips
from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.partition import SPLITS, Entry, write_partition
from dcgan_inpainting.crop.archive import _allowed, crop_archive
from dcgan_inpainting.crop.square import CropParams
from dcgan_inpainting.download.sources import DownloadParams, make_raw

CELEBA = Path(__file__).parents[3].parent / "shared" / "celeba"


def crop_params(**changes: object) -> CropParams:
    defaults = {
        "size": 32,
        "offset_x": 0,
        "offset_y": 0,
        "image_size": 32,
        "max_pixels": 10_000_000,
        "max_unreadable": 0.0,
    }
    return CropParams.model_validate(defaults | changes)


def png(level: int, side: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (side, side), (level % 256, level // 256, 7)).save(file, "PNG")
    return file.getvalue()


def make_images(folder: Path, count: int, bad: dict[int, bytes] | None = None) -> list[Entry]:
    """A zip of flat images, each of which shows its number; every 5th for val, every 7th test."""
    contents = {number: png(number, 32) for number in range(count)} | (bad or {})
    zips.pack(((f"{n}.png", content) for n, content in contents.items()), folder / "images.zip")
    splits = ["test" if n % 7 == 6 else "val" if n % 5 == 4 else "train" for n in range(count)]
    entries = [Entry(f"{number}.png", split) for number, split in enumerate(splits)]
    write_partition(entries, folder / "partition.csv")
    return entries


def crop(folder: Path, params: CropParams, out: str = "out", **options: int) -> dict[str, int]:
    raw = (folder / "images.zip", folder / "partition.csv")
    return crop_archive(*raw, params, folder / out, folder / out / "reports", **options)


def read_csv(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_each_row_is_the_image_that_the_index_names(tmp_path: Path) -> None:
    bad = {3: b"nothing", 11: b"", 200: png(200, 20)}
    entries = make_images(tmp_path, 300, bad)
    counts = crop(tmp_path, crop_params(max_unreadable=0.01))

    header, *index = read_csv(tmp_path / "out" / "index.csv")
    assert header == ["split", "row", "file"]
    expected = [e for e in entries if int(e.file.removesuffix(".png")) not in bad]
    arrays = {split: np.load(tmp_path / "out" / f"{split}.npy", mmap_mode="r") for split in SPLITS}
    for split in SPLITS:
        mine = [row for row in index if row[0] == split]
        assert [row[1] for row in mine] == [str(n) for n in range(len(arrays[split]))]
        assert [row[2] for row in mine] == [e.file for e in expected if e.split == split]
    for split, row, file in index:
        number = int(file.removesuffix(".png"))
        assert np.all(arrays[split][int(row)] == (number % 256, number // 256, 7))
    assert arrays["train"].shape[1:] == (32, 32, 3)
    assert arrays["train"].dtype == np.uint8

    assert counts == json.loads((tmp_path / "out/reports/crop.json").read_text())
    assert counts["images"] == 297
    assert counts["unreadable"] == 3
    assert {split: counts[split] for split in SPLITS} == {s: len(a) for s, a in arrays.items()}
    header, *failures = read_csv(tmp_path / "out/reports/unreadable.csv")
    assert header == ["file", "reason"]
    assert {row[0]: row[1] for row in failures} == {
        "3.png": "not an image of a known format",
        "11.png": "the file is empty",
        "200.png": "20×20 is too small for the 32 px crop",
    }
    with Image.open(tmp_path / "out/reports/crop.png") as picture:
        assert picture.size == (6 * 34 + 2, 6 * 34 + 2)


def test_the_bytes_do_not_depend_on_the_threads(tmp_path: Path) -> None:
    make_images(tmp_path, 400)
    crop(tmp_path, crop_params(), "one", threads=1)
    crop(tmp_path, crop_params(), "three", threads=3)
    for name in ("train.npy", "val.npy", "test.npy", "index.csv", "reports/crop.png"):
        one, three = (tmp_path / out / name for out in ("one", "three"))
        assert one.read_bytes() == three.read_bytes(), name


def test_too_many_unreadable_images_are_an_error_that_helps(tmp_path: Path) -> None:
    make_images(tmp_path, 200)
    with pytest.raises(UserError) as caught:
        crop(tmp_path, crop_params(size=108, max_unreadable=0.1))
    message = str(caught.value)
    assert "200 in all" in message
    assert "0.png: 32×32 is too small for the 108 px crop" in message
    assert "set crop.size to 32 or less" in message
    assert "crop.max_unreadable (now 0.1)" in message
    failures = read_csv(tmp_path / "out/reports/unreadable.csv")
    assert 20 < len(failures) - 1 <= 200
    assert not list((tmp_path / "out").glob("*.npy"))
    assert not list((tmp_path / "out").glob(".*"))


@pytest.mark.parametrize(
    ("total", "share", "allowed"),
    [
        (100, 0.0, 0),  # none at all
        (100, 0.01, 5),  # a few stop no crop
        (100, 0.07, 7),
        (100, 1.0, 100),
        (8, 0.01, 4),  # but never more than half
        (3, 0.01, 1),
    ],
)
def test_how_many_unreadable_images_are_let_through(total: int, share: float, allowed: int) -> None:
    assert _allowed(total, share) == allowed


def test_a_few_unreadable_images_of_a_small_set_are_named_in_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_images(tmp_path, 60, dict.fromkeys(range(0, 50, 10), b""))
    assert crop(tmp_path, crop_params(max_unreadable=0.01))["unreadable"] == 5
    [warning] = [record.getMessage() for record in caplog.records]
    assert warning.startswith("5 of 60 images give no crop: 0.png: the file is empty; 10.png: ")
    assert "unreadable.csv" in warning
    make_images(tmp_path, 60, dict.fromkeys(range(0, 60, 10), b""))
    with pytest.raises(UserError, match="6 of the first"):
        crop(tmp_path, crop_params(max_unreadable=0.01))


def test_an_offset_beyond_the_images_is_an_error_that_says_so(tmp_path: Path) -> None:
    make_images(tmp_path, 20)
    with pytest.raises(UserError) as caught:
        crop(tmp_path, crop_params(offset_x=500, max_unreadable=0.01))
    message = str(caught.value)
    assert "0.png: offset 500, 0 lies outside of 32×32" in message
    assert "bring crop.offset_x and crop.offset_y nearer to 0 (now 500, 0)" in message
    assert "crop.size" not in message
    assert "\n" not in message


def test_a_split_without_images_is_an_error(tmp_path: Path) -> None:
    make_images(tmp_path, 7, {4: b""})
    with pytest.raises(UserError, match=r"'val'.*download\.val_fraction"):
        crop(tmp_path, crop_params(max_unreadable=0.01))


def test_a_missing_input_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"partition\.csv not found"):
        crop(tmp_path, crop_params())


@pytest.fixture
def celeba() -> Path:
    if not CELEBA.is_dir():
        pytest.skip("no sample of CelebA in ../shared/celeba: real photographs are not tested")
    return CELEBA


def test_real_faces(celeba: Path, tmp_path: Path) -> None:
    values = {
        "source": "celeba",
        "archive": str(celeba / "img_align_celeba.zip"),
        "archive_md5": "7cc19d6f8d0c71095ceaf84d2757a619",
        "partition_md5": "ae19222493045568f68bbcdcb42faccb",
        "images": 10,
        "val_fraction": 0.1,
        "test_fraction": 0.1,
        "seed": 0,
    }
    make_raw(DownloadParams.model_validate(values), tmp_path, tmp_path)
    counts = crop(tmp_path, crop_params(size=54, image_size=64))
    assert (counts["train"], counts["val"], counts["test"]) == (8000, 500, 500)
    images = np.load(tmp_path / "out" / "val.npy", mmap_mode="r")
    assert 70 < images.mean() < 170
    assert images.std(axis=0).min() > 20  # no pixel is the same in all of them
    with pytest.raises(UserError, match=r"89×109 is too small.* 54 "):
        crop(tmp_path, crop_params(size=108, max_unreadable=0.01), "wrong")
