"""How every command ends: one line on stderr where it fails, and a status that says why.

0: done. 1: a fault of the machine (a full disk, no memory). 2: bad input. 130: Ctrl-C or SIGTERM.
A traceback is a defect of the project.
"""

import gc
import io
import logging
import os
import select
import signal
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from dcgan_inpainting.common.errors import FaultError, UserError
from dcgan_inpainting.common.files import FULL

FAULT = 1
BAD_INPUT = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells tell it

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def begin() -> None:
    """Make a process ready to import its libraries; to be called first, before any other import.

    Until `reporting` begins, Ctrl-C and SIGTERM end the process at once and without a word: there
    is nothing to save. What the environment asks of every Python program costs no stage its life:

    - A warning that PYTHONWARNINGS or -W makes an error is shown instead. Libraries warn of each
      other when they are imported, which is nothing that a user of this project could mend.
    - Figures are drawn into files alone, whatever screen MPLBACKEND names.

    Nor is garbage looked for until then. What is imported stays, and looking through ever more of
    it takes a sixth of the time in which PyTorch and MLflow are imported.
    """
    gc.disable()
    for number in SIGNALS:
        signal.signal(number, lambda _signal, _frame: os._exit(INTERRUPTED))
    if any(action == "error" for action, *_ in warnings.filters):
        warnings.simplefilter("default")
        # And in the processes that this one starts.
        os.environ["PYTHONWARNINGS"] = "default"
        sys.warnoptions[:] = ["default"]
    os.environ["MPLBACKEND"] = "agg"


@contextmanager
def reporting(name: str) -> Iterator[None]:
    """Run a command: say on stderr what goes on, and end the process as this module's head says.

    Args:
        name: the command or stage, which stands before each line.
    """
    if not gc.isenabled():  # as `begin` left it
        gc.freeze()
        gc.enable()
    logging.basicConfig(level=logging.INFO, format=f"{name}: %(message)s", stream=sys.stderr)
    with ending(name):
        yield


@contextmanager
def ending(name: str) -> Iterator[None]:
    """End the process as this module's head says.

    A reader of stdout that has gone (`| head`) ends it quietly with 0.

    Args:
        name: the command or stage, which stands before the line of an error.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that knows no ± shows a question mark.
        sys.stdout.reconfigure(errors="replace")
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        try:
            # A scheduler's SIGTERM takes the way that Ctrl-C takes: the run is closed as killed.
            for number in SIGNALS:
                signal.signal(number, _interrupt)
            yield
            if sys.stdout is not None:
                sys.stdout.flush()
        finally:
            # What ends the process now has nothing left to save.
            for number, handler in before.items():
                signal.signal(number, handler or signal.SIG_DFL)
    except UserError as error:
        _end(f"{name}: error: {error}", BAD_INPUT, error)
    except (FaultError, OSError, MemoryError) as error:
        if isinstance(error, BrokenPipeError) and _reader_has_gone():
            _abandoned_stdout()
            sys.exit(0)
        lost = _abandoned_stdout()
        said = f"the standard output: {lost.strerror}" if lost else _fault(error)
        _end(f"{name}: error: {said}", FAULT, error)
    except RuntimeError as error:
        if not _is_full_memory(error):
            raise
        _end(f"{name}: error: {_fault(error)}", FAULT, error)
    except KeyboardInterrupt:
        # CPython notes an interrupt inside of exec("…"), as libraries call it when they are
        # imported, and would end by the signal whatever status is asked for. This forgets it.
        eval("0")
        _abandoned_stdout()
        sys.exit(INTERRUPTED)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end(line: str, status: int, error: Exception) -> None:
    # A progress bar that the failed work has left ends its line.
    traceback.clear_frames(error.__traceback__)
    _abandoned_stdout()
    with suppress(OSError):  # nobody reads it
        print(line, file=sys.stderr)
    sys.exit(status)


def _reader_has_gone() -> bool:
    # Another pipe or a socket may have broken, which is no end to be quiet about.
    try:
        poll = select.poll()
        poll.register(sys.stdout, 0)
        return bool(poll.poll(0))
    except (AttributeError, TypeError, OSError):  # no stdout, or a system without poll
        return False


def _abandoned_stdout() -> OSError | None:
    """Return why stdout takes no more, if so; then drop what is left, which Python writes last."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return error
    return None


def _is_full_memory(error: Exception) -> bool:
    # PyTorch has errors of its own for it: the first on a GPU, the second on a CPU.
    return type(error).__name__ == "OutOfMemoryError" or "DefaultCPUAllocator" in str(error)


def _fault(error: Exception) -> str:
    if isinstance(error, MemoryError) or _is_full_memory(error):
        return "the memory is full; smaller batches need less"
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        # Most errors of writing name no file.
        more = f" (writing below {Path.cwd()})" if error.errno in FULL and not where else ""
        return f"{where}{error.strerror}{more}"
    return " ".join(str(error).split())
