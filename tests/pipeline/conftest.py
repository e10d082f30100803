"""The checkouts that the pipeline's tests share: one full run serves most of them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dcgan_inpainting.commands.presets import read_preset
from tests.loopback import loopback
from tests.pipeline.checkout import ROOT, SMALL, Checkout, FullRun


@pytest.fixture(autouse=True)
def no_telemetry(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests look into stores with MLflow's own client."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The project, committed, with nothing run; not to be changed."""
    folder = tmp_path_factory.mktemp("pipeline")
    return Checkout.of_working_tree(folder / "bare", folder / "scratch")


@pytest.fixture(scope="session")
def full_run(bare: Checkout) -> Iterator[FullRun]:
    """The one full run, on the smoke preset's settings or smaller ones."""
    checkout = bare.copy(bare.path.with_name("full run"))
    checkout.set_params(*read_preset("smoke", ROOT / "presets"), *SMALL)
    asked = bare.path.with_name("asked")
    asked.touch()
    try:
        guard = {"PYTHONPATH": str(ROOT / "tests" / "loopback"), loopback.LOG: str(asked)}
        done = checkout.run("dvc", "repro", **guard)
        checkout.commit()
        yield FullRun(checkout, done, asked.read_text("utf-8"))
    finally:
        checkout.end_processes()


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
