"""The share of the cores: with real processes in the place of DVC's queue workers."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dcgan_inpainting.process import cores

SRC = Path(cores.__file__).parents[2]

# What a stage does: take its share on a machine of so many cores. Then what it has.
STAGE = """
import json, os, sys
from dcgan_inpainting.process import cores
cores.available = lambda: int(sys.argv[1])
cores.take_share()
print(json.dumps([cores.queue_workers(), os.environ.get("OMP_NUM_THREADS"), cores.cores()]))
"""
# A worker with something to do: its stage is a grandchild, as with DVC's `exp exec-run` between.
WORKER = """
import subprocess, sys
between = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)"
sys.exit(subprocess.run([sys.executable, "-c", between, *sys.argv[4:]]).returncode)
"""
IDLE = "import sys; print('up', flush=True); sys.stdin.read()"


def command(program: str, project: str, number: int) -> list[str]:
    node = f"dvc-exp-{project}-{number}@localhost"
    return [sys.executable, "-c", program, "exp", "queue-worker", node]


@pytest.fixture
def idle_worker() -> Iterator[Callable[[str, int], "subprocess.Popen[bytes]"]]:
    """Start a worker that waits."""
    started = []

    def start(project: str, number: int) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            command(IDLE, project, number), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"up"
        return process

    yield start
    for process in started:
        process.communicate()


def printed(command: list[str], **extra: str) -> str:
    """Return what a command prints that finds no number of threads but the one in `extra`."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(SRC), str(SRC.parent)])}
    environment.pop("OMP_NUM_THREADS", None)
    environment |= extra
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def share(before: list[str], available: int, **extra: str) -> tuple[int, str | None, int]:
    """Return what a stage sees that the command `before` starts: workers, variable, cores."""
    stage = [*before, sys.executable, "-c", STAGE, str(available)]
    workers, variable, used = json.loads(printed(stage, **extra))
    return workers, variable, used


@pytest.fixture
def project() -> str:
    """A hash as DVC would give it, but of no project that may have workers here."""
    return f"0{os.getpid():x}0"


@pytest.mark.parametrize(
    ("available", "others", "expected"), [(8, 1, 4), (8, 2, 2), (2, 1, 1), (2, 3, 1), (1, 1, 1)]
)
def test_workers_of_a_project_share_the_cores(
    project: str,
    idle_worker: Callable[[str, int], object],
    available: int,
    others: int,
    expected: int,
) -> None:
    for number in range(2, 2 + others):
        idle_worker(project, number)
    assert share(command(WORKER, project, 1), available) == (1 + others, str(expected), expected)


def test_a_single_worker_leaves_one_core_whatever_other_projects_do(
    project: str, idle_worker: Callable[[str, int], "subprocess.Popen[bytes]"]
) -> None:
    idle_worker(f"{project}1", 2)
    gone = idle_worker(project, 2)
    gone.kill()
    gone.wait()
    assert share(command(WORKER, project, 1), 8) == (1, "7", 7)


def test_a_worker_that_is_two_processes_counts_once(
    project: str, idle_worker: Callable[[str, int], object]
) -> None:
    idle_worker(project, 1)
    assert share(command(WORKER, project, 1), 8) == (1, "7", 7)


@pytest.mark.parametrize(
    ("available", "variable", "used"), [(8, "7", 7), (3, "2", 2), (2, None, 2), (1, None, 1)]
)
def test_a_stage_outside_of_the_queue_leaves_one_of_more_than_two_cores(
    project: str,
    idle_worker: Callable[[str, int], object],
    available: int,
    variable: str | None,
    used: int,
) -> None:
    idle_worker(project, 1)
    idle_worker(project, 2)
    assert share([], available) == (0, variable, used)


@pytest.mark.parametrize(
    ("used", "held", "crowded"),
    [(2, 0.0, False), (2, 30.0, True), (3, 20.0, False), (3, 40.0, True), (1, 100.0, False)],
)
def test_cores_are_crowded_where_others_hold_what_its_threads_need(
    used: int, held: float, crowded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of four cores on the machine, of which a process may use as many as it does, or one more."""
    monkeypatch.setattr(cores, "available", lambda: 4 if used == 3 else used)
    monkeypatch.setattr(cores, "cores", lambda: used)
    monkeypatch.setattr(cores.os, "cpu_count", lambda: 4)
    monkeypatch.setattr(cores.psutil, "cpu_percent", lambda _seconds: held)
    assert cores.crowded() is crowded


@pytest.mark.parametrize(
    ("threads", "variable", "used"),
    [
        ("3", "3", 3),
        ("3,2", "3,2", 3),  # a number for each level of nesting
        ("16", "16", 8),
        ("", "4", 4),
        ("0", "4", 4),
        ("many", "4", 4),
        ("9" * 5000, "4", 4),
    ],
)
def test_a_number_of_threads_that_the_user_set_wins(
    project: str,
    idle_worker: Callable[[str, int], object],
    threads: str,
    variable: str,
    used: int,
) -> None:
    idle_worker(project, 2)
    seen = share(command(WORKER, project, 1), 8, OMP_NUM_THREADS=threads)
    assert seen == (2, variable, used)


def test_available_cores_are_those_of_this_process() -> None:
    assert 1 <= cores.available() <= (os.cpu_count() or 1)


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="this system ties no process to cores"
)
def test_a_process_that_is_tied_to_one_core_has_one() -> None:
    program = (
        "import os; from dcgan_inpainting.process.cores import available\n"
        "os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1]); print(available())"
    )
    assert printed([sys.executable, "-c", program]).strip() == "1"


def test_pytorch_takes_a_stages_share(
    project: str, idle_worker: Callable[[str, int], object]
) -> None:
    idle_worker(project, 2)
    stage = [sys.executable, "-c", "import stages, torch; print(torch.get_num_threads())"]
    expected = max(1, cores.available() // 2)
    assert int(printed([*command(WORKER, project, 1), *stage])) == expected
