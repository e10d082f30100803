"""Devices and processes: Lightning Fabric, started as the parameters say."""

import logging
import os
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psutil
import torch
from torch import Tensor

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.networks.choices import Devices, Precision, Strategy
from dcgan_inpainting.networks.devices import CPU, arithmetic, device
from dcgan_inpainting.process.ranks import rank_of_this_process

if TYPE_CHECKING:
    from lightning_fabric import Fabric

# How long a rank waits for the others: as good as without end, since one of them may have hours of
# work more, or wait for another run to end. A rank that died is noticed within seconds all the
# same: by its connection, and by the process that started it.
PATIENCE = timedelta(days=14)


@dataclass(frozen=True)
class Rank:
    """One of the processes that share a piece of work."""

    number: int = 0
    world_size: int = 1
    device: torch.device = CPU
    # Joins it to the others.
    fabric: "Fabric | None" = field(default=None, compare=False, repr=False)

    def share(self, batch_size: int) -> int:
        """Return how many of a batch's images are this rank's.

        Raises:
            UserError: they can't be shared evenly, with two for each, which batch norm wants.
        """
        share, rest = divmod(batch_size, self.world_size)
        if rest or share < 2:
            raise UserError(
                f"train.batch_size is {batch_size}, which {self.world_size} processes can't share "
                "evenly, with at least 2 images for each"
            )
        return share

    def broadcast(self, value: Any) -> Any:
        """Return the first rank's value; all ranks have to ask for it."""
        return self.fabric.broadcast(value) if self.fabric else value

    def mean(self, value: Tensor) -> Tensor:
        """Return the mean of a tensor over all ranks, on the device; all have to ask for it."""
        value = value.to(self.device)
        mean: Any = self.fabric.all_reduce(value, reduce_op="mean") if self.fabric else value
        return mean

    @classmethod
    def of(cls, fabric: "Fabric") -> "Rank":
        """Return which of Fabric's processes this is."""
        return cls(fabric.global_rank, fabric.world_size, fabric.device, fabric)


def processes(devices: Devices, nodes: int) -> int:
    """Return how many processes `start` starts in all.

    Args:
        devices: processes on each machine; `all`: one for each GPU, or one on a CPU.
        nodes: machines.
    """
    return nodes * (max(1, torch.cuda.device_count()) if devices == "all" else devices)


def start(devices: Devices, nodes: int, strategy: Strategy, precision: Precision) -> "Fabric":
    """Start the processes that share the work, this one among them.

    With one device this is only a thin layer. With several, each has a process: they are started
    here, or they are there already, because torchrun, SLURM or another launcher that Fabric knows
    has started them. GPUs are used where there are any, else CPU cores.

    Args:
        devices, nodes: as for `processes`.
        strategy: auto is DDP for more than one process, and nothing for one.
        precision: arithmetic of the networks.

    Raises:
        UserError: there are fewer devices, or the launcher has started another number of processes.
    """
    # It takes as long to import as PyTorch itself: a stage says first what is wrong with its input.
    from lightning_fabric import Fabric
    from lightning_fabric.strategies.ddp import DDPStrategy

    # Of what it has to say only the warnings are news.
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    cuda = device().type == "cuda"
    count = processes(devices, 1)
    if cuda and count > torch.cuda.device_count():
        raise UserError(f"devices is {count}, and this machine has {torch.cuda.device_count()}")
    if rank_of_this_process() > 0:
        _end_with(os.getppid())
    distributed = strategy == "ddp" or count * nodes > 1
    try:
        fabric = Fabric(
            accelerator="cuda" if cuda else "cpu",
            devices=count,
            num_nodes=nodes,
            # Each rank has batch-norm statistics of its own; see training.updates.
            strategy=DDPStrategy(forward_sync_buffers=False, timeout=PATIENCE)
            if distributed
            else "auto",
            precision="bf16-mixed" if arithmetic(precision) is torch.bfloat16 else "32-true",
        )
        fabric.launch()
    except ValueError as error:
        raise UserError(f"devices and nodes don't fit the launcher: {error}") from None
    return fabric


def _end_with(starter: int) -> None:
    """Let this process end when the one that started it has: it may wait for it without end."""

    def watch() -> None:
        # A process that died has its children's parent no more, or, on Windows, no number.
        while os.getppid() == starter and psutil.pid_exists(starter):
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
