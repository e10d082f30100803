"""A stage that is killed and started again is one run: nothing is doubled and nothing missing."""

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import numpy as np
import pytest
from PIL import Image

from dcgan_inpainting.common.errors import FaultError
from dcgan_inpainting.tracking import messages, outbox
from dcgan_inpainting.tracking import runs as tracking
from dcgan_inpainting.tracking.continuation import checkout
from dcgan_inpainting.tracking.outbox import FOLDER, catch_up
from dcgan_inpainting.tracking.provenance import Process
from dcgan_inpainting.tracking.runs import track
from dcgan_inpainting.tracking.store import EXPERIMENT, PARENT, RECORDED
from tests.unit.tracking import attempt as stage
from tests.unit.tracking.attempt import Params, attempt

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own

SRC = Path(tracking.__file__).parents[2]
DOWN = "gopher://nowhere"
STEPS = 9  # of the whole work


@pytest.fixture(autouse=True)
def pipeline(work_folder: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working directory is a pipeline, and it is DVC that runs its stage."""
    stage.set_up(Path.cwd())
    monkeypatch.setenv("DVC_STAGE", "train")


@pytest.fixture(autouse=True)
def processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each attempt within a test is a process of its own, which is gone when its run has ended."""
    me, count, gone = Process.current(), itertools.count(1), set()
    provenance, end, really_gone = tracking.provenance, tracking._TrackedRun.end, Process.gone

    def of_another(folder: Path) -> dict[str, str]:
        process = replace(me, started=me.started + next(count) / 100)
        return provenance(folder) | {"process": str(process)}

    def end_process(run: tracking._TrackedRun, status: messages.Status, reason: str = "") -> None:
        end(run, status, reason)
        gone.add(run._process)

    monkeypatch.setattr(tracking, "provenance", of_another)
    monkeypatch.setattr(tracking._TrackedRun, "end", end_process)
    monkeypatch.setattr(Process, "gone", lambda self: str(self) in gone or really_gone(self))


def client(root: Path):
    from mlflow import MlflowClient

    return MlflowClient(f"sqlite:///{root}/mlflow.db")


def runs(root: Path) -> list:
    """Return the runs of the attempts, the first first, without that of the fixture's stage."""
    store = client(root)
    experiment = store.get_experiment_by_name(EXPERIMENT).experiment_id
    order = ["attributes.start_time ASC"]
    found = store.search_runs([experiment], "tags.stage = 'train'", order_by=order)
    return list(found)[1:]


def interrupt(root: Path, steps: range) -> None:
    with pytest.raises(KeyboardInterrupt):
        attempt(root, steps, KeyboardInterrupt())


def kill(root: Path, steps: int, **environment: str) -> None:
    """Train in a process of its own, until SIGKILL."""
    command = [sys.executable, stage.__file__, str(root), str(steps)]
    began = Path("began")
    with subprocess.Popen(
        command,
        env=os.environ | {"PYTHONPATH": str(SRC)} | environment,
        stderr=subprocess.PIPE,
        text=True,
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
    began.unlink()


def check_it_is_one_whole_run(root: Path, attempts: int = 2):
    """Return the only run, which has all steps once."""
    (run,) = runs(root)
    store, run_id, tags = client(root), run.info.run_id, run.data.tags
    assert run.info.status == "FINISHED"
    assert "error" not in tags
    assert tags["attempts"] == str(attempts)
    assert run.data.params == {"train.width": "24"}
    points = sorted(store.get_metric_history(run_id, "loss"), key=lambda point: point.step)
    assert [(point.step, point.value) for point in points] == [(n, n / 3) for n in range(STEPS)]
    rates = store.get_metric_history(run_id, "images_per_second")
    assert sorted(point.step for point in rates) == list(range(STEPS))
    (floor,) = store.get_metric_history(run_id, "floor")
    assert (floor.step, floor.value) == (0, stage.FLOOR)
    folder = Path(url2pathname(urlsplit(run.info.artifact_uri).path))
    for step in range(0, STEPS, 2):
        (picture,) = folder.glob(f"images/samples~average+step+{step}+*.png")
        assert np.asarray(Image.open(picture)).tolist() == np.full((8, 8, 3), step).tolist()
    assert len(list(folder.glob("images/*.png"))) == len(range(0, STEPS, 2))
    assert len(list(folder.glob("images/*.webp"))) == len(range(0, STEPS, 2))
    (dataset,) = run.inputs.dataset_inputs
    assert dataset.dataset.name == "train"
    assert not list((root / FOLDER).glob("*"))
    return run


# What is continued


def test_a_killed_stage_goes_on_as_the_same_run(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "FLUSH_SECONDS", 0.0)
    monkeypatch.setattr(tracking, "FLUSH_SHARE", 1e9)
    kill(root, 6)
    (killed,) = runs(root)
    assert killed.info.status == "RUNNING"
    loads = {name for name in killed.data.metrics if name.startswith("system/")}
    before = {name: client(root).get_metric_history(killed.info.run_id, name) for name in loads}
    time.sleep(1.1)  # of the machine's load a second has one point
    again = time.time() * 1000
    attempt(root, range(3, STEPS))
    run = check_it_is_one_whole_run(root)
    assert run.info.run_id == killed.info.run_id
    assert run.info.start_time == killed.info.start_time
    assert run.info.end_time >= again - 1
    assert Process.parse(run.data.tags["process"]).pid == os.getpid()
    assert run.data.tags[PARENT] == killed.data.tags[PARENT]
    row = client(root).get_run(run.data.tags[PARENT])
    assert row.info.status == "RUNNING"
    assert "error" not in row.data.tags
    assert loads
    for name, points in before.items():
        history = client(root).get_metric_history(run.info.run_id, name)
        assert len(history) > len(points)
        steps = [point.step for point in sorted(history, key=lambda point: point.timestamp)]
        assert steps == sorted(steps)


@pytest.mark.parametrize("first", [0, 3, 6])
def test_an_interrupted_stage_goes_on_as_the_same_run(root: Path, first: int) -> None:
    interrupt(root, range(6))
    (run,) = runs(root)
    assert (run.info.status, run.data.tags["error"]) == ("KILLED", "interrupted")
    attempt(root, range(first, STEPS))
    check_it_is_one_whole_run(root)


def test_a_stage_may_be_killed_again_and_again(root: Path) -> None:
    for steps in (range(4), range(6), range(2, 5)):
        interrupt(root, steps)
    attempt(root, range(1, STEPS))
    check_it_is_one_whole_run(root, attempts=4)


def test_two_attempts_at_once_continue_a_run_each(root: Path) -> None:
    def both(error: BaseException | None) -> None:
        with (
            track("train", "", Params(), root, resumable=True) as one,
            track("train", "", Params(), root, resumable=True) as other,
        ):
            stage.work(one, range(2))
            stage.work(other, range(3))
            if error is not None:
                raise error

    with pytest.raises(KeyboardInterrupt):
        both(KeyboardInterrupt())
    both(None)
    found = [(run.info.status, run.data.tags["attempts"]) for run in runs(root)]
    assert found == [("FINISHED", "2")] * 2


def test_a_figure_that_has_changed_is_told_again(root: Path) -> None:
    def measure(rate: float, error: BaseException | None = None) -> None:
        with track("train", "", Params(), root, resumable=True) as run:
            run.log_metrics({"rate": rate, "floor": 2.0})
            if error is not None:
                raise error

    with pytest.raises(KeyboardInterrupt):
        measure(1.0, KeyboardInterrupt())
    measure(1.5)
    (held,) = runs(root)
    assert held.data.metrics == {"rate": 1.5, "floor": 2.0}
    assert len(client(root).get_metric_history(held.info.run_id, "floor")) == 1


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
    monkeypatch.setattr(tracking, "POINTS", 2)  # sent in many batches
    interrupt(root, range(6))
    assert asked == []
    attempt(root, range(STEPS))
    assert sorted(what for what in asked if not what.startswith("system/")) == [
        "floor",
        "images",
        "images_per_second",
        "loss",
    ]


# What is not


@pytest.mark.parametrize("attempts", [[RuntimeError()], [KeyboardInterrupt(), RuntimeError()]])
def test_a_failed_stage_is_not_continued(root: Path, attempts: list[BaseException]) -> None:
    for error in attempts:
        with pytest.raises(type(error)):
            attempt(root, range(4), error)
    attempt(root, range(STEPS))
    assert [run.info.status for run in runs(root)] == ["FAILED", "FINISHED"]


def test_a_finished_stage_is_not_continued(root: Path) -> None:
    """As with `dvc repro --force`."""
    for _ in range(2):
        attempt(root, range(STEPS))
    assert [run.info.status for run in runs(root)] == ["FINISHED"] * 2


@pytest.mark.parametrize("file", ["params.yaml", "train.npy"])
def test_other_work_is_not_a_continuation(root: Path, file: str) -> None:
    interrupt(root, range(4))
    Path(file).write_text("train: {width: 25}")
    attempt(root, range(STEPS))
    assert [run.info.status for run in runs(root)] == ["KILLED", "FINISHED"]


def test_what_was_killed_in_another_checkout_is_not_continued(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{root}/mlflow.db")
    interrupt(root, range(4))
    other = tmp_path / "another checkout"
    other.mkdir()
    attempt(other, range(STEPS))
    assert [run.info.status for run in runs(root)] == ["KILLED", "FINISHED"]


def test_checkouts_of_the_same_path_on_two_disks_are_two(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    first = checkout(here)
    assert checkout(here) == first
    here.rename(tmp_path / "away")
    here.mkdir()
    assert checkout(here) != first


def test_outside_dvc_nothing_is_continued(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DVC_STAGE")
    interrupt(root, range(4))
    attempt(root, range(STEPS))
    assert [run.info.status for run in runs(root)] == ["KILLED", "FINISHED"]


def test_a_stage_that_always_begins_anew_is_a_new_run(root: Path) -> None:
    with pytest.raises(KeyboardInterrupt), track("train", "", Params(), root):
        raise KeyboardInterrupt
    with track("train", "", Params(), root):
        pass
    assert [run.info.status for run in runs(root)] == ["KILLED", "FINISHED"]


# The rows


def test_a_run_that_another_experiment_continues_moves_to_its_row(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_EXP_NAME", "wordy-oak")
    monkeypatch.setenv("DVC_EXP_BASELINE_REV", "a" * 40)
    interrupt(root, range(6))
    (killed,) = runs(root)
    monkeypatch.setenv("DVC_EXP_NAME", "plain-elm")
    monkeypatch.delenv("DVC_EXP_BASELINE_REV")
    attempt(root, range(3, STEPS))
    run = check_it_is_one_whole_run(root)
    left = client(root).get_run(killed.data.tags[PARENT])
    row = client(root).get_run(run.data.tags[PARENT])
    assert row.info.run_name == "baseline · plain-elm"
    assert row.data.tags["experiment.key"] == run.data.tags["experiment.key"]
    assert run.data.tags["dvc.exp_name"] == "plain-elm"
    assert "dvc.exp_baseline_rev" not in run.data.tags
    assert (row.info.status, left.info.status) == ("RUNNING", "KILLED")
    assert left.info.run_id != row.info.run_id
    assert left.data.tags["error"] == "its train is continued in baseline · plain-elm"


def test_a_run_may_come_back_to_the_row_that_it_left(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = []
    for name in ("wordy-oak", "plain-elm", "wordy-oak"):
        monkeypatch.setenv("DVC_EXP_NAME", name)
        interrupt(root, range(4))
        (run,) = runs(root)
        rows.append(run.data.tags[PARENT])
    assert rows[0] == rows[2] != rows[1]
    assert client(root).get_run(rows[0]).data.tags["error"] == "interrupted"


@pytest.mark.parametrize("state", ["complete", "deleted"])
def test_a_row_that_is_complete_or_deleted_is_left_alone(
    root: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    monkeypatch.setenv("DVC_EXP_NAME", "wordy-oak")
    interrupt(root, range(6))
    left = runs(root)[0].data.tags[PARENT]
    if state == "complete":
        client(root).set_tag(left, RECORDED, "digest")
        client(root).delete_tag(left, "error")
    else:
        client(root).delete_run(left)
    monkeypatch.setenv("DVC_EXP_NAME", "plain-elm")
    attempt(root, range(3, STEPS))
    check_it_is_one_whole_run(root)
    if state == "complete":
        assert "error" not in client(root).get_run(left).data.tags


# While MLflow is down


def break_off(*_arguments: object, **_options: object) -> None:
    raise OSError("the network is gone")


@contextmanager
def mlflow_that(state: str) -> Iterator[None]:
    """Let MLflow be one that "is up" or "is down", or that "breaks off" at the first picture."""
    from mlflow import MlflowClient

    with pytest.MonkeyPatch.context() as patch:
        if state == "is down":
            patch.setenv("MLFLOW_TRACKING_URI", DOWN)
        elif state == "breaks off":
            patch.setattr(MlflowClient, "log_image", break_off)
        yield


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("is down", "is up"),
        ("breaks off", "is up"),
        ("is up", "is down"),
        ("is up", "breaks off"),
        ("is down", "is down"),
        ("is down", "breaks off"),
        ("breaks off", "is down"),
        ("breaks off", "breaks off"),
    ],
)
def test_mlflow_may_be_down_during_each_attempt(root: Path, first: str, second: str) -> None:
    began = time.time() * 1000
    with mlflow_that(first):
        interrupt(root, range(6))
    between = time.time() * 1000
    with mlflow_that(second):
        attempt(root, range(3, STEPS))
    ended = time.time() * 1000
    catch_up(root)
    run = check_it_is_one_whole_run(root)
    assert began - 1 <= run.info.start_time <= between
    assert between - 1 <= run.info.end_time <= ended


def test_what_a_stage_told_before_sigkill_is_sent_and_then_continued(root: Path) -> None:
    kill(root, 6, MLFLOW_TRACKING_URI=DOWN)
    assert runs(root) == []
    attempt(root, range(5, STEPS))
    check_it_is_one_whole_run(root)


def test_mlflow_may_come_back_in_the_middle_of_the_second_attempt(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "RETRY_SECONDS", 0.0)
    with mlflow_that("is down"):
        interrupt(root, range(6))
    with pytest.MonkeyPatch.context() as down:
        down.setattr(outbox, "Store", break_off)
        with track("train", "", Params(), root, resumable=True) as run:
            down.undo()
            stage.work(run, range(3, STEPS))
    check_it_is_one_whole_run(root)


def test_what_arrives_late_of_a_killed_attempt_does_not_end_the_run(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mlflow_that("breaks off"):
        interrupt(root, range(6))
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "send_kept", break_off)
        attempt(root, range(STEPS))
    assert catch_up(root)[1] == 1
    check_it_is_one_whole_run(root)


def test_a_run_whose_reopening_breaks_off_is_reopened_later(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    monkeypatch.setattr(outbox, "RETRY_SECONDS", 0.0)
    interrupt(root, range(6))
    original = MlflowClient.update_run

    def lost(self: MlflowClient, run_id: str, status: str) -> None:
        original(self, run_id, status)
        raise OSError("the answer is lost")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MlflowClient, "update_run", lost)
        with track("train", "", Params(), root, resumable=True) as run:
            for step in range(3, STEPS):  # at first the row, then the run, then neither
                stage.work(run, range(step, step + 1))
    check_it_is_one_whole_run(root)


def test_catching_up_that_breaks_off_while_it_reopens_a_run_goes_on(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    interrupt(root, range(6))
    with mlflow_that("is down"):
        attempt(root, range(3, STEPS))
    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "log_image", break_off)
        with pytest.raises(FaultError, match="the network is gone"):
            catch_up(root)
    catch_up(root)
    check_it_is_one_whole_run(root)


def test_a_message_of_a_version_that_told_no_process_is_still_understood() -> None:
    held = outbox.MESSAGES.validate_json('{"kind":"end","status":"KILLED","reason":"","end":1}')
    assert isinstance(held, messages.End)
    assert held.process == ""
