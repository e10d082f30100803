"""Stages that are killed or interrupted, and a tracker that is down: nothing else is lost."""

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.pipeline.checkout import Checkout, wait_until

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own

# Some 20 minutes, with a sign of life every few seconds, and with no picture in between, which an
# orphan could not write where DVC has removed the folder.
LONG = ("train.images=500000", "train.validate_every=500000")
MOMENT = "train.images=96"
TRAIN = ("dvc", "repro", "--single-item", "train")


def status_of_training(checkout: Checkout) -> list[str]:
    """Return how the runs of the stage train stand, without the first, which made the models."""
    return [run.status for run in checkout.runs() if run.name == "train"][1:]


def wait_for_words(log: Path, words: str) -> None:
    def said() -> bool:
        return words in log.read_text(errors="replace")

    try:
        wait_until(said, words, 100)
    except AssertionError as error:
        raise AssertionError(f"{error}; it said:\n{log.read_text(errors='replace')}") from None


def test_ctrl_c_ends_the_run_as_killed(checkout: Checkout, tmp_path: Path) -> None:
    checkout.set_params(*LONG)
    log = tmp_path / "log"
    with checkout.started(*TRAIN, log=log) as dvc:
        wait_for_words(log, "G=")  # steps have been made
        os.killpg(dvc.pid, signal.SIGINT)
        assert dvc.wait(60) != 0
    assert "Traceback" not in log.read_text()
    assert status_of_training(checkout) == ["KILLED"]
    assert checkout.processes() == []


def test_after_a_killed_dvc_the_next_repro_waits_for_the_orphaned_stage(
    checkout: Checkout, tmp_path: Path
) -> None:
    checkout.set_params(*LONG)
    log = tmp_path / "killed"
    with checkout.started(*TRAIN, log=log) as dvc:
        wait_for_words(log, "G=")
        orphan = checkout.stage_process("train")
        dvc.kill()
        dvc.wait(10)
        assert orphan.is_running()

        checkout.set_params(MOMENT)
        log = tmp_path / "next"
        with checkout.started(*TRAIN, log=log) as following:
            wait_for_words(log, "another train is still writing here; waiting for it to end")
            assert status_of_training(checkout) == ["RUNNING"]
            orphan.kill()
            assert following.wait(100) == 0, log.read_text()
    assert status_of_training(checkout) == ["KILLED", "FINISHED"]
    assert (checkout.path / "models/generator.safetensors").is_file()
    assert "up to date" in checkout.run("dvc", "status", "train").stdout


def test_a_tracking_server_that_is_down_costs_one_warning_a_stage(checkout: Checkout) -> None:
    runs = len(checkout.runs())
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    checkout.set_params(MOMENT)
    began = time.monotonic()
    done = checkout.run(*TRAIN, MLFLOW_TRACKING_URI=address)
    done_too = checkout.run("dvc", "repro", "-s", "-f", "record", MLFLOW_TRACKING_URI=address)
    assert time.monotonic() - began < 90
    for output in (done.output, done_too.output):
        warnings = [line for line in output.splitlines() if "not tracked now" in line]
        assert len(warnings) == 1
        assert address in warnings[0]
        assert "Traceback" not in output
    assert (checkout.path / "models/generator.safetensors").is_file()
    assert len(checkout.runs()) == runs
