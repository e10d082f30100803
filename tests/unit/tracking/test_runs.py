"""The tracking seam, on real SQLite stores and with trackers that are down."""

import contextlib
import hashlib
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import BaseModel

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.tracking import messages
from dcgan_inpainting.tracking import runs as tracking
from dcgan_inpainting.tracking.provenance import Process
from dcgan_inpainting.tracking.runs import track
from dcgan_inpainting.tracking.store import EXPERIMENT

# MLflow's, about its own libraries.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SRC = Path(tracking.__file__).parents[2]

# A stage as a process of its own: argv are root, name, seconds to stay after it has begun.
STAGE = """
import sys, time
from pathlib import Path
from pydantic import BaseModel
from dcgan_inpainting.tracking.runs import track

class Params(BaseModel):
    width: int = 24

root, name, seconds = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
note = Path("note.txt")
note.write_text(name)
with track(name, "", Params(), root) as run:
    run.log_metrics({"loss": 1.0}, 1)
    run.log_artifact(note)
    (root / f"{name}.began").touch()
    time.sleep(seconds)
(root / f"{name}.ended").touch()
"""


class Params(BaseModel):
    width: int = 24
    learning_rate: float = 1e-5
    kinds: list[str] = ["center", "half"]
    archive: str | None = None
    flip: bool = True
    source: str = "drawn"


def client(root: Path):
    from mlflow import MlflowClient

    return MlflowClient(f"sqlite:///{root}/mlflow.db")


def runs(root: Path) -> dict:
    """Return all runs of the project's experiment in a store, by the name of their stage."""
    store = client(root)
    found = store.search_runs([store.get_experiment_by_name(EXPERIMENT).experiment_id])
    return {run.data.tags.get("stage", "row"): run for run in found}


def only(root: Path, stage: str = "inpaint"):
    return runs(root)[stage]


def start(folder: Path, root: Path, name: str, seconds: float) -> subprocess.Popen:
    folder.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    command = [sys.executable, "-c", STAGE, str(root), name, str(seconds)]
    return subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)


def wait_for(path: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} did not come"
        time.sleep(0.05)


