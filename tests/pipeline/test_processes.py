"""Training and inpainting by several processes, one of which may die."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from safetensors.torch import load_file

from tests.pipeline.checkout import Checkout, FullRun, wait_until

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # MLflow's own
    pytest.mark.timeout(900),
]

TRAIN = ("dvc", "repro", "--single-item", "train")


def ranks(checkout: Checkout) -> list[psutil.Process]:
    """Return the processes of the stage train: Fabric's first one, then those that it started."""
    found = [
        process
        for process in checkout.processes()
        if process.cmdline()[1:3] == ["-m", "stages.train"]
    ]
    return sorted(found, key=lambda process: process.environ().get("LOCAL_RANK", ""))


def checkpoints(checkout: Checkout) -> set[Path]:
    """Return the checkpoints of trainings."""
    return set((checkout.path / ".checkpoints").glob("train-*/*.pt"))


@pytest.mark.parametrize("devices", [2, 3])
def test_several_processes_train_one_model(checkout: Checkout, devices: int) -> None:
    batch = ("train.batch_size=24", "train.images=480", "train.validate_every=240")
    checkout.set_params(f"train.devices={devices}", *batch)
    done = checkout.run(*TRAIN)
    assert done.output.count("chosen by train.select") == 1  # one process speaks
    (run,) = [run for run in checkout.runs() if run.name == "train"][1:]
    assert run.status == "FINISHED"
    metrics = json.loads((checkout.path / "reports/train/metrics.json").read_text())
    assert metrics["chosen_images"] in (240, 480)
    for file in (checkout.path / "models").glob("*.safetensors"):
        for name, value in load_file(file).items():
            assert value.isfinite().all()
            if name.endswith("running_var"):
                assert (value > 0).all()
    assert ranks(checkout) == []


@pytest.mark.parametrize("victim", [0, 1])
def test_a_rank_that_dies_ends_the_others_and_can_be_resumed(
    checkout: Checkout, tmp_path: Path, victim: int
) -> None:
    log = tmp_path / "log"
    checkout.set_params("train.devices=2", "train.images=48000", "train.validate_every=960")
    with checkout.started(*TRAIN, log=log) as dvc:
        before = checkpoints(checkout)
        wait_until(lambda: bool(checkpoints(checkout) - before), "a checkpoint", 120)
        time.sleep(0.5)
        ranks(checkout)[victim].kill()
        began = time.monotonic()
        assert dvc.wait(60) != 0
        wait_until(lambda: ranks(checkout) == [], "all ranks end", 60 - time.monotonic() + began)
    checkout.set_params("train.images=9600")
    done = checkout.run(*TRAIN)
    assert "going on after" in done.output
    assert json.loads((checkout.path / "models/chosen.json").read_text())["images"] > 0


def test_devices_that_are_not_there_are_named(checkout: Checkout) -> None:
    checkout.set_params("train.devices=3")  # 32 images a step don't divide by 3
    done = checkout.run(*TRAIN, status=None)
    assert "train: error: train.batch_size is 32, which 3 processes can't share" in done.output
    assert "Traceback" not in done.output


def test_torchrun_starts_the_stage_as_well(checkout: Checkout) -> None:
    batch = ("train.batch_size=24", "train.images=240", "train.validate_every=240")
    checkout.set_params("train.devices=2", *batch)
    before = (checkout.path / "models/generator.safetensors").read_bytes()
    checkout.run(
        "torchrun", "--standalone", "--nproc-per-node", "2", "--no-python",
        "python", "-m", "stages.train",
    )  # fmt: skip
    assert (checkout.path / "models/generator.safetensors").read_bytes() != before


# ── Inpainting ───────────────────────────────────────────────────────────────────────────────────

INPAINT = ("dvc", "repro", "--single-item", "inpaint@random")
BATCHES = ("inpaint.batch_size=1", "inpaint.steps=40")  # four images: four batches to share


def restored(checkout: Checkout) -> dict[str, bytes]:
    """Return all files that the restoration of one kind of mask leaves."""
    files = (checkout.path / "data/inpainted/random").iterdir()
    return {file.name: file.read_bytes() for file in files}


@pytest.fixture(scope="module")
def alone(full_run: FullRun, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout in which one process that nobody disturbs restored; not to be changed."""
    checkout = full_run.checkout.copy(tmp_path_factory.mktemp("alone") / "checkout")
    checkout.set_params(*BATCHES)
    checkout.run(*INPAINT)
    return checkout


def test_any_number_of_processes_restores_the_same_bytes(
    alone: Checkout, copied: Callable[[Checkout], Checkout]
) -> None:
    checkout = copied(alone)
    for devices in (2, 3):
        checkout.set_params(f"inpaint.devices={devices}")
        done = checkout.run(*INPAINT)
        assert done.ran == ["inpaint@random"]
        assert restored(checkout) == restored(alone)


def test_a_killed_restoration_goes_on_to_the_same_bytes(
    checkout: Checkout, alone: Checkout, tmp_path: Path
) -> None:
    # The full run's bytes, which are others: so this run is one, in which nothing is found again.
    assert restored(checkout) != restored(alone)
    checkout.set_params(*BATCHES)
    kept = checkout.path / ".checkpoints"
    with checkout.started(*INPAINT, log=tmp_path / "log") as dvc:
        wait_until(lambda: len(list(kept.glob("inpaint-*/part-*.npz"))) >= 2, "two parts", 120)
        checkout.stage_process("inpaint").kill()
        assert dvc.wait(60) != 0
    done = checkout.run(*INPAINT)
    assert re.search(r"going on: [12] of 4 batches are missing", done.output)
    assert restored(checkout) == restored(alone)
    assert list(kept.glob("inpaint-*/part-*.npz")) == []
