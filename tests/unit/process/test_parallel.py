import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import threadpoolctl

from dcgan_inpainting.process import parallel


def test_results_come_in_order() -> None:
    def work(item: int) -> int:
        time.sleep(0.005 * (item % 3 == 0))
        return item * item

    with ThreadPoolExecutor(4) as pool:
        results = list(parallel.in_order(pool, work, range(50), ahead=8))
    assert results == [item * item for item in range(50)]


def test_no_more_than_ahead_are_under_way() -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for item in range(100):
            taken += 1
            yield item

    with ThreadPoolExecutor(2) as pool:
        results = parallel.in_order(pool, abs, items(), ahead=6)
        assert next(results) == 0
        time.sleep(0.05)
        assert taken == 6
        results.close()


def test_an_error_drops_what_has_not_begun() -> None:
    begun = []
    release = threading.Event()

    def work(item: int) -> int:
        begun.append(item)
        if item == 0:
            raise ZeroDivisionError
        release.wait(5)
        return item

    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(ZeroDivisionError):
            list(parallel.in_order(pool, work, range(10), ahead=10))
        release.set()
    assert len(begun) <= 2


def test_threads_return_in_order_and_linear_algebra_starts_none() -> None:
    def work(item: int, sign: int) -> tuple[int, list[int]]:
        blas = threadpoolctl.ThreadpoolController().select(user_api="blas")
        return sign * item, [library["num_threads"] for library in blas.info()]

    found = parallel.in_threads(work, range(20), [-1] * 20)
    assert [value for value, _ in found] == [-item for item in range(20)]
    assert all(threads and set(threads) == {1} for _, threads in found)
    with pytest.raises(ZeroDivisionError):
        parallel.in_threads(lambda item: 1 // item, [1, 0])


def test_chunks() -> None:
    assert [list(chunk) for chunk in parallel.chunks(range(5), 2)] == [[0, 1], [2, 3], [4]]
    assert list(parallel.chunks([], 2)) == []


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is not known to Windows")
def test_workers_end_with_their_parent(tmp_path: Path) -> None:
    script = (
        "import os, sys, time\n"
        "from dcgan_inpainting.process import parallel\n"
        "if __name__ == '__main__':\n"
        "    with parallel.process_pool(1) as pool:\n"
        "        print(pool.submit(os.getpid).result(), flush=True)\n"
        "        time.sleep(60)\n"
    )
    (tmp_path / "main.py").write_text(script)
    source = Path(parallel.__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, tmp_path / "main.py"],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(source)},
    ) as parent:
        assert parent.stdout is not None
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    psutil.wait_procs([worker], timeout=10)
    assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE
