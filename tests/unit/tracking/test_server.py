"""A real tracking server: it works as the local store does, and may go down at any time."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.error import URLError

import pytest

from dcgan_inpainting.tracking import runs as tracking
from dcgan_inpainting.tracking.runs import track
from dcgan_inpainting.tracking.store import EXPERIMENT
from tests.unit.tracking.attempt import Params, attempt, work

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own


@dataclass
class Server:
    """`mlflow server` on loopback, with a store and artifacts of its own."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        command = [sys.executable, "-m", "mlflow", "server", "--workers", "1"]
        command += ["--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--backend-store-uri", f"sqlite:///{self.folder}/server.db"]
        command += ["--artifacts-destination", f"{self.folder}/kept"]
        environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 120
        while not self._answers():
            assert self.process.poll() is None, (self.folder / "server.log").read_text()
            assert time.monotonic() < deadline, "the server did not come up"
            time.sleep(0.5)
        return self

    def kill(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/health", timeout=2) as answer:
                return answer.status == 200
        except (URLError, OSError):
            return False


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made = Server(tmp_path / "elsewhere", port)
    made.folder.mkdir()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", made.address)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    try:
        yield made.start()
    finally:
        made.kill()


def test_a_server_that_is_killed_in_the_middle_and_comes_back_costs_nothing(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    from mlflow import MlflowClient

    monkeypatch.setattr(tracking, "RETRY_SECONDS", 0.0)
    root = tmp_path / "checkout"
    root.mkdir()
    with track("train", "", Params(), root, live=True) as run:
        work(run, range(2), "train")
        server.kill()
        work(run, range(2, 4), "train")
        server.start()
        work(run, range(4, 6), "train")
    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert server.address in caplog.text
    client = MlflowClient(server.address)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    (held,) = client.search_runs([experiment.experiment_id])
    run_id = held.info.run_id
    assert held.info.status == "FINISHED"
    points = client.get_metric_history(run_id, "loss")
    assert sorted((point.step, point.value) for point in points) == [(n, n / 3) for n in range(6)]
    assert list(root.iterdir()) == []  # all of it is at the server, nothing in the checkout


def test_a_training_that_is_killed_goes_on_as_the_same_run_on_a_server(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    root = tmp_path / "checkout"
    root.mkdir()
    Path("params.yaml").write_text("train: {width: 24}")
    monkeypatch.setenv("DVC_STAGE", "train")
    for first, last in ((0, 4), (2, 6)):
        with pytest.raises(KeyboardInterrupt):
            attempt(root, range(first, last), KeyboardInterrupt())
    server.kill()
    with pytest.raises(KeyboardInterrupt):
        attempt(root, range(5, 8), KeyboardInterrupt())
    server.start()
    attempt(root, range(9))

    client = MlflowClient(server.address)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    (held,) = client.search_runs([experiment.experiment_id], "tags.stage = 'train'")
    run_id = held.info.run_id
    assert held.info.status == "FINISHED"
    assert "error" not in held.data.tags
    points = client.get_metric_history(run_id, "loss")
    assert sorted((point.step, point.value) for point in points) == [(n, n / 3) for n in range(9)]
    assert len(client.get_metric_history(run_id, "images_per_second")) == 9
    pictures = [file.path for file in client.list_artifacts(run_id, "images")]
    steps = sorted(int(path.split("+")[2]) for path in pictures if path.endswith(".png"))
    assert steps == [0, 2, 4, 6, 8]
