"""How many cores a stage uses: all but one, or its share where queue workers run stages."""

import os
import re

import psutil

# OpenMP's variable, which PyTorch and NumPy's linear algebra read when they are imported.
THREADS = "OMP_NUM_THREADS"

LOOK = 0.3  # seconds over which others' use of the cores is measured

# What it takes for a number.
_NUMBER = re.compile(r"[0-9]{1,9}")

# The name that DVC gives a worker of `dvc queue start`: a hash of the project's path, a number.
_WORKER = re.compile(r"dvc-exp-([0-9a-f]+)-([0-9]+)@localhost")


def available() -> int:
    """Return how many cores this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cores() -> int:
    """Return how many of the available cores to use: OMP_NUM_THREADS where it is set, or all."""
    return min(_asked_for() or available(), available())


def take_share() -> None:
    """Set OMP_NUM_THREADS so that no thread waits for a core that something else holds.

    Threads that wait for each other then cost many times what they gain. So of more than two cores
    one is left to whatever else runs; and where other queue workers of this project run stages at
    the same time, each takes the available cores divided by the living workers, at least one. What
    the user set is left as it is.

    To be called before anything imports PyTorch or NumPy.
    """
    if _asked_for() is not None:
        return
    if (workers := queue_workers()) > 1:
        os.environ[THREADS] = str(max(1, available() // workers))
    elif available() > 2:
        os.environ[THREADS] = str(available() - 1)


def crowded() -> bool:
    """Return whether other programs now hold cores that this one's threads would wait for."""
    if cores() == 1:
        return False
    held = psutil.cpu_percent(LOOK) / 100 * (os.cpu_count() or 1)
    return cores() + held > available() + 0.5


def queue_workers() -> int:
    """Return how many queue workers of this project live; 0 in a process that none of them started.

    `dvc queue start -j N` starts its N workers at once, and each takes seconds until its first
    stage: by then all of them are there.
    """
    ancestors = (_worker(process) for process in psutil.Process().parents())
    mine = next((worker for worker in ancestors if worker), None)
    if mine is None:
        return 0
    project = mine[0]
    everybody = (_worker(process) for process in psutil.process_iter())
    # By their numbers: on Windows a worker is two processes, Python's launcher and Python.
    return len({number for found, number in filter(None, everybody) if found == project})


def _worker(process: psutil.Process) -> tuple[str, str] | None:
    """Return a queue worker's project and number, None for any other process."""
    try:
        words = process.cmdline()
    except psutil.Error:
        return None  # another user's, or gone meanwhile
    match = next(filter(None, map(_WORKER.fullmatch, words)), None)
    return (match[1], match[2]) if match else None


def _asked_for() -> int | None:
    # OpenMP takes a list, one number for each level of nesting; what is no number it ignores.
    first = os.environ.get(THREADS, "").partition(",")[0].strip()
    number = int(first) if _NUMBER.fullmatch(first) else 0
    return number if number > 0 else None
