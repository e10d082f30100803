"""What a full disk or a power cut leaves of DVC's own files, mended before `make` runs DVC.

DVC stops at an empty or torn note of its own with a word about JSON, in every later command. An
empty object in its cache it does not notice: it puts it in the place of a stage's good output, and
calls that up to date. `python -m dcgan_inpainting.commands.dvc_files` removes both, and says so.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import yaml

from dcgan_inpainting.common.errors import FaultError
from dcgan_inpainting.process.command_line import reporting

DVC = Path(".dvc")
LOCK = Path("dvc.lock")
SECONDS = 10  # longer than DVC takes from opening a file to writing it: such a file is left alone

# Notes that DVC makes anew, and what goes with them.
NOTES = {
    "tmp/rwlock": "DVC's note of what is in use",
    "tmp/exps/rwlock": "the same for experiments",
    "tmp/exps/run/*/*.json": "what DVC knew of a queued experiment's end",
    "tmp/exps/celery/broker/in/*.msg": "a place in DVC's queue: queue that experiment again",
}
OBJECTS = "cache/files/md5/??/*"
EMPTY = "d41d8cd98f00b204e9800998ecf8427e"  # md5 of no bytes


def mend() -> None:
    """Remove what DVC would stumble over, a line for each.

    Raises:
        FaultError: dvc.lock is torn; it is the user's, and in git.
    """
    for path, what in (*torn_notes(), *empty_objects()):
        path.unlink(missing_ok=True)
        print(f"{path} was empty or torn, as after a full disk; removed ({what})")
    if not is_whole(LOCK):
        raise FaultError(
            f"{LOCK} is empty or torn, as after a full disk: `git checkout {LOCK}` brings the "
            "committed one back, and DVC's cache what was finished since"
        )


def torn_notes() -> Iterator[tuple[Path, str]]:
    """Yield the notes that are no JSON, and what each was."""
    for pattern, what in NOTES.items():
        for path in DVC.glob(pattern):
            if is_at_rest(path) and not is_json(path):
                yield path, what


def empty_objects() -> Iterator[tuple[Path, str]]:
    """Yield the objects of DVC's cache that have lost their bytes."""
    for path in DVC.glob(OBJECTS):
        if path.stat().st_size == 0 and path.parent.name + path.name != EMPTY and is_at_rest(path):
            yield path, "a result in DVC's cache: `dvc repro` makes it again"


def is_at_rest(path: Path) -> bool:
    """Whether nobody can be writing a file."""
    return abs(time.time() - path.stat().st_mtime) > SECONDS


def is_json(path: Path) -> bool:
    """Whether a file holds a JSON object."""
    try:
        return isinstance(json.loads(path.read_bytes()), dict)
    except ValueError:  # also what is no text
        return False


def is_whole(lock: Path) -> bool:
    """Whether dvc.lock can be read, where there is one."""
    if not lock.is_file():
        return True
    try:
        document = yaml.load(lock.read_bytes(), yaml.CSafeLoader)
    except yaml.YAMLError:
        return False
    return isinstance(document, dict) and "schema" in document


if __name__ == "__main__":
    with reporting("dvc"):
        mend()
