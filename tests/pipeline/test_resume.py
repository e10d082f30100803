"""A training that is killed at random moments ends with the bytes of one that is not."""

import hashlib
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.pipeline.checkout import Checkout, FullRun, wait_until

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # MLflow's own
    pytest.mark.timeout(900),
]

KILLS = 10
# Each validation is a checkpoint, so there is always something to lose and something to keep.
IMAGES, VALIDATIONS = 3840, 15
LONG = (f"train.images={IMAGES}", "train.validate_every=256")
TRAIN = ("dvc", "repro", "--single-item", "train")


def digests(checkout: Checkout) -> dict[str, str]:
    """Return the md5 of all that a training leaves."""
    folders = (checkout.path / "models", checkout.path / "reports/train")
    files = [file for folder in folders for file in sorted(folder.rglob("*")) if file.is_file()]
    return {
        file.relative_to(checkout.path).as_posix(): hashlib.md5(file.read_bytes()).hexdigest()
        for file in files
    }


def kill_while_training(
    checkout: Checkout, command: tuple[str, ...], log: Path, moments: random.Random
) -> bool:
    """Start a command, and kill its training some time after its next checkpoint.

    Returns:
        Whether it was killed; it may have been done before.
    """
    before = set(checkpoints(checkout))
    with checkout.started(*command, log=log) as dvc:
        wait_until(
            lambda: checkpoints(checkout) - before or dvc.poll() is not None,
            "a checkpoint",
            120,
            pause=0.05,
        )
        time.sleep(moments.uniform(0, 0.7))
        stages = [
            process
            for process in checkout.processes()
            if process.cmdline()[1:3] == ["-m", "stages.train"]
        ]
        for process in stages:
            process.kill()
        return dvc.wait(60) != 0


def checkpoints(checkout: Checkout) -> set[Path]:
    """Return the checkpoints that there are."""
    return set((checkout.path / ".checkpoints").glob("train-*/*.pt"))


@pytest.fixture(scope="module")
def whole(full_run: FullRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout in which the training was disturbed by nobody; not to be changed."""
    checkout = full_run.checkout.copy(tmp_path_factory.mktemp("whole") / "training")
    checkout.set_params(*LONG)
    try:
        checkout.run(*TRAIN)
        yield checkout
    finally:
        checkout.end_processes()


def test_ten_kills_change_no_byte(checkout: Checkout, whole: Checkout, tmp_path: Path) -> None:
    checkout.set_params(*LONG)
    moments, log = random.Random(1), tmp_path / "log"
    for _ in range(KILLS):
        assert kill_while_training(checkout, TRAIN, log, moments)
    last = checkout.run(*TRAIN)
    assert "going on after" in last.output
    assert digests(checkout) == digests(whole)
    # What a kill kept from MLflow is in the training's files.
    checkout.run("python", "-m", "dcgan_inpainting.tracking.record", PYTHONPATH="src")
    training = [run for run in checkout.runs() if run.name == "train"][1:]
    assert [run.status for run in training] == ["FINISHED"]
    assert_told_once(checkout, training[0].run_id)


def assert_told_once(checkout: Checkout, run_id: str) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{checkout.path}/mlflow.db")
    for name in ("g_loss", "d_loss", "swd", "reconstruction_psnr"):
        steps = Counter(point.step for point in client.get_metric_history(run_id, name))
        assert set(steps.values()) == {1}, name
    assert len(client.get_metric_history(run_id, "swd")) == VALIDATIONS
    assert len(client.get_metric_history(run_id, "g_loss")) == IMAGES // 32
    pictures = [file.path for file in client.list_artifacts(run_id, "images")]
    assert len([path for path in pictures if path.endswith("+compressed.webp")]) == VALIDATIONS


def test_a_temporary_experiment_leaves_its_state_to_the_next(
    checkout: Checkout, whole: Checkout, tmp_path: Path
) -> None:
    overrides = [word for setting in LONG for word in ("-S", setting)]
    temporary = ("dvc", "exp", "run", "--temp", *overrides, "train")
    assert kill_while_training(checkout, temporary, tmp_path / "log", random.Random(2))
    checkout.set_params(*LONG)
    done = checkout.run(*TRAIN)
    assert "going on after" in done.output
    assert digests(checkout) == digests(whole)


def test_more_images_go_on_from_the_end(
    whole: Checkout, copied: Callable[[Checkout], Checkout]
) -> None:
    checkout = copied(whole)
    checkout.set_params(f"train.images={IMAGES + 640}")
    done = checkout.run(*TRAIN)
    assert f"going on after {IMAGES} images" in done.output
    assert digests(checkout) != digests(whole)
