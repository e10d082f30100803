"""What every test starts from."""

import os
import signal
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.loopback import loopback

# Before anything is imported that might ask a network.
loopback.loopback_only()

# The tests' arrays are small, and other tests run beside: more threads would only wait for each
# other. NumPy reads this when it is imported, and so does what a test starts.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch  # noqa: E402

# What a shell starts in the background ignores Ctrl-C, and so does all that it starts in turn; but
# some tests interrupt a stage.
signal.signal(signal.SIGINT, signal.default_int_handler)

torch.set_num_threads(1)

VERDICTS = {"passed": "held", "failed": "NOT HELD", "skipped": "skipped"}


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
    """Let `make faults` ask for faults and bad input at full length, with a line a case."""
    parser.addoption("--long", action="store_true", help="faults and bad input at full length")


@pytest.fixture
def seen(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """How a test says what it saw, for the line that `make faults` prints."""
    return partial(record_property, "seen")


@pytest.fixture
def long(pytestconfig: pytest.Config) -> bool:
    """Whether the case is to run at full length."""
    return bool(pytestconfig.getoption("--long"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Iterator[pytest.TestReport]:
    """Print a case's line: its verdict, what was done, what was seen, how long it took."""
    report = yield
    ended = report.when == "call" or report.outcome != "passed"
    if item.config.getoption("--long") and ended:
        observed = "; ".join(str(value) for name, value in report.user_properties if name == "seen")
        reporter = item.config.pluginmanager.get_plugin("terminalreporter")
        assert reporter is not None
        done = item.nodeid.removeprefix("tests/")
        reporter.ensure_newline()
        line = f"{VERDICTS[report.outcome]:<9} {done}: {observed or '-'} ({report.duration:.1f} s)"
        reporter.write_line(line)
    return report
