"""What MLflow could not be told is kept, and told later: once, whole and in order."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import BaseModel

from dcgan_inpainting.common.errors import FaultError, UserError
from dcgan_inpainting.tracking import outbox
from dcgan_inpainting.tracking.outbox import FOLDER, catch_up
from dcgan_inpainting.tracking.runs import track
from dcgan_inpainting.tracking.store import EXPERIMENT, PARENT

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own

SRC = Path(outbox.__file__).parents[2]
DOWN = "gopher://nowhere"

# A stage as a process of its own, which ends only when it is killed.
STAGE = """
import sys, time
from pathlib import Path
from pydantic import BaseModel
from dcgan_inpainting.tracking.runs import track

class Params(BaseModel):
    width: int = 24

with track("killed", "", Params(), Path(sys.argv[1])) as run:
    run.log_metrics({"loss": 1.0}, 1)
    Path("note.txt").write_text("note")
    run.log_artifact(Path("note.txt"))
    Path(sys.argv[2]).touch()
    time.sleep(600)
"""


class Params(BaseModel):
    width: int = 24


def client(root: Path):
    from mlflow import MlflowClient

    return MlflowClient(f"sqlite:///{root}/mlflow.db")


def found(root: Path, stage: str):
    """Return the only run of a stage in the checkout's own store."""
    store = client(root)
    experiment = store.get_experiment_by_name(EXPERIMENT).experiment_id
    (run,) = store.search_runs([experiment], f"tags.stage = '{stage}'")
    return run


def folders(root: Path) -> list[Path]:
    return sorted((root / FOLDER).glob("*"))


def break_off(*_arguments: object, **_options: object) -> None:
    raise OSError("the network is gone")


def do_work(root: Path, stage: str = "masks") -> None:
    with track(stage, "", Params(), root) as run:
        for step in range(3):
            run.log_metrics({"loss": step / 2}, step)
        Path("result.txt").write_text("result")
        run.log_artifact(Path("result.txt"), "texts")
        Path("folder").mkdir(exist_ok=True)
        Path("folder/inner.txt").write_text("inner")
        run.log_artifact(Path("folder"))
        run.log_image(np.full((8, 8, 3), 7, np.uint8), "samples", 2)
        run.log_dataset(Path("result.txt"), "input")
        Image.new("RGB", (8, 8), "red").save("face.png")
        Path("faces.json").write_text('{"face": ["a"], "picture": ["face.png"], "psnr": [20.5]}')
        run.log_table(Path("faces.json"), Path.cwd(), "faces.json")
    for path in ("result.txt", "folder/inner.txt", "face.png", "faces.json"):
        Path(path).unlink()  # as DVC's temporary directories go


def check_all_of_it_is_there(root: Path, stage: str = "masks") -> None:
    run = found(root, stage)
    store = client(root)
    assert run.info.status == "FINISHED"
    assert run.data.params == {f"{stage}.width": "24"}
    points = store.get_metric_history(run.info.run_id, "loss")
    assert [(point.step, point.value) for point in points] == [(0, 0.0), (1, 0.5), (2, 1.0)]
    artifacts = root / "mlruns" / run.info.run_id / "artifacts"
    assert (artifacts / "texts/result.txt").read_text() == "result"
    assert (artifacts / "folder/inner.txt").read_text() == "inner"
    (picture,) = artifacts.glob("images/samples+step+2+*.png")
    assert np.asarray(Image.open(picture)).tolist() == np.full((8, 8, 3), 7).tolist()
    (dataset,) = run.inputs.dataset_inputs
    assert dataset.dataset.name == "input"
    table = json.loads((artifacts / "faces.json").read_text())
    assert table["columns"] == ["face", "picture", "psnr"]
    ((face, cell, psnr),) = table["data"]
    assert (face, psnr) == ("a", 20.5)
    with Image.open(artifacts / cell["filepath"]) as shown:
        assert shown.getpixel((0, 0)) == (255, 0, 0)


