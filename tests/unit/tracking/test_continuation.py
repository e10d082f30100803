"""A training that is killed and started again is one run: nothing is doubled, nothing missing."""

import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import numpy as np
import pytest
from PIL import Image

from dcgan_inpainting.tracking import runs as tracking
from dcgan_inpainting.tracking.provenance import Process
from dcgan_inpainting.tracking.store import EXPERIMENT, PARENT
from tests.unit.tracking import attempt as stage
from tests.unit.tracking.attempt import Params, attempt

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own

SRC = Path(tracking.__file__).parents[2]
STEPS = 9  # of the whole work


@pytest.fixture(autouse=True)
def experiment(work_folder: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is DVC that runs the training."""
    Path("params.yaml").write_text("train: {width: 24}")
    monkeypatch.setenv("DVC_STAGE", "train")


def client(root: Path):
    from mlflow import MlflowClient

    return MlflowClient(f"sqlite:///{root}/mlflow.db")


def runs(root: Path) -> list:
    """Return the runs of the attempts, the first first."""
    store = client(root)
    experiment = store.get_experiment_by_name(EXPERIMENT).experiment_id
    order = ["attributes.start_time ASC"]
    return list(store.search_runs([experiment], "tags.stage = 'train'", order_by=order))


def interrupt(root: Path, steps: range, **options: Params) -> None:
    with pytest.raises(KeyboardInterrupt):
        attempt(root, steps, KeyboardInterrupt(), **options)


def kill(root: Path, steps: int) -> None:
    """Train in a process of its own, until SIGKILL."""
    command = [sys.executable, "-m", stage.__name__, str(root), "train", str(steps), "600"]
    paths = os.pathsep.join([str(SRC), str(SRC.parent)])
    began = Path("began")
    with subprocess.Popen(
        command, env=os.environ | {"PYTHONPATH": paths}, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            deadline = time.monotonic() + 60
            while not began.exists():
                assert process.poll() is None, process.communicate()[1]
                assert time.monotonic() < deadline
                time.sleep(0.05)
        finally:
            process.kill()
            process.communicate()


def check_it_is_one_whole_run(root: Path, attempts: int = 2):
    """Return the only run, which has all steps once."""
    (run,) = runs(root)
    store, run_id, tags = client(root), run.info.run_id, run.data.tags
    assert run.info.status == "FINISHED"
    assert "error" not in tags
    assert tags["attempts"] == str(attempts)
    assert run.data.params["train.width"] == "24"
    points = sorted(store.get_metric_history(run_id, "loss"), key=lambda point: point.step)
    assert [(point.step, point.value) for point in points] == [(n, n / 3) for n in range(STEPS)]
    rates = store.get_metric_history(run_id, "images_per_second")
    assert sorted(point.step for point in rates) == list(range(STEPS))
    folder = Path(url2pathname(urlsplit(run.info.artifact_uri).path))
    for step in range(0, STEPS, 2):
        (picture,) = folder.glob(f"images/samples~average+step+{step}+*.png")
        assert np.asarray(Image.open(picture)).tolist() == np.full((8, 8, 3), step).tolist()
    assert len(list(folder.glob("images/*.png"))) == len(range(0, STEPS, 2))
    assert len(list(folder.glob("images/*.webp"))) == len(range(0, STEPS, 2))
    return run


def test_a_killed_training_goes_on_as_the_same_run(root: Path) -> None:
    kill(root, 6)
    (killed,) = runs(root)
    assert killed.info.status == "RUNNING"
    again = time.time() * 1000
    attempt(root, range(3, STEPS))
    run = check_it_is_one_whole_run(root)
    assert run.info.run_id == killed.info.run_id
    assert run.info.start_time == killed.info.start_time
    assert run.info.end_time >= again - 1
    assert Process.parse(run.data.tags["process"]).pid == os.getpid()
    row = client(root).get_run(run.data.tags[PARENT])
    assert row.info.status == "RUNNING"
    assert "error" not in row.data.tags


@pytest.mark.parametrize("first", [0, 3, 6])
def test_an_interrupted_training_goes_on_as_the_same_run(root: Path, first: int) -> None:
    interrupt(root, range(6))
    (run,) = runs(root)
    assert (run.info.status, run.data.tags["error"]) == ("KILLED", "interrupted")
    attempt(root, range(first, STEPS))
    check_it_is_one_whole_run(root)


def test_a_training_may_be_stopped_again_and_again(root: Path) -> None:
    for steps in (range(4), range(6), range(2, 5)):
        interrupt(root, steps)
    with pytest.raises(OSError, match="disk"):
        attempt(root, range(6), OSError("the disk is full"))
    assert runs(root)[0].info.status == "FAILED"
    attempt(root, range(1, STEPS))
    check_it_is_one_whole_run(root, attempts=5)


def test_a_picture_that_was_half_told_is_told_again(root: Path) -> None:
    interrupt(root, range(STEPS))
    (run,) = runs(root)
    folder = root / "mlruns" / run.info.run_id / "artifacts" / "images"
    (half,) = folder.glob("samples~average+step+4+*.webp")
    half.unlink()
    attempt(root, range(STEPS))
    whole = {step: len(list(folder.glob(f"*+step+{step}+*.webp"))) for step in range(0, STEPS, 2)}
    assert whole == dict.fromkeys(range(0, STEPS, 2), 1)
    assert len(list(folder.glob("*+step+4+*.png"))) == 2


def test_what_a_run_has_is_asked_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow import MlflowClient

    asked: list[str] = []

    def counted(name: str) -> None:
        original = getattr(MlflowClient, name)

        def method(self: MlflowClient, run_id: str, what: str):
            asked.append(what)
            return original(self, run_id, what)

        monkeypatch.setattr(MlflowClient, name, method)

    counted("get_metric_history")
    counted("list_artifacts")
    monkeypatch.setattr(tracking, "FLUSH_SECONDS", 0.0)  # sent one by one
    interrupt(root, range(6))
    assert asked == []
    attempt(root, range(STEPS))
    assert sorted(asked) == ["images", "images_per_second", "loss"]


def test_a_finished_training_is_not_continued(root: Path) -> None:
    for _ in range(2):
        attempt(root, range(STEPS))
    assert [run.info.status for run in runs(root)] == ["FINISHED"] * 2


def test_a_longer_training_goes_on_from_the_same_state_as_another_run(root: Path) -> None:
    interrupt(root, range(6))
    attempt(root, range(6, STEPS), params=Params(width=48))
    assert [run.info.status for run in runs(root)] == ["KILLED", "FINISHED"]
    assert [run.data.params["train.width"] for run in runs(root)] == ["24", "48"]


def test_a_run_that_is_gone_from_the_store_is_made_anew(root: Path) -> None:
    interrupt(root, range(6))
    client(root).delete_run(runs(root)[0].info.run_id)
    attempt(root, range(3, STEPS))
    (run,) = runs(root)
    assert run.info.status == "FINISHED"
    assert len(client(root).get_metric_history(run.info.run_id, "loss")) == STEPS - 3


def test_a_run_that_another_experiment_continues_moves_to_its_row(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_EXP_NAME", "wordy-oak")
    interrupt(root, range(6))
    (before,) = runs(root)
    monkeypatch.delenv("DVC_EXP_NAME")
    attempt(root, range(3, STEPS))
    run = check_it_is_one_whole_run(root)
    assert run.data.tags[PARENT] != before.data.tags[PARENT]
    assert "dvc.exp_name" not in run.data.tags
    left = client(root).get_run(before.data.tags[PARENT])
    assert (left.info.status, left.data.tags["error"]) == ("KILLED", "interrupted")


@pytest.mark.parametrize("down", [(True, False), (False, True), (True, True)])
def test_mlflow_may_be_down_during_each_attempt(
    root: Path, monkeypatch: pytest.MonkeyPatch, down: tuple[bool, bool]
) -> None:
    """What it missed is in the training's files; its run is whole or not there."""
    address = {True: "gopher://nowhere", False: f"sqlite:///{root}/mlflow.db"}
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address[down[0]])
    interrupt(root, range(6))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address[down[1]])
    attempt(root, range(3, STEPS))
    statuses = {(True, False): ["FINISHED"], (False, True): ["KILLED"], (True, True): []}
    assert [run.info.status for run in runs(root)] == statuses[down]
    for run in runs(root):
        points = client(root).get_metric_history(run.info.run_id, "loss")
        assert len({point.step for point in points}) == len(points)


def test_mlflow_may_break_off_while_a_run_is_reopened(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    interrupt(root, range(6))
    monkeypatch.setattr(tracking, "RETRY_SECONDS", 0.0)
    original = MlflowClient.update_run
    breaks = iter([True])

    def update_run(self: MlflowClient, run_id: str, *args, **kwargs):
        if next(breaks, False):
            raise ConnectionError("the server went away")
        return original(self, run_id, *args, **kwargs)

    monkeypatch.setattr(MlflowClient, "update_run", update_run)
    attempt(root, range(3, STEPS))
    (run,) = runs(root)
    assert run.info.status == "FINISHED"
    assert len(client(root).get_metric_history(run.info.run_id, "loss")) == STEPS