@contextlib.contextmanager
def listening() -> Iterator[int]:
    """A port where connections are taken and nothing is ever answered."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def closed_port() -> int:
    with listening() as port:
        return port


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno >= logging.WARNING]


# What a run holds


def test_a_run_holds_parameters_as_params_yaml_has_them(root: Path) -> None:
    with track("download", "", Params(), root):
        pass
    run = only(root, "download")
    assert run.data.params == {
        "download.width": "24",
        "download.learning_rate": "1e-05",
        "download.kinds": '["center", "half"]',
        "download.archive": "null",
        "download.flip": "true",
        "download.source": "drawn",
    }
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "download"


def test_a_long_parameter_is_cut(root: Path) -> None:
    with track("inpaint", "", Params(source="x" * 7000), root):
        pass
    assert only(root).data.params["inpaint.source"] == "x" * 6000


def test_a_run_says_what_made_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_STAGE", "inpaint@center")
    monkeypatch.setenv("DVC_EXP_NAME", "wordy-oak")
    monkeypatch.setenv("DVC_EXP_BASELINE_REV", "a" * 40)
    Path("params.yaml").write_text("inpaint: {steps: 3}")
    with track("inpaint", "center", Params(), root):
        pass
    run = only(root)
    assert run.info.run_name == "inpaint center"
    tags = run.data.tags
    assert (tags["stage"], tags["item"]) == ("inpaint", "center")
    assert tags["dvc.stage"] == "inpaint@center"
    assert tags["dvc.exp_name"] == "wordy-oak"
    assert tags["dvc.exp_baseline_rev"] == "a" * 40
    assert tags["host"] == socket.gethostname()
    assert Process.parse(tags["process"]).pid == os.getpid()
    assert {"version.torch", "version.mlflow", "cpu.name", "cpu.cores"} <= tags.keys()
    assert "error" not in tags


def test_a_data_set_is_named_by_its_md5(root: Path) -> None:
    content = np.random.default_rng(1).bytes(3_000_000)
    Path("train.npy").write_bytes(content)
    with track("inpaint", "", Params(), root) as run:
        run.log_dataset(Path("train.npy"), "train")
    (held,) = only(root).inputs.dataset_inputs
    assert held.dataset.digest == hashlib.md5(content).hexdigest()
    assert held.dataset.name == "train"
    assert held.dataset.source == '{"uri": "train.npy"}'


def test_artifacts_and_pictures_lie_under_root(root: Path) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    Image.fromarray(picture).save("face.png")
    Path("table.csv").write_text("a,b")
    with track("inpaint", "", Params(), root) as run:
        run.log_artifact(Path("table.csv"), "tables")
        run.log_image(picture, "samples/ours", 1)
        run.log_image(Path("face.png"), "samples/ours", 2)
    folder = root / "mlruns" / only(root).info.run_id / "artifacts"
    assert (folder / "tables" / "table.csv").read_text() == "a,b"
    for step in (1, 2):
        (found,) = folder.glob(f"images/samples~ours+step+{step}+*.png")
        assert np.array_equal(np.asarray(Image.open(found)), picture)
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["face.png", "table.csv"]


def test_artifacts_follow_a_checkout_that_was_copied(root: Path, first_root: Path) -> None:
    before = sorted(first_root.rglob("*"))
    with track("inpaint", "", Params(), root) as run:
        Path("note.txt").write_text("new")
        run.log_artifact(Path("note.txt"))
    found = runs(root)
    for stage, text in (("train", "from the first checkout"), ("inpaint", "new")):
        uri = found[stage].info.artifact_uri
        assert uri == (root / "mlruns" / found[stage].info.run_id / "artifacts").as_uri()
        assert (
            Path(client(root).download_artifacts(found[stage].info.run_id, "note.txt")).read_text()
            == text
        )
    assert sorted(first_root.rglob("*")) == before


def test_a_file_that_is_missing_is_the_stages_error(root: Path) -> None:
    with pytest.raises(FileNotFoundError), track("inpaint", "", Params(), root) as run:
        run.log_artifact(Path("missing.csv"))
    assert only(root).info.status == "FAILED"


# Metrics


def test_metrics_are_complete_without_doubles_and_sent_in_batches(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    sizes: list[int] = []
    original = MlflowClient.log_batch

    def log_batch(self, run_id, metrics=(), params=(), tags=(), synchronous=None):
        sizes.append(len(metrics))
        return original(self, run_id, metrics, params, tags, synchronous)

    monkeypatch.setattr(MlflowClient, "log_batch", log_batch)
    with track("inpaint", "", Params(), root) as run:
        for step in range(900):
            run.log_metrics({"g_loss": step / 2, "d_loss": -step, "center/psnr": 1.0}, step)
    assert max(sizes) <= messages.BATCH
    assert sum(sizes) == 2700
    assert len([size for size in sizes if size]) <= 6
    run_id = only(root).info.run_id
    history = client(root).get_metric_history(run_id, "g_loss")
    assert [(point.step, point.value) for point in history] == [(s, s / 2) for s in range(900)]
    assert len(client(root).get_metric_history(run_id, "center/psnr")) == 900


def test_curves_grow_while_the_work_goes_on(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "FLUSH_SECONDS", 0.2)
    monkeypatch.setattr(tracking, "FLUSH_SHARE", 1.0)
    with track("inpaint", "", Params(), root) as run:
        run.log_metrics({"loss": 1.0}, 1)
        assert "loss" not in only(root).data.metrics
        time.sleep(0.3)
        run.log_metrics({"loss": 2.0}, 2)
        assert only(root).data.metrics["loss"] == 2.0
        assert "system/cpu_utilization_percentage" in only(root).data.metrics


def test_a_slow_store_is_asked_less_often(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow import MlflowClient

    calls: list[float] = []
    with track("inpaint", "", Params(), root) as run:

        def log_batch(*_args: object, **_kwargs: object) -> None:
            calls.append(time.monotonic())
            time.sleep(0.05)

        monkeypatch.setattr(MlflowClient, "log_batch", log_batch)
        monkeypatch.setattr(tracking, "FLUSH_SECONDS", 0.0)
        monkeypatch.setattr(run, "_next_flush", 0.0)
        for step in range(50):
            run.log_metrics({"loss": 1.0}, step)
            time.sleep(0.01)
        assert len(calls) == 1


def test_nan_and_infinity_are_told_and_cost_nothing_else(root: Path) -> None:
    with track("inpaint", "", Params(), root) as run:
        run.log_metrics({"loss": float("inf"), "psnr": 30.0}, 1)
        run.log_metrics({"loss": float("nan"), "psnr": 31.0}, 2)
        run.log_metrics({"loss": np.float32(0.5), "psnr": 32.0}, 3)
    run_id = only(root).info.run_id
    history = client(root).get_metric_history(run_id, "loss")
    assert [(point.step, point.value) for point in history] == [(3, 0.5)]
    assert len(client(root).get_metric_history(run_id, "psnr")) == 3
    assert only(root).data.tags["not_finite"] == "loss is inf at step 1"


# How a run ends


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (UserError("download.source is\nwrong"), "FAILED", "UserError: download.source is wrong"),
        (KeyboardInterrupt(), "KILLED", "interrupted"),
        (SystemExit(3), "FAILED", "SystemExit: 3"),
    ],
)
def test_the_works_own_error_ends_the_run_and_goes_on(
    root: Path, error: BaseException, status: str, line: str
) -> None:
    def work() -> None:
        with track("inpaint", "", Params(), root) as run:
            run.log_metrics({"loss": 1.0}, 1)
            raise error

    with pytest.raises(type(error)) as caught:
        work()
    assert caught.value is error
    held = only(root)
    assert (held.info.status, held.data.tags["error"]) == (status, line)
    assert held.data.metrics == {"loss": 1.0}


def test_a_killed_stages_run_is_ended_by_the_next_and_a_live_one_left_alone(
    root: Path, tmp_path: Path
) -> None:
    killed = start(tmp_path / "a", root, "killed", 600)
    alive = start(tmp_path / "b", root, "alive", 600)
    try:
        wait_for(root / "killed.began")
        wait_for(root / "alive.began")
        killed.send_signal(signal.SIGKILL)
        time.sleep(0.2)  # not waited for: still a zombie
        assert only(root, "killed").info.status == "RUNNING"
        with track("inpaint", "", Params(), root):
            assert only(root, "killed").info.status == "KILLED"
            assert only(root, "alive").info.status == "RUNNING"
            assert only(root).info.status == "RUNNING"
        alive.send_signal(signal.SIGINT)
        alive.communicate(timeout=30)
        assert only(root, "alive").info.status == "KILLED"
        assert only(root, "alive").data.tags["error"] == "interrupted"
        assert "found dead" in only(root, "killed").data.tags["error"]
    finally:
        for process in (killed, alive):
            process.kill()
            process.communicate()


def test_only_a_process_known_to_be_gone_counts_as_dead(root: Path) -> None:
    me = Process.current()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    space = me.space
    processes = {
        "my own": (str(me), "RUNNING"),
        "my number reused": (f"{me.pid} {me.started - 1000} {space}", "KILLED"),
        "my clock set": (f"{me.pid} {me.started - 1} {space}", "RUNNING"),
        "gone": (f"{gone.pid} {time.time()} {space}", "KILLED"),
        "gone but in another container": (f"{gone.pid} {time.time()} {space}0", "RUNNING"),
        "unknown": ("", "RUNNING"),
    }
    store = client(root)
    experiment = store.get_experiment_by_name(EXPERIMENT).experiment_id
    host = {"host": socket.gethostname()}
    for name, (process, _) in processes.items():
        store.create_run(experiment, tags={"stage": name, "process": process, **host})
    other = {"stage": "elsewhere", "host": "another-host", "process": processes["gone"][0]}
    store.create_run(experiment, tags=other)
    with track("inpaint", "", Params(), root):
        pass
    statuses = {name: run.info.status for name, run in runs(root).items()}
    assert {name: statuses[name] for name in processes} == {
        name: status for name, (_, status) in processes.items()
    }
    assert statuses["elsewhere"] == "RUNNING"


# Several at once


def test_processes_that_make_one_new_store_at_once_all_get_their_runs(tmp_path: Path) -> None:
    root = tmp_path / "new checkout"
    root.mkdir()
    (root / "mlflow.db").touch()  # as SQLite leaves it
    (root / "mlflow.db-new").write_text("left by a process that was killed while it made a store")
    names = [f"stage{index}" for index in range(4)]
    stages = [start(tmp_path / "temporary" / name, root, name, 0) for name in names]
    errors = [stage.communicate(timeout=120)[1] for stage in stages]
    assert [stage.returncode for stage in stages] == [0, 0, 0, 0], errors
    assert errors == ["", "", "", ""]
    shutil.rmtree(tmp_path / "temporary")  # as DVC does with the directory of an experiment
    found = runs(root)
    assert sorted(found) == names
    for name, run in found.items():
        assert run.info.status == "FINISHED"
        assert run.data.metrics["loss"] == 1.0
        artifact = root / "mlruns" / run.info.run_id / "artifacts" / "note.txt"
        assert artifact.read_text() == name
    assert sorted(path.name for path in root.glob("mlflow*")) == ["mlflow.db"]


# Trackers that are down


def check_the_work_goes_on(root: Path, caplog: pytest.LogCaptureFixture, *reasons: str) -> None:
    """Do a stage's work; its result must be there, and one warning with the reasons."""
    Path("input.txt").write_text("input")
    with track("inpaint", "", Params(), root) as run:
        run.log_dataset(Path("input.txt"), "input")
        run.log_metrics({"loss": 1.0}, 1)
        run.log_image(np.zeros((8, 8, 3), np.uint8), "samples", 1)
        Path("result.txt").write_text("result")
        run.log_artifact(Path("result.txt"))
    assert Path("result.txt").read_text() == "result"
    (warning,) = warnings_in(caplog)
    assert "\n" not in warning
    for reason in reasons:
        assert reason in warning


