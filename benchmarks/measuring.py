"""What every benchmark does: work in a process of its own, timed, with its own peak memory."""

import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple


class Measurement(NamedTuple):
    """Images a second, and the MiB that the work added to its process at the most."""

    rate: float
    memory: float


def now() -> float:
    """Return the seconds of a clock, read when a GPU has done all that it was given.

    With CLOCK=processor it is the processor's time, of all threads together: with one thread as
    long as on a quiet machine, nearly, also where other work runs beside.
    """
    # Not every benchmark needs PyTorch, which takes seconds to import.
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.synchronize()
    return time.process_time() if os.environ.get("CLOCK") == "processor" else time.perf_counter()


def measured(work: Callable[..., tuple[int, float]], *arguments: object) -> Measurement:
    """Run `work` in a fresh process; it returns a number of images and the seconds they took."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_measure, work, arguments).result()


def _measure(work: Callable[..., tuple[int, float]], arguments: tuple[object, ...]) -> Measurement:
    before = _peak_memory()
    count, seconds = work(*arguments)
    return Measurement(count / seconds, _peak_memory() - before)


def _peak_memory() -> float:
    """Return the most memory that this process has held, in MiB (Linux and macOS)."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def show(title: str, results: Mapping[str, Measurement]) -> None:
    """Print a line for each result, and how many times as fast as the first one it is."""
    reference = next(iter(results.values())).rate
    print(title)
    for name, (rate, memory) in results.items():
        print(
            f"  {name:42} {rate:9.2f} images/s  {rate / reference:7.2f} ×  {memory:6.0f} MiB more"
        )
