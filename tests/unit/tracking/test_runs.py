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

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.tracking import runs as tracking
from dcgan_inpainting.tracking import store as stores
from dcgan_inpainting.tracking.provenance import Process
from dcgan_inpainting.tracking.runs import track
from dcgan_inpainting.tracking.store import EXPERIMENT, MADE
from tests.unit.tracking import attempt as stage
from tests.unit.tracking.attempt import Params, attempt

# MLflow's, about its own libraries.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SRC = Path(tracking.__file__).parents[2]


def client(root: Path):
    from mlflow import MlflowClient

    return MlflowClient(f"sqlite:///{root}/mlflow.db")


def runs(root: Path) -> dict:
    """Return the latest runs of the project's experiment in a store, by their stages."""
    store = client(root)
    found = store.search_runs([store.get_experiment_by_name(EXPERIMENT).experiment_id])
    return {run.data.tags.get("stage", "row"): run for run in reversed(found)}


def only(root: Path, stage: str = "train"):
    return runs(root)[stage]


def start(folder: Path, root: Path, seconds: float, name: str = "train") -> subprocess.Popen:
    """Train in a process of its own: two steps, and then stay for some seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(SRC), str(SRC.parent)])}
    command = [sys.executable, "-m", stage.__name__, str(root), name, "2", str(seconds)]
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
    attempt(root, range(1))
    run = only(root)
    assert run.data.params == {
        "train.width": "24",
        "train.learning_rate": "1e-05",
        "train.kinds": '["center", "half"]',
        "train.archive": "null",
        "train.flip": "true",
        "train.source": "drawn",
    }
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "train"
    assert run.data.tags[MADE] == hashlib.md5(b"weights").hexdigest()


def test_a_long_parameter_is_cut(root: Path) -> None:
    attempt(root, range(1), params=Params(source="x" * 7000))
    assert only(root).data.params["train.source"] == "x" * 6000


def test_a_run_says_what_made_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_STAGE", "train")
    monkeypatch.setenv("DVC_EXP_NAME", "wordy-oak")
    monkeypatch.setenv("DVC_EXP_BASELINE_REV", "a" * 40)
    Path("params.yaml").write_text("train: {width: 24}")
    attempt(root, range(1))
    tags = only(root).data.tags
    assert tags["stage"] == tags["dvc.stage"] == "train"
    assert tags["dvc.exp_name"] == "wordy-oak"
    assert tags["dvc.exp_baseline_rev"] == "a" * 40
    assert tags["host"] == socket.gethostname()
    assert Process.parse(tags["process"]).pid == os.getpid()
    assert {"version.torch", "version.mlflow", "cpu.name", "cpu.cores"} <= tags.keys()
    assert "error" not in tags


def test_pictures_lie_under_root(root: Path) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    with track("train", "", Params(), root, live=True) as run:
        run.log_image(picture, "samples/ours", 1)
    folder = root / "mlruns" / only(root).info.run_id / "artifacts"
    (found,) = folder.glob("images/samples~ours+step+1+*.png")
    assert np.array_equal(np.asarray(Image.open(found)), picture)
    assert list(Path.cwd().iterdir()) == []


def test_artifacts_follow_a_checkout_that_was_copied(root: Path, first_root: Path) -> None:
    before = sorted(first_root.rglob("*"))
    attempt(root, range(1))
    for run in runs(root).values():
        folder = root / "mlruns" / run.info.run_id / "artifacts"
        assert run.info.artifact_uri == folder.as_uri()
        assert len(list(folder.glob("images/*.png"))) == 1
    assert sorted(first_root.rglob("*")) == before


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
    with track("train", "", Params(), root, live=True) as run:
        for step in range(900):
            run.log_metrics({"g_loss": step / 2, "d_loss": -step, "center/psnr": 1.0}, step)
    assert max(sizes) <= stores.MANY
    assert sum(sizes) == 2700
    assert len([size for size in sizes if size]) <= 6
    run_id = only(root).info.run_id
    history = client(root).get_metric_history(run_id, "g_loss")
    assert [(point.step, point.value) for point in history] == [(s, s / 2) for s in range(900)]
    assert len(client(root).get_metric_history(run_id, "center/psnr")) == 900


def test_curves_grow_while_the_work_goes_on(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "FLUSH_SECONDS", 0.2)
    monkeypatch.setattr(tracking, "FLUSH_SHARE", 1.0)
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.2")
    with track("train", "", Params(), root, live=True) as run:
        run.kept_in(Path.cwd())
        run.log_metrics({"loss": 1.0}, 1)
        time.sleep(0.3)
        run.log_metrics({"loss": 2.0}, 2)
        assert only(root).data.metrics["loss"] == 2.0
        assert only(root).info.status == "RUNNING"
        time.sleep(0.5)
    assert "system/cpu_utilization_percentage" in only(root).data.metrics


def test_a_slow_store_is_asked_less_often(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow import MlflowClient

    calls: list[float] = []
    with track("train", "", Params(), root, live=True) as run:
        run.log_image(np.zeros((8, 8, 3), np.uint8), "samples", 1)  # the run is open

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
    with track("train", "", Params(), root, live=True) as run:
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
        with track("train", "", Params(), root, live=True) as run:
            run.log_metrics({"loss": 1.0}, 1)
            raise error

    with pytest.raises(type(error)) as caught:
        work()
    assert caught.value is error
    held = only(root)
    assert (held.info.status, held.data.tags["error"]) == (status, line)
    assert held.data.metrics == {"loss": 1.0}


def test_a_stage_that_is_no_training_has_a_run_where_it_fails_under_dvc(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(error: BaseException) -> None:
        with pytest.raises(type(error)), track("masks", "center", Params(), root, live=False):
            raise error

    def end_well() -> None:
        with track("masks", "center", Params(), root, live=False):
            pass

    fail(UserError("by hand"))
    monkeypatch.setenv("DVC_STAGE", "masks@center")
    Path("params.yaml").write_text("masks: {width: 24}")
    fail(KeyboardInterrupt())
    end_well()
    assert set(runs(root)) == {"encoder"}
    fail(UserError("the folder is empty"))
    for run in (only(root, "masks"), only(root, "row")):
        assert run.info.status == "FAILED"
        assert run.data.tags["error"] == "UserError: the folder is empty"
    assert only(root, "masks").info.run_name == "masks center"


def test_a_killed_stages_run_is_ended_by_the_next_and_a_live_one_left_alone(
    root: Path, tmp_path: Path
) -> None:
    killed, alive = tmp_path / "a", tmp_path / "b"
    processes = [start(killed, root, 600), start(alive, root, 600, "encoder")]
    try:
        wait_for(killed / "began")
        wait_for(alive / "began")
        processes[0].send_signal(signal.SIGKILL)
        time.sleep(0.2)  # not waited for: still a zombie
        assert only(root).info.status == "RUNNING"
        of_killed = only(root).info.run_id
        with track("train", "", Params(), root, live=True) as run:
            run.kept_in(Path.cwd())
            assert client(root).get_run(of_killed).info.status == "KILLED"
            assert "found dead" in client(root).get_run(of_killed).data.tags["error"]
            assert {run.info.status for run in runs(root).values()} == {"RUNNING"}
        processes[1].send_signal(signal.SIGINT)
        processes[1].communicate(timeout=30)
        last = runs(root)["encoder"]
        assert (last.info.status, last.data.tags["error"]) == ("KILLED", "interrupted")
    finally:
        for process in processes:
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
    attempt(root, range(1))
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
    trainings = [start(tmp_path / f"temporary/{index}", root, 0) for index in range(4)]
    errors = [training.communicate(timeout=120)[1] for training in trainings]
    assert [training.returncode for training in trainings] == [0, 0, 0, 0], errors
    assert errors == ["", "", "", ""]
    shutil.rmtree(tmp_path / "temporary")  # as DVC does with the directory of an experiment
    store = client(root)
    found = store.search_runs([store.get_experiment_by_name(EXPERIMENT).experiment_id])
    assert [run.info.status for run in found] == ["FINISHED"] * 4
    for run in found:
        assert run.data.metrics["loss"] == 1 / 3
        folder = root / "mlruns" / run.info.run_id / "artifacts/images"
        assert len(list(folder.glob("*.png"))) == 1
    assert sorted(path.name for path in root.glob("mlflow*")) == ["mlflow.db"]


# Trackers that are down


def check_the_work_goes_on(root: Path, caplog: pytest.LogCaptureFixture, *reasons: str) -> None:
    """Train; its result must be there, and one warning with the reasons."""
    attempt(root, range(3))
    assert Path("models/generator.safetensors").read_text() == "weights"
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
    assert [path.name for path in tmp_path.iterdir()] == ["work"]


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
    with track("train", "", Params(), root, live=True) as run:
        run.log_image(np.zeros((8, 8, 3), np.uint8), "samples", 1)
        (root / "mlflow.db").write_text("this is no database" * 1000)
        run.log_image(np.zeros((8, 8, 3), np.uint8), "samples", 2)
        run.log_metrics({"loss": 1.0}, 2)
    (warning,) = warnings_in(caplog)
    assert str(root / "mlflow.db") in warning


def test_mlflow_may_come_back_while_a_training_goes_on(
    root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tracking, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(tracking, "FLUSH_SECONDS", 0.0)
    monkeypatch.setattr(tracking, "FLUSH_SHARE", 1e9)
    away = root / "away.db"
    with track("train", "", Params(), root, live=True) as run:
        run.kept_in(Path.cwd())
        for step in range(9):
            if step == 3:
                (root / "mlflow.db").rename(away)
                (root / "mlflow.db").write_text("this is no database" * 1000)
            if step == 6:
                away.replace(root / "mlflow.db")
            run.log_metrics({"loss": float(step)}, step)
        stage.work(run, range(0), "train")
    assert len(warnings_in(caplog)) == 1
    held = only(root)
    points = client(root).get_metric_history(held.info.run_id, "loss")
    assert sorted((point.step, point.value) for point in points) == [(n, n) for n in range(9)]
    assert held.info.status == "FINISHED"


def test_the_works_error_passes_when_the_tracker_is_down_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "gopher://nowhere")
    with pytest.raises(ZeroDivisionError), track("train", "", Params(), tmp_path, live=True):
        _ = 1 / 0
    assert len(warnings_in(caplog)) == 1


# Where the store is


def test_the_users_address_wins_over_the_checkouts_store(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(root / "mlflow.db", tmp_path / "shared.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/shared.db")
    attempt(root, range(1))
    assert list(runs(root)) == ["encoder"]


def test_a_store_that_somebody_else_made_gets_the_experiment(root: Path) -> None:
    store = client(root)
    others = store.get_experiment_by_name(EXPERIMENT).experiment_id
    store.rename_experiment(others, "of somebody else")
    attempt(root, range(1))
    assert list(runs(root)) == ["train"]
    assert only(root).info.experiment_id != others
    assert (root / "mlruns" / only(root).info.run_id / "artifacts/images").is_dir()


def test_importing_the_seam_does_not_import_mlflow() -> None:
    program = "import sys, dcgan_inpainting.running.stage as s; sys.exit('mlflow' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)


def test_telemetry_is_off_unless_the_user_wants_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///.")
    attempt(tmp_path, range(1))
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "false")
    attempt(tmp_path, range(1))
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "false"
