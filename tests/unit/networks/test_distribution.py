"""Devices: what a process is given, and what is refused."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import torch

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.networks import distribution
from dcgan_inpainting.networks.distribution import Rank, processes, start


def test_one_process_on_this_machine() -> None:
    fabric = start(1, 1, "auto", "float32")
    rank = Rank.of(fabric)
    assert (rank.number, rank.world_size) == (0, 1)
    assert rank.device.type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="of a machine without a GPU")
def test_all_devices_of_a_machine_without_a_gpu_are_one_process() -> None:
    assert start("all", 1, "auto", "float32").world_size == 1


@pytest.mark.parametrize(
    ("precision", "dtype"), [("bf16", torch.bfloat16), ("float32", torch.float32)]
)
def test_precision_is_that_of_the_networks(precision: str, dtype: torch.dtype) -> None:
    fabric = start(1, 1, "auto", precision)  # type: ignore[arg-type]
    seen: list[torch.dtype] = []

    class Watched(torch.nn.Linear):
        def forward(self, values: torch.Tensor) -> torch.Tensor:
            made = super().forward(values)
            seen.append(made.dtype)
            return made

    network = fabric.setup(Watched(2, 2))
    assert network(torch.ones(1, 2)).dtype == torch.float32
    assert seen == [dtype]


def test_another_number_of_processes_than_the_launcher_s_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environment = {
        "RANK": "0",
        "LOCAL_RANK": "0",
        "GROUP_RANK": "0",
        "WORLD_SIZE": "4",
        "LOCAL_WORLD_SIZE": "4",
        "TORCHELASTIC_RUN_ID": "test",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": "1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UserError, match="devices and nodes don't fit the launcher"):
        start(2, 1, "auto", "float32")


@pytest.mark.parametrize(("batch", "ranks", "share"), [(32, 1, 32), (32, 2, 16), (24, 3, 8)])
def test_a_batch_is_shared_evenly(batch: int, ranks: int, share: int) -> None:
    assert Rank(0, ranks).share(batch) == share


@pytest.mark.parametrize(("batch", "ranks"), [(32, 3), (3, 3), (2, 2)])
def test_a_batch_that_can_t_be_shared_is_refused(batch: int, ranks: int) -> None:
    with pytest.raises(UserError, match=rf"batch_size is {batch}, which {ranks} processes"):
        Rank(0, ranks).share(batch)


def test_the_number_of_processes_is_known_before_they_start() -> None:
    assert processes(3, 2) == 6
    assert processes("all", 2) == 2 * max(1, torch.cuda.device_count())


WAITS = """
import os, sys, time
from dcgan_inpainting.networks.distribution import _end_with
_end_with(os.getppid())
print(os.getpid(), flush=True)
time.sleep(600)
"""
STARTS = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"


def test_a_rank_ends_with_the_process_that_started_it() -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(distribution.__file__).parents[2])}
    command = [sys.executable, "-c", STARTS, WAITS]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        waiting = psutil.Process(int(starter.stdout.readline()))
        assert waiting.is_running()
        starter.kill()
        waiting.wait(60)
