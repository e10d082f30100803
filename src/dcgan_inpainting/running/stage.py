"""The frame in which every stage script runs: its parameters, its lock, its run in MLflow."""

import argparse
import logging
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from filelock import FileLock, Timeout

from dcgan_inpainting.common.frame import SILENT, Run
from dcgan_inpainting.common.settings import S, Section, read_section
from dcgan_inpainting.process.command_line import reporting
from dcgan_inpainting.process.cores import available, cores, crowded
from dcgan_inpainting.process.ranks import rank_of_this_process
from dcgan_inpainting.tracking.runs import track

log = logging.getLogger(__name__)


def project_root() -> Path:
    """Return the root of the user's own checkout, also from inside a DVC experiment.

    DVC runs queued and temporary experiments in a copy of the project that is deleted afterwards;
    DVC_ROOT names the original. A stage run by hand has the working directory.
    """
    return Path(os.environ.get("DVC_ROOT") or Path.cwd())


def fresh_folder(folder: Path) -> Path:
    """Return the folder, made empty: a stage's outputs never hold an earlier run's files."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def kind_and_split(description: str | None) -> argparse.Namespace:
    """Return the arguments `kind` and `split` of a stage that is a matrix over kinds of masks."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("kind", help="the kind of mask, as in masks.kinds")
    parser.add_argument("split", help="which images: test or val, as in masks.split")
    return parser.parse_args()


def run_stage(
    name: str, model: type[S] | None, work: Callable[[S], None], *, item: str = ""
) -> None:
    """Run one stage: validate its section, hold its lock, and do its work.

    Args:
        name: the stage. Its section of params.yaml has the same name.
        model: the pydantic model of that section; None = the stage has no settings.
        work: what the stage does, given its parameters.
        item: which item of a DVC matrix this is, for example the kind of mask.

    Ends the process as command_line says.
    """
    with reporting(name):
        params: Any = Section() if model is None else read_section(name, model)
        with _framed(name, item, params, live=False):
            work(params)


def run_training(name: str, model: type[S], work: Callable[[S, Run], None]) -> None:
    """Run a stage as run_stage does, and let MLflow follow it while it works.

    Args:
        name: the stage. Its section of params.yaml has the same name.
        model: the pydantic model of that section.
        work: what the stage does, given its parameters and the run to tell.
    """
    with reporting(name):
        params = read_section(name, model)
        with _framed(name, "", params, live=True) as run:
            work(params, run)


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C and SIGTERM wait for a good moment; a second one does not wait.

    Yields:
        whether there was one. Whoever asks saves what there is and raises KeyboardInterrupt.
    """
    asked = False

    def note(_signal: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _framed(name: str, item: str, params: Section, *, live: bool) -> Iterator[Run]:
    """Let the first of the processes that share the work speak, write and be tracked for all."""
    if rank_of_this_process() > 0:
        yield SILENT
        return
    if cores() < available():
        log.info("using %d of %d cores", cores(), available())
    if live and crowded():
        log.warning("other programs keep a core busy: OMP_NUM_THREADS=1 would be much faster here")
    with _exclusive(name, item), track(name, item, params, project_root(), live=live) as run:
        yield run


@contextmanager
def _exclusive(name: str, item: str) -> Iterator[None]:
    """Hold the lock on this stage's outputs in this workspace.

    A killed `dvc repro` leaves its stage running as an orphan; the next one must not write
    beside it.
    """
    folder = Path(".dvc/tmp")
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"stage-{name}{'-' + item if item else ''}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.info("another %s is still writing here; waiting for it to end", name)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
