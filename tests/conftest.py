"""What every test starts from."""

import os
import signal
from collections.abc import Iterator

import pytest

from tests.loopback import loopback

# Before anything is imported that might ask a network.
loopback.loopback_only()

import torch  # noqa: E402

# What a shell starts in the background ignores Ctrl-C, and so does all that it starts in turn; but
# some tests interrupt a stage.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The tests' arrays are small: more threads would only wait for each other.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave nothing of a surrounding `dvc repro` or MLflow session to be found by a test."""
    for name in list(os.environ):
        if name.startswith(("DVC_", "MLFLOW_")):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def no_network() -> Iterator[None]:
    """Fail a test whose process has asked for another machine, or for its name; it got neither."""
    loopback.attempts.clear()
    yield
    assert loopback.attempts == []


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `make faults` ask for the long form of tests/faults."""
    parser.addoption("--long", action="store_true", help="run tests/faults at full length")
