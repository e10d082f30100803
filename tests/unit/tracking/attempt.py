"""Attempts at a stage that goes on where an earlier one stopped; also as a process of its own."""

import sys
import time
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from dcgan_inpainting.common.frame import Run
from dcgan_inpainting.tracking import runs
from dcgan_inpainting.tracking.runs import track

FLOOR = 0.5


class Params(BaseModel):
    width: int = 24


def set_up(folder: Path) -> None:
    """Write a pipeline of one stage, whose results are determined by its data and parameters."""
    stages = "stages: {train: {cmd: python -m stages.train, deps: [train.npy], params: [train]}}"
    (folder / "dvc.yaml").write_text(stages)
    (folder / "params.yaml").write_text("train: {width: 24}")
    (folder / "train.npy").write_bytes(b"images")


def work(run: Run, steps: range) -> None:
    """Tell what the steps of a training tell; how fast they are is never twice the same."""
    run.log_dataset(Path("train.npy"), "train")
    for step in steps:
        run.log_metrics({"loss": step / 3, "images_per_second": time.perf_counter()}, step)
        if step % 2 == 0:
            run.log_image(np.full((8, 8, 3), step, np.uint8), "samples/average", step)
    run.log_metrics({"floor": FLOOR})


def attempt(root: Path, steps: range, error: BaseException | None = None) -> None:
    """Train for some steps, and raise an error at the end where one is given."""
    with track("train", "", Params(), root, resumable=True) as run:
        work(run, steps)
        if error is not None:
            raise error


if __name__ == "__main__":  # to be killed, at some time after `began` is there
    runs.FLUSH_SECONDS, runs.FLUSH_SHARE = 0.0, 1e9
    with track("train", "", Params(), Path(sys.argv[1]), resumable=True) as run:
        work(run, range(int(sys.argv[2])))
        Path("began").touch()
        time.sleep(600)
