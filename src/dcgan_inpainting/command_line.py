"""How every command ends: one line on stderr where it fails, and a status that says why.

0: done. 1: a fault of the machine (a full disk, no memory). 2: bad input. 130: Ctrl-C or SIGTERM.
A traceback is a defect of the project.
"""

import io
import logging
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from dcgan_inpainting.errors import FaultError, UserError

FAULT = 1
BAD_INPUT = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells tell it


@contextmanager
def reporting(name: str) -> Iterator[None]:
    """Run a command: say on stderr what goes on, and end the process as this module's head says.

    A reader of stdout that has gone (`| head`) ends it quietly with 0.

    Args:
        name: the command or stage, which stands before each line.
    """
    logging.basicConfig(level=logging.INFO, format=f"{name}: %(message)s", stream=sys.stderr)
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that knows no ± shows a question mark.
        sys.stdout.reconfigure(errors="replace")
    try:
        yield
        sys.stdout.flush()
    except UserError as error:
        _end(f"{name}: error: {error}", BAD_INPUT)
    except BrokenPipeError:
        # Python flushes stdout once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except (FaultError, OSError, MemoryError) as error:
        _end(f"{name}: error: {_fault(error)}", FAULT)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def quiet_until_reporting() -> None:
    """Let Ctrl-C and SIGTERM end the process at once and without a word, until `reporting` begins.

    For the first seconds of a process, while it imports its libraries: there is nothing to save.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _signal, _frame: os._exit(INTERRUPTED))


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    # A scheduler's SIGTERM then takes the way that Ctrl-C takes: the run is closed as killed.
    raise KeyboardInterrupt


def _end(line: str, status: int) -> None:
    print(line, file=sys.stderr)
    sys.exit(status)


def _fault(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "the memory is full"
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}"
    return " ".join(str(error).split())
