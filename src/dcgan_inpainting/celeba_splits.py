"""CelebA's own splits: the format of its list, and what the official list says."""

import logging
from pathlib import PurePosixPath

from dcgan_inpainting.errors import UserError
from dcgan_inpainting.partition import Entry

log = logging.getLogger(__name__)

LIST_NAME = "list_eval_partition.txt"

_SPLIT_OF = {"0": "train", "1": "val", "2": "test"}
_LAST_TRAIN, _LAST_VAL, _COUNT = 162_770, 182_637, 202_599


def parse_list(text: str, where: str) -> dict[str, str]:
    """Return {image: split} from a list in CelebA's format: `000001.jpg 0` a line.

    0 is train, 1 validation, 2 test. `where` names the list in errors.

    Raises:
        UserError: a line is not of that form.
    """
    splits = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        name, _, digit = line.strip().rpartition(" ")
        if not name or digit not in _SPLIT_OF:
            raise UserError(f"{where}, line {number}: {line!r} is not `FILE 0`, `FILE 1` or 2")
        splits[name.strip()] = _SPLIT_OF[digit]
    return splits


def listed_entries(names: list[str], splits: dict[str, str]) -> list[Entry]:
    """Return the images (names in a zip) that a list of splits names, in their order.

    Raises:
        UserError: it names none of them.
    """
    found = [(name, splits.get(PurePosixPath(name).name)) for name in names]
    entries = [Entry(name, split) for name, split in found if split]
    if not entries:
        raise UserError(f"{LIST_NAME} names none of the archive's images ({names[0]} …)")
    if len(entries) < len(names):
        log.warning("%d images are not in the list: left out", len(names) - len(entries))
    if len(entries) < len(splits):
        log.warning("%d listed images are not in the archive", len(splits) - len(entries))
    return entries


def official_entries(names: list[str]) -> list[Entry]:
    """Return the splits of the official images, which go by number; none for other images."""
    numbers = {f"{number:06d}.jpg": number for number in range(1, _COUNT + 1)}
    files = [name.rpartition("/")[2] for name in names]
    if set(files) != numbers.keys():
        log.warning("no %s, and not the official images: split by name", LIST_NAME)
        return []
    log.info("no %s: the official splits are known by number", LIST_NAME)
    splits = (_split_of_number(numbers[file]) for file in files)
    return [Entry(*pair) for pair in zip(names, splits, strict=True)]


def _split_of_number(number: int) -> str:
    if number <= _LAST_TRAIN:
        return "train"
    return "val" if number <= _LAST_VAL else "test"
