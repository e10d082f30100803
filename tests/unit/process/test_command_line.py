"""How commands end."""

import errno
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from dcgan_inpainting.common.errors import DamagedError, FaultError, UserError
from dcgan_inpainting.process.command_line import BAD_INPUT, FAULT, INTERRUPTED, ending, reporting

SRC = Path(__file__).parents[3] / "src"
FULL_MEMORY = "the memory is full; smaller batches need less"


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (UserError("no images"), BAD_INPUT, "no images"),
        (
            DamagedError(Path("a.npy"), "is missing"),
            BAD_INPUT,
            "a.npy is missing; `dvc checkout` brings back what the pipeline made, and `dvc repro` "
            "makes it anew",
        ),
        (FaultError("it broke"), FAULT, "it broke"),
        (MemoryError(), FAULT, FULL_MEMORY),
        (torch.OutOfMemoryError("CUDA out of memory. Tried …"), FAULT, FULL_MEMORY),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), FAULT, FULL_MEMORY),
        (OSError(errno.EACCES, "Permission denied", "a.npy"), FAULT, "a.npy: Permission denied"),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            FAULT,
            f"No space left on device (writing below {Path.cwd()})",
        ),
        (OSError("one\ntwo"), FAULT, "one two"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), FAULT, "Broken pipe"),  # not stdout's
    ],
)
def test_an_error_is_one_line_and_a_status(
    error: Exception, status: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, ending("stage"):
        raise error
    assert ended.value.code == status
    assert capsys.readouterr().err == f"stage: error: {line}\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_means_what_it_did_before(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(SystemExit) as ended, ending("stage"):
        os.kill(os.getpid(), number)
    assert ended.value.code == INTERRUPTED
    assert signal.getsignal(number) is before


def test_a_defect_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), reporting("stage"):
        print(1 / 0)


def test_what_goes_on_is_said_on_stderr() -> None:
    program = """
import logging
from dcgan_inpainting.process.command_line import reporting
with reporting("stage"):
    logging.getLogger("x").info("12 × 3 …")
    print("± 3 ←")
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(SRC), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "? 3 ?\n"
    assert done.stderr == "stage: 12 \\xd7 3 \\u2026\n"
    assert logging.getLogger().level != logging.INFO


def test_begin_shows_what_the_environment_makes_an_error() -> None:
    program = """
import sys, warnings
from dcgan_inpainting.process.command_line import begin
begin()
warnings.warn("seen", DeprecationWarning)
import matplotlib, multiprocessing, os, subprocess
print(matplotlib.get_backend().lower())
subprocess.run([sys.executable, "-c", "import warnings; warnings.warn('below')"], check=True)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={
            **os.environ,
            "PYTHONPATH": str(SRC),
            "PYTHONWARNINGS": "error",
            "MPLBACKEND": "nonsense",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "agg\n"
    assert "DeprecationWarning: seen" in done.stderr
    assert "UserWarning: below" in done.stderr


def test_garbage_is_looked_for_once_the_work_begins() -> None:
    program = """
import gc
from dcgan_inpainting.process.command_line import begin, reporting
begin()
before = gc.isenabled(), gc.get_freeze_count()
with reporting("stage"):
    print(*before, gc.isenabled(), gc.get_freeze_count() > 1000)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(SRC)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False 0 True True\n"


def test_an_interrupt_inside_of_exec_is_no_death_by_signal(tmp_path: Path) -> None:
    """As where a library that is being imported makes a class out of text."""
    (tmp_path / "command.py").write_text("""
from dcgan_inpainting.process.command_line import reporting
with reporting("command"):
    exec("import os, signal; os.kill(os.getpid(), signal.SIGINT); [None for _ in range(9)]")
""")
    done = subprocess.run(
        [sys.executable, "-m", "command"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(SRC)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == INTERRUPTED
    assert done.stderr == ""
