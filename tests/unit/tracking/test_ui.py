"""`make ui`: which addresses it prints, and that it ends without a trace."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import psutil
import pytest
import requests

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.tracking import ui
from dcgan_inpainting.tracking.location import StoreLocation
from dcgan_inpainting.tracking.store import Store
from dcgan_inpainting.tracking.view import TAG, Page
from tests.local_server import local_server
from tests.make_ui import command, environment, free_port, running_ui

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_the_ui_prints_addresses_that_answer_and_ends_quietly(root: Path, name: str) -> None:
    with running_ui(root) as started, requests.Session() as browser:
        *_, first, newest, second, hint, third = started.output.splitlines()
        assert [address.strip() for address in (first, second, third)] == started.addresses
        assert newest.startswith("newest: ")
        assert hint.startswith("faces: ")
        # A page that is open keeps its connection.
        assert browser.get(started.addresses[0]).ok
        family = psutil.Process(started.process.pid).children(recursive=True)
        assert len(family) == 2

        # As from the keyboard: to everything that the terminal runs.
        os.killpg(started.process.pid, getattr(signal, name))
        printed = started.process.communicate(timeout=100)[0]

        assert started.process.returncode == 0, printed
        assert "Traceback" not in printed
        assert not [process for process in family if process.is_running()]


def test_of_a_remote_server_the_addresses_are_printed_and_nothing_is_started(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["server", "--workers", "1", "--backend-store-uri", f"sqlite:///{tmp_path}/far.db"]
    quiet = environment(MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false")
    folder = tmp_path / "far"
    with local_server(*arguments, ready="/health", folder=folder, environment=quiet) as url:
        with_password = url.replace("http://", "http://me:secret@")
        answer = subprocess.run(
            command(free_port()),
            cwd=root,
            env=environment(MLFLOW_TRACKING_URI=with_password),
            capture_output=True,
            text=True,
            timeout=200,
            check=True,
        )
        monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
        store = Store(StoreLocation.of(root))
        tags = store.client.get_experiment(store.experiment_id).tags
    chart = "&compareRunsMode=CHART"
    for key, mode in (("quality", ""), ("newest", chart), ("faces", chart)):
        page = f"#/experiments/{store.experiment_id}/runs?workflowType=machine_learning"
        assert f"{url}/{page}&viewStateShareKey={key}{mode}\n" in answer.stdout
        assert tags[TAG + key].startswith("deflate;")
    assert "secret" not in answer.stdout + answer.stderr


def test_a_port_that_is_taken_is_refused_before_the_store_is_opened(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((ui.HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} is taken; .* PORT={port + 1}"):
            ui.show(port, tmp_path)
    assert list(tmp_path.iterdir()) == [tmp_path / "work"]


def test_a_server_below_a_path_keeps_it() -> None:
    pages = [Page("faces", "#/experiments/1/runs?a=b", "look")]
    assert ui.directions("https://host/mlflow/", pages) == (
        "faces: look\n    https://host/mlflow/#/experiments/1/runs?a=b"
    )
