"""Full disks, Ctrl-C and SIGTERM: one line or none, the right status, and nothing is lost."""

import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.faults.commands import ROOT
from tests.faults.small_checkout import NOWHERE, STAGES, run, write_checkout

pytestmark = pytest.mark.timeout(1800)  # stages that import PyTorch, on a machine that may be busy

LIMIT = 1024  # bytes that a file may have where the disk is "full"
SHORT = ("download", "train", "masks")  # the stages that the short form tries


@contextmanager
def started(
    folder: Path, stage: str, *, group: bool = False, limit: int | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run a stage as DVC runs it, in a process group of its own; end it with the block.

    Args:
        folder: a checkout.
        stage: its name.
        group: whether Ctrl-C is meant to reach its children too, as in a terminal.
        limit: bytes that a file that it writes may have.
    """
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    narrow = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (limit, limit)) if limit else None
    process = subprocess.Popen(
        [sys.executable, *STAGES[stage]],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": path,
            "OMP_NUM_THREADS": "1",
            "MLFLOW_TRACKING_URI": NOWHERE,
            # Python 3.11 would keep a compiled module that the limit has cut off, and no later
            # process could import it.
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=narrow,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize("stage", STAGES)
def test_no_file_may_grow_in(
    stage: str, tmp_path: Path, long: bool, seen: Callable[[str], None]
) -> None:
    if not long and stage not in SHORT:
        pytest.skip("at full length only")
    folder = write_checkout(tmp_path / "checkout")
    with started(folder, stage, limit=LIMIT) as process:
        _, errors = process.communicate(timeout=200)
    assert "Traceback" not in errors, errors
    (line,) = (line for line in errors.splitlines() if "error: " in line)
    seen(line)
    assert process.returncode == 1
    assert line.startswith(f"{stage}: error: ")
    assert "File too large" in line or "could not be written" in line
    named = Path(line.removeprefix(f"{stage}: error: ").split(":")[0].split(" could not")[0])
    top = named.relative_to(folder) if named.is_absolute() else named
    assert top.parts[0] in ("data", "models", "reports", ".checkpoints"), line
    assert "partial" not in line


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, of 8 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"FULL DISKS ARE NOT TESTED: no disk can be mounted here: {done.stderr}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Leave no room on a disk; return the file that takes it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (2**16, 2**12, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
    return filler


@pytest.mark.parametrize("stage", ["masks", "train"])
def test_on_a_full_disk_and_once_there_is_room(
    stage: str, disk: Path, long: bool, seen: Callable[[str], None]
) -> None:
    if not long and stage == "train":
        pytest.skip("at full length only")
    folder = write_checkout(disk / "checkout")
    if stage == "train":
        assert run(folder, stage).status == 0  # its end is kept as a checkpoint
    models = {path.name: path.read_bytes() for path in (folder / "models").iterdir()}
    kept = {path.name for path in (folder / ".checkpoints").rglob("*.pt")}
    filler = fill(disk)
    ended = run(folder, stage)
    seen(ended.error)
    assert ended.status == 1
    assert "No space left on device" in ended.error or "in full" in ended.error
    filler.unlink()
    again = run(folder, stage)
    assert again.status == 0, again.stderr
    assert {path.name for path in (folder / ".checkpoints").rglob("*.pt")} == kept
    if stage == "train":
        made = {path.name: path.read_bytes() for path in (folder / "models").iterdir()}
        assert made == {name: models[name] for name in made}


SIGNALS = {"Ctrl-C": signal.SIGINT, "SIGTERM": signal.SIGTERM}


def moments(long: bool) -> list[float]:
    """Return seconds after the start, seeded: while libraries are imported, and at work."""
    rng = random.Random(14)
    return [rng.uniform(0.05, 8) for _ in range(25)] if long else [rng.uniform(0.05, 1), 4]


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("stage", ["download", "train"])
def test_interrupted_at_any_moment(
    stage: str, name: str, tmp_path: Path, long: bool, seen: Callable[[str], None]
) -> None:
    """Also while it imports its libraries. Before that, while Python itself starts, it is Python's.

    In a terminal Ctrl-C reaches the whole group.
    """
    folder = write_checkout(tmp_path / "checkout", train={"images": 100_000})
    ends = []
    for moment in moments(long):
        with started(folder, stage) as process:
            _wait_until_ours(process)
            time.sleep(moment)
            try:
                if name == "Ctrl-C":
                    os.killpg(process.pid, signal.SIGINT)
                else:
                    process.send_signal(SIGNALS[name])
            except ProcessLookupError:
                pass
            output, errors = process.communicate(timeout=100)
        ends.append(process.returncode)
        # When the work is done and Python itself ends, a signal is Python's again.
        last = [-SIGNALS[name]] if "100%" in errors else []
        assert process.returncode in (130, 0, *last), errors
        assert output == ""
        assert "Traceback" not in errors, errors
        assert "KeyboardInterrupt" not in errors, errors
        assert "error: " not in errors, errors
    seen(f"{ends.count(130)} of {len(ends)} interrupted, the others had ended")
    assert 130 in ends


def _wait_until_ours(process: subprocess.Popen[str]) -> None:
    """Wait until the process handles SIGTERM itself."""
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        time.sleep(0.5)  # no Linux
        return
    for _ in range(2000):
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        if int(lines.get("SigCgt", "0").strip(), 16) >> (signal.SIGTERM - 1) & 1:
            return
        assert process.poll() is None
        time.sleep(0.005)
    raise AssertionError("the stage handles no SIGTERM")


def test_a_second_ctrl_c_while_the_state_is_saved(
    tmp_path: Path, seen: Callable[[str], None]
) -> None:
    folder = write_checkout(tmp_path / "checkout", train={"images": 100_000})
    with started(folder, "train") as process:
        deadline = time.monotonic() + 200
        while not list(folder.glob(".checkpoints/train-*/*.pt")):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.1)
        for _ in range(3):
            os.killpg(process.pid, signal.SIGINT)
            time.sleep(0.03)
        _, errors = process.communicate(timeout=100)
    seen(f"status {process.returncode}")
    assert process.returncode == 130
    assert "Traceback" not in errors, errors
    assert list(folder.glob(".checkpoints/train-*/*.pt"))
