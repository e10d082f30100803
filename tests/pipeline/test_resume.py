"""A training that is killed at random moments ends with the bytes of one that is not."""

import hashlib
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from checkout import Checkout, wait_until

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # MLflow's own
    pytest.mark.timeout(900),
]

KILLS = 10
# Each validation is a checkpoint, so there is always something to lose and something to keep.
LONG = ("train.images=5120", "train.validate_every=256", "train.generator_steps=2")
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
    checkout: Checkout, command: tuple[str, ...], log: Path, seconds: float
) -> bool:
    """Start a command, and kill its training after some seconds; return whether it still ran."""
    with checkout.started(*command, log=log) as dvc:
        wait_until(
            lambda: "python -m stages.train" in log.read_text() or dvc.poll() is not None,
            "the training begins",
            60,
        )
        time.sleep(seconds)
        if dvc.poll() is not None:
            return False
        for process in checkout.processes():
            if process.cmdline()[1:3] == ["-m", "stages.train"]:
                process.kill()
        return dvc.wait(60) != 0


@pytest.fixture
def undisturbed(checkout: Checkout) -> dict[str, str]:
    """What a training leaves that nobody disturbs."""
    checkout.set_params(*LONG)
    checkout.run(*TRAIN)
    return digests(checkout)


def test_ten_kills_change_no_byte(
    undisturbed: dict[str, str],
    full_run: object,
    copied: Callable[[Checkout], Checkout],
    tmp_path: Path,
) -> None:
    checkout = copied(full_run.checkout)  # type: ignore[attr-defined]
    checkout.set_params(*LONG)
    moments = random.Random(1)
    kills, log = 0, tmp_path / "log"
    while kills < KILLS and kill_while_training(checkout, TRAIN, log, moments.uniform(2, 12)):
        kills += 1
    last = checkout.run(*TRAIN)
    assert digests(checkout) == undisturbed
    # Fewer only where it was done before the tenth.
    assert kills >= KILLS // 2
    assert "going on after" in last.output or "Stage 'train' didn't change" in last.output
    training = [run for run in checkout.runs() if run.name == "train"][1:]
    assert [run.status for run in training] == ["FINISHED"]
    assert_told_once(checkout, training[0].run_id)


def assert_told_once(checkout: Checkout, run_id: str) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{checkout.path}/mlflow.db")
    for name in ("g_loss", "d_loss", "swd", "reconstruction_psnr"):
        steps = Counter(point.step for point in client.get_metric_history(run_id, name))
        assert set(steps.values()) == {1}, name
    assert len(client.get_metric_history(run_id, "swd")) == 20
    assert len(client.get_metric_history(run_id, "g_loss")) == 160
    pictures = [file.path for file in client.list_artifacts(run_id, "images")]
    assert len([path for path in pictures if path.endswith("+compressed.webp")]) == 20


def test_a_temporary_experiment_leaves_its_state_to_the_next(
    undisturbed: dict[str, str],
    full_run: object,
    copied: Callable[[Checkout], Checkout],
    tmp_path: Path,
) -> None:
    checkout = copied(full_run.checkout)  # type: ignore[attr-defined]
    overrides = [word for setting in LONG for word in ("-S", setting)]
    temporary = ("dvc", "exp", "run", "--temp", *overrides, "train")
    assert kill_while_training(checkout, temporary, tmp_path / "log", 12)
    checkout.set_params(*LONG)
    done = checkout.run(*TRAIN)
    assert "going on after" in done.output
    assert digests(checkout) == undisturbed


def test_more_images_go_on_from_the_end(checkout: Checkout, undisturbed: dict[str, str]) -> None:
    checkout.set_params("train.images=5760")
    done = checkout.run(*TRAIN)
    assert "going on after 5120 images" in done.output
    assert digests(checkout) != undisturbed
