"""The checkouts that the pipeline's tests share: one full run serves most of them."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from filelock import FileLock

from dcgan_inpainting.commands.presets import read_preset
from tests.loopback import loopback
from tests.pipeline.checkout import ROOT, SMALL, Checkout, Done, FullRun


@pytest.fixture(autouse=True)
def no_telemetry(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests look into stores with MLflow's own client."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all of pytest-xdist's workers have in common."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "pipeline"
    folder.mkdir(exist_ok=True)
    return folder


def made_once(folder: Path, make: Callable[[], None]) -> None:
    """Let the first worker that needs a folder make it; the others wait until it is whole."""
    made = folder.with_name(f"{folder.name} is made")
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed
            make()
            made.touch()


@pytest.fixture(scope="session")
def bare(shared: Path) -> Checkout:
    """The project, committed, with nothing run; not to be changed."""
    checkout = Checkout(shared / "bare", shared / "scratch")
    made_once(checkout.path, checkout.fill_from_working_tree)
    return checkout


@pytest.fixture(scope="session")
def full_run(shared: Path, bare: Checkout) -> FullRun:
    """The one full run, on the smoke preset's settings or smaller ones."""
    path, told = shared / "full run", shared / "full run.json"

    def make() -> None:
        checkout = bare.copy(path)
        checkout.set_params(*read_preset("smoke", ROOT / "presets"), *SMALL)
        asked = shared / "asked"
        asked.write_bytes(b"")
        guard = {"PYTHONPATH": str(ROOT / "tests" / "loopback"), loopback.LOG: str(asked)}
        try:
            done = checkout.run("dvc", "repro", **guard)
            checkout.commit()
        finally:
            checkout.end_processes()
        told.write_text(json.dumps({"done": asdict(done), "asked": asked.read_text("utf-8")}))

    made_once(path, make)
    kept = json.loads(told.read_text())
    return FullRun(Checkout(path, bare.scratch), Done(**kept["done"]), kept["asked"])


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Callable[[Checkout], Checkout]]:
    """How to get a copy of a checkout that a test may change."""
    copies: list[Checkout] = []

    def copy(checkout: Checkout) -> Checkout:
        copies.append(checkout.copy(tmp_path / f"copy {len(copies)}"))
        return copies[-1]

    yield copy
    for made in copies:
        made.end_processes()


@pytest.fixture
def checkout(full_run: FullRun, copied: Callable[[Checkout], Checkout]) -> Checkout:
    """A copy of the full run's checkout."""
    return copied(full_run.checkout)
