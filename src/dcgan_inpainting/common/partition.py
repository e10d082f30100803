"""Which image belongs to which split, and the file that says so."""

import csv
import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.files import write_csv

SPLITS = ("train", "val", "test")

# From when on the folders of a level are taken for persons: fewer, or larger ones, are no fine
# enough grain to make a validation and a test set of.
_FEWEST_FOLDERS = 10
_LARGEST_FOLDER = 0.2  # share of all images

_ANEW = "bring it back with `dvc checkout`, or make it anew with `dvc repro -f download`"


class Entry(NamedTuple):
    """An image's name inside the zip, and its split."""

    file: str
    split: str


def by_position(count: int, val_fraction: float, test_fraction: float) -> list[str]:
    """Return the split of each of `count` images: the last are the test, those before validation.

    Each share is rounded to whole images, and at least one; so is the rest, for training.
    """
    val, test = (max(1, round(count * share)) for share in (val_fraction, test_fraction))
    while val + test >= count and max(val, test) > 1:
        val, test = (val - 1, test) if val > test else (val, test - 1)
    train = max(0, count - val - test)
    return (["train"] * train + ["val"] * val + ["test"] * test)[:count]


def by_name(
    files: Sequence[str], val_fraction: float, test_fraction: float
) -> tuple[list[str], str]:
    """Return each image's split from its path alone, and a few words on how it was found.

    What shares a unit shares a split, and a unit's split is the hash of its name, so that it stays
    the same on every system, and when images come or go. The unit is

    1. the folder, where folders look like persons, so that nobody is trained on and tested. The
       levels of folders are tried from the top; the first one is taken that has at least 10
       different names of which none holds more than a fifth of the images. Images that lie higher
       up are units of their own.
    2. else the image's path below the folders that all images have in common: in a flat folder, or
       a zip of one, the file's name.

    An image's split depends on the other images only in this: which level is taken, which folders
    all have in common, and, where the hashes of few units would leave a split empty, their order:
    the lowest hashes are the test, the next ones validation, each at least one.

    Args:
        files: the images' paths, with slashes.
        val_fraction: the share of units for validation, 0…1.
        test_fraction: the share of units for the test, 0…1.
    """
    units, how = _units(files)
    hashes = {unit: _hash(unit) for unit in units}
    split_of = {
        unit: _split_at(position, val_fraction, test_fraction) for unit, position in hashes.items()
    }
    if len(set(split_of.values())) < len(SPLITS):
        splits = by_position(len(hashes), val_fraction, test_fraction)
        how += ", in the order of their hashes"
        highest_first = sorted(hashes, key=hashes.__getitem__, reverse=True)
        split_of = dict(zip(highest_first, splits, strict=True))
    return [split_of[unit] for unit in units], how


def _units(files: Sequence[str]) -> tuple[list[str], str]:
    # macOS stores é as two code points, Linux as one.
    paths = [PurePosixPath(unicodedata.normalize("NFC", file)).parts for file in files]
    deepest = max(map(len, paths), default=0)
    for level in range(deepest - 1):
        names = Counter(path[level] for path in paths if len(path) > level + 1)
        if len(names) >= _FEWEST_FOLDERS and max(names.values()) <= _LARGEST_FOLDER * len(paths):
            # A folder's name alone: train/anna and test/anna are one person.
            units = [path[level] if len(path) > level + 1 else "/".join(path) for path in paths]
            return units, f"by {len(names)} folders, the images of each in one split"
    shared = 0
    while deepest and all(
        len(path) > shared + 1 and path[shared] == paths[0][shared] for path in paths
    ):
        shared += 1
    flat = deepest == shared + 1
    how = "by name" if flat else "by path, the folders being too few or too large to split by them"
    return ["/".join(path[shared:]) for path in paths], how


def _hash(unit: str) -> float:
    digest = hashlib.sha256(unit.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _split_at(position: float, val_fraction: float, test_fraction: float) -> str:
    if position < test_fraction:
        return "test"
    return "val" if position < test_fraction + val_fraction else "train"


def write_partition(entries: Iterable[Entry], path: Path) -> None:
    """Write entries as CSV with the columns file and split, in their order.

    Raises:
        UserError: an image's name would not come back.
    """
    write_csv(path, Entry._fields, map(_readable, entries))


def _readable(entry: Entry) -> Entry:
    if "\r" in entry.file:
        raise UserError(f"{entry.file!r} has a line break in its name: rename it")
    return entry


def read_partition(path: Path) -> list[Entry]:
    """Read what write_partition wrote.

    Raises:
        UserError: the file is missing or damaged.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            if tuple(next(rows, [])) != Entry._fields:
                raise ValueError(f"line 1 is not {','.join(Entry._fields)}")
            entries = [_entry(row, rows.line_num) for row in rows]
    except FileNotFoundError:
        raise UserError(f"{path} not found: {_ANEW}") from None
    except (csv.Error, ValueError) as error:  # of which one is UnicodeDecodeError
        raise UserError(f"{path} is damaged: {error}; {_ANEW}") from None
    return entries


def _entry(row: list[str], line: int) -> Entry:
    if len(row) != len(Entry._fields) or row[1] not in SPLITS or not row[0] or "\0" in row[0]:
        shown = ",".join(row)[:80]
        raise ValueError(f"line {line}, {shown!r}, is not a file and one of {', '.join(SPLITS)}")
    return Entry(*row)


def count(entries: Iterable[Entry]) -> dict[str, int]:
    """Return the number of images in each split, 0 included."""
    found = Counter(entry.split for entry in entries)
    return {split: found[split] for split in SPLITS}
