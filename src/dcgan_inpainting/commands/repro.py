"""The pipeline by all cores: `make repro`, or `python -m dcgan_inpainting.commands.repro`.

It runs the stages that `dvc repro` runs. But DVC runs one at a time, and a stage gains little by a
second core: networks of this size leave too little to share. So stages that need nothing of each
other run at the same time, each on half of the cores. DVC guards what they read and write.

Those that train or search have half of the cores also where they run alone: the other half would
gain them a third, and cost many times that where another program keeps a core busy.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from tempfile import TemporaryFile
from types import FrameType
from typing import IO

import psutil

from dcgan_inpainting.common.settings import load_params
from dcgan_inpainting.process.command_line import reporting
from dcgan_inpainting.process.cores import THREADS, cores

log = logging.getLogger(__name__)

HEAD = "masks"  # with all that it needs: the faces
OF_A_KIND = ("inpaint", "feedforward")  # each once for each kind of mask
SHORT = {"check", "evaluate", "pictures", "record"}  # where nothing else is to be done: DVC alone
POLL = 0.1  # seconds between two looks at whether one has ended

Lanes = Sequence[Sequence[str]]  # what runs at the same time: of each its words, for DVC


def rows() -> Iterator[Lanes]:
    """Yield, after HEAD, stages that can run at the same time; all others come after them."""
    yield ["train"], ["unet", "baselines"]
    yield (["encoder"],)
    kinds = load_params()["masks"]["kinds"]
    halves = filter(None, (kinds[::2], kinds[1::2]))
    yield [[f"{stage}@{kind}" for kind in half for stage in OF_A_KIND] for half in halves]


def reproduce() -> bool:
    """Run what is out of date; return whether all of it came out."""
    if changed() - SHORT:
        if not run([["repro", HEAD]]):
            return False
        half = {THREADS: str(max(1, cores() // 2))}
        for row in rows():
            if len(row) > 1:
                log.info("at the same time: %s", " | ".join(map(" ".join, row)))
            if not run([["repro", "--single-item", *lane] for lane in row], half):
                return False
    return run([["repro"]])


def changed() -> set[str]:
    """Return the stages of whose inputs or outputs DVC knows that they are not as they were."""
    status = ["dvc", "status", "--json"]
    told = subprocess.run(status, capture_output=True, text=True, check=False)
    # Where it fails, `dvc repro` says why.
    return {name.partition("@")[0] for name in json.loads(told.stdout or "{}")}


def run(lanes: Lanes, variables: Mapping[str, str] | None = None) -> bool:
    """Run DVC with each of these lists of words at the same time; return whether all came out.

    What the first one says is seen at once, and what another says when it has ended.

    Args:
        lanes: what DVC is to do.
        variables: of the environment, beside those that there are.

    Raises:
        KeyboardInterrupt: there was one, and all have ended.
    """
    environment = {**os.environ, **(variables or {})}
    interrupted, statuses = False, []
    with ExitStack() as files:
        aside = [files.enter_context(TemporaryFile()) for _ in lanes[1:]]
        running = {
            started(lane, environment, said): said
            for lane, said in zip(lanes, [None, *aside], strict=True)
        }
        while running:
            try:
                time.sleep(POLL)
                for process in [process for process in running if process.poll() is not None]:
                    statuses.append(process.returncode)
                    repeat(running.pop(process))
            except KeyboardInterrupt:  # all of them got it too, and end in their own time
                interrupted = True
    if interrupted:
        raise KeyboardInterrupt
    return not any(statuses)


def started(
    words: Sequence[str], environment: Mapping[str, str], said: IO[bytes] | None
) -> "subprocess.Popen[bytes]":
    """Return DVC at work; where the file `said` is given, what it says is written there."""
    # For the moment in which another DVC writes its notes it waits.
    command = ["dvc", "--wait-for-lock", *words]
    error = None if said is None else subprocess.STDOUT
    return subprocess.Popen(command, env=environment, stdout=said, stderr=error)


def repeat(said: IO[bytes] | None) -> None:
    """Print what a file holds; of a bar that was drawn over and over, how it stood last."""
    if said is not None:
        said.seek(0)
        lines = (line.rpartition(b"\r")[2].decode(errors="replace") for line in said)
        print(*lines, sep="", end="", flush=True)


def pass_on(_signal: int, _frame: FrameType | None) -> None:
    """Let SIGTERM be to all that was started what Ctrl-C in a terminal is."""
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            process.send_signal(signal.SIGINT)
    raise KeyboardInterrupt


if __name__ == "__main__":
    with reporting("repro"):
        signal.signal(signal.SIGTERM, pass_on)
        if not reproduce():
            sys.exit(1)
