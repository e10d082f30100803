"""CelebA's own splits: the formats of its list, and what the official list says."""

import logging
from pathlib import PurePosixPath

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.partition import Entry, count

log = logging.getLogger(__name__)

LIST_NAME = "list_eval_partition.txt"
CSV_NAME = "list_eval_partition.csv"  # Kaggle's
ANOTHER_LIST = "if it is the list you want, set download.partition_md5 to its md5 or to any"

_SEPARATORS = ", \t"
_HEADER = ["image_id", "partition"]
_SPLIT_OF = {"0": "train", "1": "val", "2": "test"}
_LAST_TRAIN, _LAST_VAL, _COUNT = 162_770, 182_637, 202_599


def parse_list(content: bytes, where: str) -> dict[str, str]:
    """Return {image: split} from a list in the format of CelebA or of Kaggle's CSV.

    CelebA has a line `000001.jpg 0` for each image; Kaggle has `000001.jpg,0` below the header
    `image_id,partition`. Blanks, tabs, quotes, a byte-order mark and Windows' line ends do not
    matter. 0 is train, 1 validation, 2 test. `where` names the list in errors.

    Raises:
        UserError: it is not UTF-8, a line is not of that form, or an image has two splits.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{where} is not a text in UTF-8: {error.reason}") from None
    splits: dict[str, str] = {}
    lines: dict[str, int] = {}
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.replace('"', "").strip()
        if not line or (number == 1 and line.lower().replace(",", " ").split() == _HEADER):
            continue
        file, digit = line[:-1].rstrip(_SEPARATORS), line[-1]
        if not file or file == line[:-1] or digit not in _SPLIT_OF:
            raise UserError(
                f"{where}, line {number}: {raw[:80]!r} is not `FILE 0`, `FILE 1` or `FILE 2`"
            )
        split = _SPLIT_OF[digit]
        if splits.setdefault(file, split) != split:
            raise UserError(
                f"{where}, lines {lines[file]} and {number}: {file} is in {splits[file]} and in "
                f"{split}"
            )
        lines.setdefault(file, number)
    return splits


def listed_entries(names: list[str], splits: dict[str, str], archive: str) -> list[Entry]:
    """Return the images (names in a zip) that a list of splits names, in their order.

    `archive` names the zip in errors.

    Raises:
        UserError: it names none of them, or none for a split.
    """
    found = [(name, splits.get(PurePosixPath(name).name)) for name in names]
    entries = [Entry(name, split) for name, split in found if split]
    if not entries:
        raise UserError(f"the list of splits names no image of {archive} ({names[0]} …)")
    if len(entries) < len(names):
        log.warning("%d images are not in the list: left out", len(names) - len(entries))
    if len(entries) < len(splits):
        log.warning("%d listed images are not in the archive", len(splits) - len(entries))
    empty = [split for split, number in count(entries).items() if not number]
    if empty:
        raise UserError(
            f"the list of splits puts none of the {len(entries)} images of {archive} into "
            f"{' or '.join(empty)}; put a list of your own beside the archive ({LIST_NAME}: "
            "0 train, 1 validation, 2 test) with download.partition_md5=any, or set "
            "download.source to folder, which needs no list"
        )
    return entries


def refuse_unofficial(splits: dict[str, str], where: str) -> None:
    """Refuse a list that names exactly the official images, and not with their splits.

    Raises:
        UserError: so it is.
    """
    official = _official() if len(splits) == _COUNT else {}
    if splits.keys() != official.keys():
        return
    wrong = [file for file, split in official.items() if splits[file] != split]
    if wrong:
        raise UserError(
            f"{where} differs from the official list in {len(wrong)} images ({wrong[0]} …); "
            f"{ANOTHER_LIST}"
        )


def official_entries(names: list[str]) -> list[Entry]:
    """Return the splits of the official images, which go by number; none for other images."""
    files = [name.rpartition("/")[2] for name in names]
    official = _official() if len(files) == _COUNT else {}
    if set(files) != official.keys():
        log.warning("no %s, and not the official images: split by name", LIST_NAME)
        return []
    log.info("no %s: the official splits are known by number", LIST_NAME)
    return [Entry(name, official[file]) for name, file in zip(names, files, strict=True)]


def _official() -> dict[str, str]:
    return {f"{number:06d}.jpg": _split_of_number(number) for number in range(1, _COUNT + 1)}


def _split_of_number(number: int) -> str:
    if number <= _LAST_TRAIN:
        return "train"
    return "val" if number <= _LAST_VAL else "test"
