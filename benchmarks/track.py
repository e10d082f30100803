"""What tracking costs: the same stages with it and without it, by turns, in a copy.

`python benchmarks/track.py` after `make repro`. The stages run as DVC runs them, on the results
that are here, with a store of their own. Beside the difference of the two times, which on a busy
machine is noise, stand the seconds that the stage itself spent in the tracker.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

STAGES = ("masks", "train")
NEEDED = ("data", "models", "reports", "src", "stages", "dvc.yaml", "dvc.lock", "params.yaml")

WITHOUT = """
import runpy, sys
from contextlib import contextmanager
import stages
from dcgan_inpainting.running import stage

@contextmanager
def track(*_, **__):
    yield stage.SILENT

stage.track = track
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=False)
"""

WITH = """
import json, runpy, sys, time
import stages
from dcgan_inpainting.tracking import runs

spent = {"start": 0.0, "work": 0.0, "end": 0.0}
busy = False

def timed(name, method):
    def wrapper(*arguments, **options):
        global busy
        if busy:  # called by another of them
            return method(*arguments, **options)
        busy, began = True, time.perf_counter()
        try:
            return method(*arguments, **options)
        finally:
            busy = False
            phase = {"kept_in": "start", "end": "end"}.get(name, "work")
            spent[phase] += time.perf_counter() - began
    return wrapper

for name, method in list(vars(runs._LiveRun).items()):
    if name in ("kept_in", "end") or name.startswith("log_"):
        setattr(runs._LiveRun, name, timed(name, method))
sys.argv = sys.argv[1:]
try:
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=False)
finally:
    print("spent", json.dumps(spent))
"""


PLAIN = """
import runpy, sys
runpy.run_module(sys.argv[1], run_name="__main__", alter_sys=False)
"""


class Cost(NamedTuple):
    """Seconds of a stage with tracking, and of those spent in the tracker, by phase."""

    total: float
    spent: dict[str, float]


def copy_of_checkout(folder: Path, train_images: int) -> None:
    """Copy what the stages need, with a training of so many images."""
    for name in NEEDED:
        if Path(name).is_dir():
            shutil.copytree(
                name, folder / name, ignore=shutil.ignore_patterns("images.zip", "__pycache__")
            )
        else:
            shutil.copy(name, folder / name)
    params = folder / "params.yaml"
    text = params.read_text(encoding="utf-8")
    text, count = re.subn(r"(\ntrain:.*\n  images: )\d+", rf"\g<1>{train_images}", text)
    assert count == 1
    params.write_text(text, encoding="utf-8")


def run(program: str, stage: str, folder: Path) -> tuple[float, str]:
    """Run a stage in `folder` by a program; return the seconds, and what it said on stdout."""
    name, _, item = stage.partition("@")
    arguments = [item, "test"] if item else []
    environment = {key: value for key, value in os.environ.items() if "MLFLOW" not in key}
    environment |= {"PYTHONPATH": str(folder / "src"), "DVC_STAGE": stage, "DVC_ROOT": str(folder)}
    # Else a stage goes on from what its last run left, and has nothing to do.
    shutil.rmtree(folder / ".checkpoints", ignore_errors=True)
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program, f"stages.{name}", *arguments],
        cwd=folder,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    return time.perf_counter() - began, done.stdout


def with_tracking(stage: str, folder: Path) -> Cost:
    """Run a stage with tracking."""
    seconds, said = run(WITH, stage, folder)
    return Cost(seconds, json.loads(said.rpartition("spent ")[2]))


def main() -> None:
    """Print a line for each stage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="runs of each stage each way")
    parser.add_argument("--train-images", type=int, default=20_000, help="length of the training")
    parser.add_argument("--stages", nargs="+", default=STAGES, help="which stages")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        copy_of_checkout(folder, options.train_images)
        run(PLAIN, "record", folder)  # makes the store, once and for all
        print("stage            without   with  difference   in the tracker: start + work + end")
        for stage in options.stages:
            without, costs = [], []
            for _ in range(options.repeats):
                without.append(run(WITHOUT, stage, folder)[0])
                costs.append(with_tracking(stage, folder))
            plain = statistics.median(without)
            total = statistics.median(cost.total for cost in costs)
            phases = [statistics.median(c.spent[name] for c in costs) for name in costs[0].spent]
            print(
                f"{stage:15} {plain:7.2f} s {total:6.2f} s {total - plain:+8.2f} s   "
                f"{sum(phases):6.2f} s = {' + '.join(f'{phase:.2f}' for phase in phases)}"
                f"  ({sum(phases) / total:.1%})",
                flush=True,
            )
        known = run(PLAIN, "record", folder)[0]
        (folder / "mlflow.db").unlink()
        shutil.rmtree(folder / "mlruns")
        anew = run(PLAIN, "record", folder)[0]
        print(f"record, all of it tracking: {known:.2f} s where all stages have their runs")
        print(f"                            {anew:.2f} s where it makes the store and all of them")


if __name__ == "__main__":
    main()
