"""Which image belongs to which split, and the file that says so."""

import csv
import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from dcgan_inpainting.atomic import write_csv
from dcgan_inpainting.errors import UserError

SPLITS = ("train", "val", "test")


class Entry(NamedTuple):
    """An image's name inside the zip, and its split."""

    file: str
    split: str


def by_position(count: int, val_fraction: float, test_fraction: float) -> list[str]:
    """Return the split of each of `count` images: the last are the test, those before validation.

    Each share is rounded to whole images, and at least one.
    """
    val, test = (max(1, round(count * share)) for share in (val_fraction, test_fraction))
    train = max(0, count - val - test)
    return (["train"] * train + ["val"] * val + ["test"] * test)[:count]


def by_name(file: str, val_fraction: float, test_fraction: float) -> str:
    """Return an image's split from its name alone (without folders).

    The same name always has the same split, whatever other images there are, on every system.
    """
    # macOS stores é as two code points, Linux as one.
    name = unicodedata.normalize("NFC", PurePosixPath(file).name)
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    position = int.from_bytes(digest[:8], "big") / 2**64
    if position < test_fraction:
        return "test"
    return "val" if position < test_fraction + val_fraction else "train"


def write_partition(entries: Iterable[Entry], path: Path) -> None:
    """Write entries as CSV with the columns file and split, in their order."""
    write_csv(path, Entry._fields, entries)


def read_partition(path: Path) -> list[Entry]:
    """Read what write_partition wrote.

    Raises:
        UserError: the file is missing or is no partition.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            header = next(rows, [])
            entries = [Entry(*row) for row in rows if len(row) == len(Entry._fields)]
    except FileNotFoundError:
        raise UserError(f"{path} not found: run the stage download first") from None
    strange = {entry.split for entry in entries}.difference(SPLITS)
    if tuple(header) != Entry._fields or strange:
        raise UserError(f"{path} must have the columns file and split, split one of {SPLITS}")
    return entries


def count(entries: Iterable[Entry]) -> dict[str, int]:
    """Return the number of images in each split, 0 included."""
    found = Counter(entry.split for entry in entries)
    return {split: found[split] for split in SPLITS}