def test_what_was_told_while_mlflow_was_down_is_told_by_the_next_run(
    root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", DOWN)
    began = time.time() * 1000
    do_work(root)
    assert len(folders(root)) == 1
    assert "make catch-up" in caplog.text
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    ended = time.time() * 1000
    with track("evaluate", "", Params(), root):
        pass
    check_all_of_it_is_there(root)
    run = found(root, "masks")
    assert began - 1000 < run.info.start_time <= run.info.end_time < ended + 1000
    assert folders(root) == []


def test_mlflow_may_go_down_in_the_middle_and_come_back(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    monkeypatch.setattr(outbox, "RETRY_SECONDS", 0.0)
    with track("masks", "", Params(), root) as run:
        Path("note.txt").write_text("note")
        run.log_artifact(Path("note.txt"), "before")
        with monkeypatch.context() as down:
            down.setattr(MlflowClient, "log_artifact", break_off)
            run.log_artifact(Path("note.txt"), "meanwhile")
            run.log_artifact(Path("note.txt"), "still down")
            assert len(folders(root)) == 1
        run.log_artifact(Path("note.txt"), "after")
        assert folders(root) == []
    held = found(root, "masks")
    names = {artifact.path for artifact in client(root).list_artifacts(held.info.run_id)}
    assert {"before", "meanwhile", "still down", "after"} <= names
    assert held.info.status == "FINISHED"


def test_catching_up_that_breaks_off_goes_on_where_it_was(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    monkeypatch.setenv("MLFLOW_TRACKING_URI", DOWN)
    do_work(root)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    with monkeypatch.context() as down:
        down.setattr(MlflowClient, "log_image", break_off)
        with pytest.raises(FaultError, match="the network is gone"):
            catch_up(root)
    assert len(folders(root)) == 1
    assert catch_up(root)[1] == 1
    check_all_of_it_is_there(root)
    assert catch_up(root)[1] == 0


def test_an_earlier_run_that_mlflow_refuses_does_not_keep_the_next_from_it(
    root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", DOWN)
    do_work(root)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    (folder,) = folders(root)
    opening = json.loads((folder / "opening.json").read_text())
    opening["params"] = {"not a / valid ? name": "x"}
    (folder / "opening.json").write_text(json.dumps(opening))
    do_work(root, "evaluate")
    check_all_of_it_is_there(root, "evaluate")
    assert "what MLflow missed stays missing" in caplog.text
    assert folders(root) == [folder]


def test_a_living_process_keeps_its_own_and_a_killed_ones_run_is_ended(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    environment = os.environ | {"PYTHONPATH": str(SRC), "MLFLOW_TRACKING_URI": DOWN}
    command = [sys.executable, "-c", STAGE, str(root), str(told)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as stage:
        try:
            deadline = time.monotonic() + 60
            while not told.exists():
                assert time.monotonic() < deadline
                time.sleep(0.1)
            assert catch_up(root)[1] == 0
            assert len(folders(root)) == 1
            stage.send_signal(signal.SIGKILL)
            stage.wait(10)
            # As a process leaves it that is killed while it writes.
            with (folders(root)[0] / "messages.jsonl").open("a") as file:
                file.write('{"kind": "metr')
            assert catch_up(root)[1] == 1
        finally:
            stage.kill()
    run = found(root, "killed")
    assert run.info.status == "KILLED"
    assert "killed" in run.data.tags["error"]
    assert (root / "mlruns" / run.info.run_id / "artifacts" / "note.txt").read_text() == "note"


def test_the_stages_of_an_experiment_that_mlflow_missed_share_its_row(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("params.yaml").write_text("train: {width: 24}\nmasks: {width: 24}\n")
    Path("dvc.yaml").write_text("stages: {train: {cmd: x}, masks: {cmd: y}}")
    monkeypatch.setenv("DVC_EXP_NAME", "wordy-oak")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", DOWN)
    for stage in ("crop", "masks"):
        monkeypatch.setenv("DVC_STAGE", stage)
        do_work(root, stage)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert catch_up(root)[1] == 2
    rows = {found(root, stage).data.tags[PARENT] for stage in ("crop", "masks")}
    assert len(rows) == 1
    row = client(root).get_run(rows.pop())
    assert row.info.run_name == "baseline · wordy-oak"
    assert row.data.params == {"train.width": "24", "masks.width": "24"}


def test_catching_up_while_mlflow_is_down_is_one_clear_line(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", DOWN)
    with pytest.raises(UserError, match="MLFLOW_TRACKING_URI is 'gopher://nowhere'"):
        catch_up(root)