def test_a_closed_port_costs_one_warning_and_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    port = closed_port()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:secret@127.0.0.1:{port}")
    began = time.monotonic()
    check_the_work_goes_on(tmp_path, caplog, f"http://***@127.0.0.1:{port}", "refused")
    assert time.monotonic() - began < 15
    assert "secret" not in caplog.text
    assert {path.name for path in tmp_path.iterdir()} == {".mlflow-missed", "work"}
    kept = [path.read_text() for path in tmp_path.rglob("*.json*")]
    assert not [text for text in kept if "secret" in text]


def test_a_server_that_never_answers_costs_the_users_own_timeout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with listening() as port:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{port}")
        began = time.monotonic()
        check_the_work_goes_on(tmp_path, caplog, f"http://127.0.0.1:{port}", "timed out")
        assert time.monotonic() - began < 4


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("sqlite:///junk.db", "not a database"),
        ("sqlite:///.", "unable to open"),
        ("sqlite:///junk.db/store.db", "junk.db"),
        ("gopher://nowhere", "gopher://nowhere"),
        ("postgresql://me:secret@127.0.0.1:1/runs", "postgresql://***@127.0.0.1:1/runs"),
    ],
)
def test_an_address_that_holds_no_store_costs_one_warning(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    uri: str,
    reason: str,
) -> None:
    (tmp_path / "junk.db").write_text("this is no database" * 100)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    began = time.monotonic()
    check_the_work_goes_on(tmp_path, caplog, reason)
    assert time.monotonic() - began < 10
    assert "secret" not in caplog.text


