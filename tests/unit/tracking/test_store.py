"""Rows and runs in the store: found, opened again, and ended when their process is gone."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from dcgan_inpainting.tracking.experiment import Experiment
from dcgan_inpainting.tracking.location import StoreLocation
from dcgan_inpainting.tracking.provenance import Process
from dcgan_inpainting.tracking.registry import CHAMPION, publish
from dcgan_inpainting.tracking.stage_runs import log_datasets
from dcgan_inpainting.tracking.store import KEY, PARENT, RECORDED, Store
from tests.tiny_model import SETTINGS, write_models

# MLflow's, about its own libraries and its own annotations.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*Any type hint:UserWarning"),
]


@pytest.fixture
def store(root: Path) -> Store:
    return Store(StoreLocation.of(root))


@pytest.fixture
def dead() -> str:
    """A process that was there a moment ago, as a tag has it."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return f"{process.pid} {time.time()} {Process.current().space}"


def experiment(key: str = "abc", process: str = "") -> Experiment:
    tags = {"kind": "experiment", "host": socket.gethostname()}
    tags["process"] = process or str(Process.current())
    return Experiment(key=key, name=f"row {key}", tags=tags, params={"train.width": "8"}, patch="")


def add_run(store: Store, row: str, status: str | None, process: str = "") -> str:
    """Make the run of a stage, which may have ended (status) or not (None)."""
    tags = {"kind": "stage", PARENT: row, KEY: "abc", "host": socket.gethostname()}
    tags["process"] = process or str(Process.current())
    run_id = store.client.create_run(store.experiment_id, None, tags, "train").info.run_id
    if status is not None:
        store.close(run_id, status)
    return run_id


def status(store: Store, run_id: str) -> str:
    return store.client.get_run(run_id).info.status


def test_all_stages_of_an_experiment_find_its_one_row(store: Store) -> None:
    row = store.row(experiment(), 1000)
    add_run(store, row, "FINISHED")  # has the key too, but is no row
    assert store.row(experiment(), 2000) == row
    assert store.row(experiment("other"), 2000) != row
    held = store.client.get_run(row)
    assert (held.info.start_time, held.info.run_name) == (1000, "row abc")
    assert held.data.params == {"train.width": "8"}


def test_a_row_that_failed_is_opened_again_and_a_complete_one_is_left_alone(store: Store) -> None:
    row = store.row(experiment(), 1000)
    store.close(row, "FAILED", "no space left")
    assert store.row(experiment(), 2000) == row
    held = store.client.get_run(row)
    assert held.info.status == "RUNNING"
    assert "error" not in held.data.tags
    store.tag(row, {RECORDED: "digest"})
    store.close(row, "FINISHED")
    assert store.row(experiment(), 3000) != row
    assert status(store, row) == "FINISHED"


def test_a_dead_stage_and_its_row_are_killed(store: Store, dead: str) -> None:
    row = store.row(experiment(process=dead), 1000)
    first, second = add_run(store, row, "FINISHED"), add_run(store, row, None, dead)
    store.end_dead_runs()
    assert [status(store, run) for run in (first, second, row)] == ["FINISHED", "KILLED", "KILLED"]


def test_a_row_whose_stages_all_finished_is_not_called_killed(store: Store, dead: str) -> None:
    """As after `dvc repro train`, which never comes to the stage that completes the row."""
    row = store.row(experiment(process=dead), 1000)
    add_run(store, row, "FAILED")  # the first attempt
    add_run(store, row, "FINISHED")
    store.end_dead_runs()
    assert status(store, row) == "FINISHED"
    assert RECORDED not in store.client.get_run(row).data.tags


def test_a_row_is_alive_as_long_as_dvc_is(store: Store, dead: str) -> None:
    row = store.row(experiment(), 1000)
    killed = add_run(store, row, None, dead)
    store.end_dead_runs()
    assert [status(store, run) for run in (killed, row)] == ["KILLED", "RUNNING"]


def test_the_caller_is_the_process_beyond_the_shells() -> None:
    program = "from dcgan_inpainting.tracking.provenance import Process; print(Process.caller())"
    # Two commands, so that the shell stays instead of becoming the second.
    command = ["sh", "-c", f'true; "{sys.executable}" -c "{program}"; true']
    source = str(Path(__file__).parents[3] / "src")
    environment = os.environ | {"PYTHONPATH": source}
    said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    caller = Process.parse(said.stdout.strip())
    assert caller is not None
    assert caller.pid == os.getpid()


def test_the_champion_follows_a_checkout_that_was_copied(
    store: Store, root: Path, tmp_path: Path
) -> None:
    models = write_models(tmp_path / "models")
    row = store.row(experiment(), 1000)
    publish(
        store.client,
        row,
        models,
        SETTINGS,
        headline=20.0,
        test="one",
        source="drawn",
        lock=tmp_path / "lock",
    )
    copied = Path(shutil.copytree(root, tmp_path / "once more copied"))
    shutil.rmtree(root / "mlruns")
    moved = Store(StoreLocation.of(copied))
    version = moved.client.get_model_version_by_alias("dcgan-inpainting-drawn", CHAMPION)
    folder = Path(url2pathname(urlsplit(version.source).path))
    assert folder.is_relative_to(copied / "mlruns")
    shipped = folder / "artifacts" / "networks" / "generator_average.safetensors"
    assert shipped.read_bytes() == (models / "generator_average.safetensors").read_bytes()
    (made,) = moved.client.get_run(row).outputs.model_outputs
    logged = moved.client.get_logged_model(made.model_id)
    assert logged.artifact_location == version.source


def test_data_that_another_worker_logs_at_the_same_moment_is_logged_to_both(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowException  # here: what it asks of the network is switched off by now

    entry = {"deps": [{"path": "data/masks/center.npy", "md5": "0" * 32, "size": 16}]}
    mine, other = (store.row(experiment(key), start=0) for key in ("mine", "other"))
    log_inputs = store.client.log_inputs

    def overtaken(run_id: str, datasets: list[Any]) -> None:
        monkeypatch.setattr(store.client, "log_inputs", log_inputs)
        log_inputs(other, datasets)
        raise MlflowException("UNIQUE constraint failed: datasets.name, datasets.digest")

    monkeypatch.setattr(store.client, "log_inputs", overtaken)
    log_datasets(store, mine, entry)
    for run in (mine, other):
        (found,) = store.client.get_run(run).inputs.dataset_inputs
        assert (found.dataset.name, found.dataset.digest) == ("center", "0" * 32)
