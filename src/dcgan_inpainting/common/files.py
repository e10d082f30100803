"""Files that are either whole or absent, whenever the process is killed; errors that name them."""

import csv
import errno
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from dcgan_inpainting.common.errors import DamagedError

# No room: on the disk, in the user's share of it, or below the limit for one file.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

# NumPy says nothing else of a write that a full disk cut short.
_CUT_SHORT = re.compile(r"\d+ requested and \d+ written")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; it becomes `path` on success and is removed on an error.

    The folder is made where it is missing. The temporary name is fixed, so that what a killed
    process left is overwritten by the next: there must be one writer at a time.

    Raises:
        OSError: it could not be written. The error names `path` and never the temporary file.
    """
    temporary = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        if str(error.filename) == str(temporary) or _is_full(error):
            raise _of(error, path) from error
        raise
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Name the file where writing it fails: a block that does nothing else.

    Raises:
        OSError: it could not be written; the error names it.
    """
    try:
        yield
    except OSError as error:
        raise _of(error, path) from error


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8; an error names the file."""
    with writing(path):
        path.write_text(text, encoding="utf-8")


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a header and rows as CSV: UTF-8, one line feed a row on every system."""
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_table(path: Path, names: Sequence[str], rows: Iterable[Mapping[str, float]]) -> None:
    """Write rows, all with the same names, under a header; fractions with six digits.

    Args:
        path: the CSV to write.
        names: of the columns, which a table without rows has too.
        rows: the values by name, each in the order of the names.
    """
    texts = (
        [value if isinstance(value, int) else f"{value:.6g}" for value in row.values()]
        for row in rows
    )
    write_csv(path, names, texts)


def read_json(path: Path, **kinds: type) -> dict[str, Any]:
    """Return what another stage wrote as JSON, which must have keys of these types.

    Raises:
        DamagedError: the file is missing, or holds something else.
    """
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise DamagedError(path, "is missing") from None
    except ValueError as error:
        raise DamagedError(path, f"is no JSON ({error})") from None
    if not isinstance(content, dict):
        raise DamagedError(path, "holds no JSON object")
    for key, kind in kinds.items():
        if not isinstance(content.get(key), kind):
            raise DamagedError(path, f"has no {key} that is a {kind.__name__}")
    return content


def md5_of(path: Path) -> str:
    """Return a file's md5 as 32 hexadecimal digits, which is DVC's name for it too."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _is_full(error: OSError) -> bool:
    return error.errno in FULL or _CUT_SHORT.fullmatch(str(error)) is not None


def _of(error: OSError, path: Path) -> OSError:
    if error.errno is None:
        return OSError(f"{path} could not be written in full ({error})")
    return OSError(error.errno, error.strerror, str(path))
