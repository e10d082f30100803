"""Attempts at a training that goes on where an earlier one stopped; also as own processes."""

import sys
import time
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from dcgan_inpainting.common.frame import Run
from dcgan_inpainting.tracking import runs
from dcgan_inpainting.tracking.runs import track
from dcgan_inpainting.tracking.store import WEIGHTS


class Params(BaseModel):
    width: int = 24
    learning_rate: float = 1e-5
    kinds: list[str] = ["center", "half"]
    archive: str | None = None
    flip: bool = True
    source: str = "drawn"


def work(run: Run, steps: range, stage: str) -> None:
    """Show what the steps of a training show; how fast they are is never twice the same."""
    run.kept_in(Path.cwd())
    for step in steps:
        run.log_metrics({"loss": step / 3, "images_per_second": time.perf_counter()}, step)
        if step % 2 == 0:
            run.log_image(np.full((8, 8, 3), step, np.uint8), "samples/average", step)
    WEIGHTS[stage].parent.mkdir(exist_ok=True)
    WEIGHTS[stage].write_text("weights")


def attempt(
    root: Path,
    steps: range,
    error: BaseException | None = None,
    *,
    params: Params | None = None,
    stage: str = "train",
) -> None:
    """Train for some steps, and raise an error at the end where one is given.

    The folder of its checkpoints is the working directory.
    """
    with track(stage, "", params or Params(), root, live=True) as run:
        work(run, steps, stage)
        if error is not None:
            raise error


if __name__ == "__main__":  # argv: root, stage, steps, and seconds to stay after that
    runs.FLUSH_SECONDS, runs.FLUSH_SHARE = 0.0, 1e9
    to, name = Path(sys.argv[1]), sys.argv[2]
    with track(name, "", Params(), to, live=True) as live:
        work(live, range(int(sys.argv[3])), name)
        Path("began").touch()
        time.sleep(float(sys.argv[4]))
