"""The set-up that `make` does first: .venv from requirements.lock, the command, the page of plots.

`python -m dcgan_inpainting.commands.environment` makes what is missing, out of date or was
interrupted, one process at a time. It is run by a Python outside of .venv, which may not be there
yet: so it imports the standard library alone.
"""

# An older Python is to come as far as the line that refuses it.
from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OLDEST = (3, 11)
LOCK = Path("requirements.lock")
ENVIRONMENT = Path(".venv")
PYTHON = ENVIRONMENT / "bin" / "python"
STAMP = ENVIRONMENT / "requirements.lock"  # a copy of the lock that .venv was made from, to the end
TURN = Path(".venv.lock")  # beside .venv, which is emptied

# The console command as an installation would put it there; the package itself is not installed, so
# that nothing but the working tree is ever imported.
COMMAND = ENVIRONMENT / "bin" / "dcgan-inpainting"
SCRIPT = """\
#!/bin/sh
bin=$(cd "$(dirname "$0")" && pwd)
exec "$bin/python" "$bin/../../src/dcgan_inpainting" "$@"
"""

DVC = Path(".dvc")
PAGE = DVC / "plots" / "offline.html"
PAGE_SOURCES = (DVC / "plots" / "page.html", Path(__file__).with_name("plots_page.py"), STAMP)


def set_up() -> None:
    """Make what is missing in the working directory, once, however many ask for it at a time.

    Raises:
        FaultError: a step has failed; it has said why. The next call begins anew.
    """
    if environment_is_whole() and command_is_there() and page_is_current():
        return
    with one_at_a_time() as turn:
        if not environment_is_whole():
            make_environment(turn)
        if not command_is_there():
            COMMAND.write_text(SCRIPT, encoding="utf-8")
            COMMAND.chmod(0o755)
        if not page_is_current():
            run(turn, PYTHON, "-m", "dcgan_inpainting.commands.plots_page")


def environment_is_whole() -> bool:
    """Whether .venv was made to the end from this very lock, and its Python is still there."""
    return os.access(PYTHON, os.X_OK) and STAMP.is_file() and same(STAMP, LOCK)


def command_is_there() -> bool:
    """Whether the console command in .venv is the one that is written now."""
    return os.access(COMMAND, os.X_OK) and COMMAND.read_text(encoding="utf-8") == SCRIPT


def same(one: Path, other: Path) -> bool:
    """Whether two files hold the same bytes."""
    return one.read_bytes() == other.read_bytes()


def page_is_current() -> bool:
    """Whether the page of plots is newer than what it is made from, and DVC is told to use it."""
    local = DVC / "config.local"
    named = local.is_file() and "offline.html" in local.read_text(encoding="utf-8")
    if not named or not PAGE.is_file():
        return False
    return PAGE.stat().st_mtime >= max(source.stat().st_mtime for source in PAGE_SOURCES)


@contextmanager
def one_at_a_time() -> Iterator[int]:
    """Wait until nobody else is at the set-up; give the descriptor by which that is held.

    The system lets go of it when the last process that has it ends, however it ends. The steps have
    it too: what outlives a killed process still writes, and the next one waits for its end.
    """
    import fcntl

    with TURN.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another make is at the set-up of .venv; waiting for its end", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def make_environment(turn: int) -> None:
    """Make .venv anew, and only then its stamp.

    Args:
        turn: what `one_at_a_time` gives.

    Raises:
        FaultError: a step has failed.
    """
    print(f"Making {ENVIRONMENT} from {LOCK} (some 6 GB with PyTorch; a few minutes)", flush=True)
    STAMP.unlink(missing_ok=True)
    run(turn, sys.executable, "-m", "venv", "--clear", ENVIRONMENT)
    pip = (PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    run(turn, *pip, "--require-hashes", "-r", LOCK)
    os.sync()  # a stamp that outlives a power cut must not vouch for files that do not
    shutil.copyfile(LOCK, STAMP)


def run(turn: int, *command: str | Path) -> None:
    """Run a step, which holds the turn as long as it lives.

    Raises:
        FaultError: it failed.
    """
    from dcgan_inpainting.common.errors import FaultError

    # In a process group of its own, which Ctrl-C at a terminal does not reach, so that it has no
    # traceback of its own; and so that what it has started ends with it.
    with subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        pass_fds=[turn],
        process_group=0,
    ) as step:
        try:
            status = step.wait()
        except BaseException:
            os.killpg(step.pid, signal.SIGKILL)
            raise
    if status:
        words = " ".join(str(word) for word in command[:4])
        raise FaultError(f"'{words} …' ended with {status}; the next make begins anew")


if __name__ == "__main__":
    if sys.version_info < OLDEST:
        sys.exit("error: Python 3.11 or later is needed; name one: make PYTHON=python3.12 …")
    from dcgan_inpainting.process.command_line import reporting

    with reporting("set-up"):
        set_up()
