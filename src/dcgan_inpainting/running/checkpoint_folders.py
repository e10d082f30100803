"""Folders for what a run keeps: one process at a time holds one, and unused ones are removed.

A run is a stage and its identity: whatever determines the bytes that the stage will write. The
folders of all runs lie side by side, with a lock's file beside each.
"""

import hashlib
import json
import logging
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import BaseFileLock, FileLock, Timeout

from dcgan_inpainting.common.files import replacing

log = logging.getLogger(__name__)

RUNS_KEPT = 20  # an interrupted sweep of usual size goes on in all of its experiments
DAYS_KEPT = 14  # what is left for a holiday goes on after it
LOOK_AGAIN = 0.5  # seconds; who waits for a run of minutes or hours need not be quick

_NAME = re.compile(r"(?P<stage>.+)-[0-9a-f]{16}")


def run_folder(home: Path, stage: str, identity: Mapping[str, Any]) -> Path:
    """Return where in `home` a run's folder is: `<stage>-<16 digits of the identity's sha256>`.

    Raises:
        TypeError: the identity is not what JSON can hold.
    """
    text = json.dumps(identity, sort_keys=True)
    return home / f"{stage}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


@contextmanager
def held(folder: Path, identity: Mapping[str, Any]) -> Iterator[None]:
    """Make a run's folder and hold it, with the identity in identity.json for people to read.

    While another living process holds it, wait, and say so in one line of the log. The system
    frees the lock of a process that was killed.

    Folders of other runs are removed, when they were not used for DAYS_KEPT days or are not among
    the RUNS_KEPT used last, but never one that a process holds. A folder is used when it is opened
    and when a file is added to it.

    Raises:
        OSError: the folder cannot be made or locked.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(_lock_of(folder))
    try:
        _wait_for(folder, lock)
        # On a full disk the lock is worth having without it.
        with suppress(OSError), replacing(folder / "identity.json") as temporary:
            temporary.write_text(json.dumps(identity, indent=2) + "\n", encoding="utf-8")
        yield
    finally:
        lock.release()


def _wait_for(folder: Path, lock: BaseFileLock) -> None:
    waiting = False
    while not _enter(folder, lock):
        if not waiting:
            stage = folder.name.rpartition("-")[0]
            log.info("another process is at the very same %s; waiting for it to end", stage)
            waiting = True
        time.sleep(LOOK_AGAIN)


def _enter(folder: Path, lock: BaseFileLock) -> bool:
    """Make a run's folder and take its lock, if nobody else has it; return whether."""
    # Who makes, locks or removes a run stands in this door, alone. So no folder and no lock's file
    # is removed under a process that is about to lock it.
    with FileLock(folder.parent / "door.lock"):
        folder.mkdir(exist_ok=True)
        os.utime(folder)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        _remove_old(folder.parent)
        return True


def _remove_old(home: Path) -> None:
    runs = [path for path in home.iterdir() if _NAME.fullmatch(path.name) and path.is_dir()]
    used = {path: path.stat().st_mtime for path in runs}
    runs.sort(key=lambda path: used[path], reverse=True)
    too_long_ago = time.time() - DAYS_KEPT * 24 * 3600
    for rank, run in enumerate(runs):
        if rank >= RUNS_KEPT or used[run] < too_long_ago:
            # A process may hold it (Timeout is an OSError), or it may be another user's.
            with suppress(OSError):
                _remove(run)


def _remove(run: Path) -> None:
    lock = FileLock(_lock_of(run))
    lock.acquire(timeout=0)
    # Nobody takes it again before this process leaves the door; Windows removes no open file.
    lock.release()
    # Before the folder, since it is by its folder that a run is found and removed: a kill in
    # between leaves no file that stays for ever.
    _lock_of(run).unlink(missing_ok=True)
    shutil.rmtree(run)


def _lock_of(run: Path) -> Path:
    # Beside the folder, where looking whether it is free does not make the folder a used one.
    return run.with_name(f"{run.name}.lock")
