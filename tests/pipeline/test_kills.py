"""Stages that are killed at any moment: the next `dvc repro` ends as if nothing had happened."""

import contextlib
import random
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from dcgan_inpainting.commands.presets import read_preset
from tests.pipeline.checkout import SMALL, Checkout, FullRun, wait_until

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # MLflow's own
    pytest.mark.timeout(3600),
]

# Those that resume; test_resume.py kills the training.
SHORT = ("encoder", "unet", "inpaint@center")
STAGES = ("download", "crop", "train", "masks", *SHORT, "baselines@center")
STAGES += ("feedforward@center", "evaluate", "pictures")
KILLS = 3  # of each stage, in the long form
MOMENTS = 4.0  # seconds from a stage's start, which it spends on imports, work and writing


def kill(checkout: Checkout, stage: str, log: Path, moments: random.Random) -> bool:
    """Start `dvc repro` of a stage, and kill it there; return whether it was killed in time."""
    name = stage.partition("@")[0]
    with checkout.started("dvc", "repro", stage, log=log) as dvc:
        wait_until(
            lambda: bool(checkout.stage_processes(name)) or dvc.poll() is not None,
            f"stage {stage}",
            200,
            pause=0.05,
        )
        time.sleep(moments.uniform(0, MOMENTS))
        for process in checkout.stage_processes(name):
            with contextlib.suppress(psutil.NoSuchProcess):  # it has just ended
                process.kill()
        return dvc.wait(60) != 0


def test_kills_in_every_stage_end_in_the_same_dvc_lock(
    full_run: FullRun,
    bare: Checkout,
    copied: Callable[[Checkout], Checkout],
    tmp_path: Path,
    long: bool,
    seen: Callable[[str], None],
) -> None:
    checkout = copied(bare)
    checkout.set_params(*read_preset("smoke"), *SMALL)
    moments, killed = random.Random(1), []
    for stage in [stage for stage in STAGES for _ in range(KILLS)] if long else SHORT:
        if kill(checkout, stage, tmp_path / "log", moments):
            killed.append(stage)
    checkout.run("dvc", "repro")
    seen(f"{len(killed)} kills: {' '.join(killed)}")
    assert killed
    for file in ("dvc.lock", "reports/metrics.json"):
        undisturbed = (full_run.checkout.path / file).read_text()
        assert (checkout.path / file).read_text() == undisturbed, file
