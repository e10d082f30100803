"""Faults and bad input, one test a case: each says what was done, what was seen, and if it held.

`make test` runs them short, `make faults` (`pytest tests/faults --long`) at full length, with a line
a case. What is promised stands in docs/reliability.md.
"""

from collections.abc import Callable, Iterator
from functools import partial

import pytest

VERDICTS = {"passed": "held", "failed": "NOT HELD", "skipped": "skipped"}


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
        done = item.nodeid.removeprefix("tests/faults/")
        reporter.ensure_newline()
        line = f"{VERDICTS[report.outcome]:<9} {done}: {observed or '-'} ({report.duration:.1f} s)"
        reporter.write_line(line)
    return report
