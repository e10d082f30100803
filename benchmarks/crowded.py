"""What the DCGAN's training loses to another program: `python -m benchmarks.crowded`.

Images trained on a second, alone and beside a process that keeps one core busy, for each way in
which OpenMP's threads may share the cores.
"""

import argparse
import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.measuring import Measurement, measured, show
from benchmarks.train import ours
from dcgan_inpainting.common.settings import load_params
from dcgan_inpainting.process.command_line import reporting
from dcgan_inpainting.train.params import TrainParams

# OpenMP's settings, which a process reads when it starts.
WAYS: dict[str, dict[str, str]] = {
    "all cores": {},
    "all cores, threads sleep": {"OMP_WAIT_POLICY": "passive"},
    "one core": {"OMP_NUM_THREADS": "1"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20, help="of each training")
    steps = parser.parse_args().steps
    params = TrainParams.model_validate(load_params()["train"])
    for title, others in (("alone", 0), ("beside a busy process", 1)):
        with busy(others):
            show(title, {name: trained(way, params, steps) for name, way in WAYS.items()})


def trained(way: dict[str, str], params: TrainParams, steps: int) -> Measurement:
    """Train in a process of its own that finds these settings."""
    before = os.environ.copy()
    os.environ.pop("OMP_NUM_THREADS", None)
    os.environ.update(way)
    try:
        return measured(ours, params, steps)
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep so many cores busy."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_spin, daemon=True) for _ in range(count)]
    for process in processes:
        process.start()
    try:
        yield
    finally:
        for process in processes:
            process.kill()


def _spin() -> None:
    while True:
        pass


if __name__ == "__main__":
    with reporting("crowded"):
        main()