def test_a_store_that_breaks_in_the_middle_costs_one_warning(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with track("inpaint", "", Params(), root) as run:
        run.log_metrics({"loss": 1.0}, 1)
        (root / "mlflow.db").write_text("this is no database" * 1000)
        run.log_image(np.zeros((8, 8, 3), np.uint8), "samples", 1)
        run.log_metrics({"loss": 1.0}, 2)
        Path("result.txt").write_text("result")
        run.log_artifact(Path("result.txt"))
    assert Path("result.txt").read_text() == "result"
    (warning,) = warnings_in(caplog)
    assert str(root / "mlflow.db") in warning


def test_the_works_error_passes_when_the_tracker_is_down_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "gopher://nowhere")
    with pytest.raises(ZeroDivisionError), track("inpaint", "", Params(), tmp_path):
        _ = 1 / 0
    assert len(warnings_in(caplog)) == 1


# Where the store is


def test_the_users_address_wins_over_the_checkouts_store(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(root / "mlflow.db", tmp_path / "shared.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/shared.db")
    with track("inpaint", "", Params(), root):
        pass
    assert list(runs(root)) == ["train"]


def test_a_store_that_somebody_else_made_gets_the_experiment(root: Path) -> None:
    store = client(root)
    others = store.get_experiment_by_name(EXPERIMENT).experiment_id
    store.rename_experiment(others, "of somebody else")
    with track("inpaint", "", Params(), root) as run:
        Path("note.txt").write_text("note")
        run.log_artifact(Path("note.txt"))
    assert list(runs(root)) == ["inpaint"]
    assert only(root).info.experiment_id != others
    assert (root / "mlruns" / only(root).info.run_id / "artifacts" / "note.txt").exists()


def test_importing_the_seam_does_not_import_mlflow() -> None:
    program = "import sys, dcgan_inpainting.running.stage as s; sys.exit('mlflow' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)


def test_telemetry_is_off_unless_the_user_wants_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///.")
    with track("inpaint", "", Params(), tmp_path):
        pass
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "false")
    with track("inpaint", "", Params(), tmp_path):
        pass
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "false"
