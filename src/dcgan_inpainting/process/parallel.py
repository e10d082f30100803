"""Work on several cores with results in order and bounded memory."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any, TypeVar

from threadpoolctl import threadpool_limits

from dcgan_inpainting.process.cores import cores

T = TypeVar("T")
R = TypeVar("R")


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Cut a sequence into runs of `size` items, in order; the last may be shorter."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def in_order(
    executor: Executor, function: Callable[[T], R], items: Iterable[T], *, ahead: int
) -> Iterator[R]:
    """Yield function(item) for each item in order, with at most `ahead` of them under way.

    Executor.map starts all items at once, so that results pile up when the consumer is slower
    than the workers.

    Raises:
        whatever `function` raised for an item, when its turn comes; what has not begun is dropped.
    """
    pending: deque[Future[R]] = deque()
    try:
        for item in items:
            pending.append(executor.submit(function, item))
            if len(pending) >= ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()


def in_threads(function: Callable[..., R], *items: Iterable[Any]) -> list[R]:
    """Return function(item, …) for each of the items, in order, by as many threads as cores.

    What the function's time goes to must let other threads run, as NumPy and SciPy do. Their linear
    algebra starts no threads of its own meanwhile: these would wait for each other, and take ten
    times as long. That holds for what is imported when this is called.
    """
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(function, *items))


def process_pool(workers: int) -> ProcessPoolExecutor:
    """Return a pool of fresh processes: forking one that has threads can deadlock."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_follow_parent)


def _follow_parent() -> None:
    # Ctrl-C reaches every process of the terminal; the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A worker whose parent was killed would wait for work for ever.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
