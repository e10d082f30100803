"""The command that writes the report."""

from pathlib import Path

import pytest

from tests.tiny_results import build
from tests.typed import WAYS, typed


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    build(folder, ["center"])
    (folder / "reports/paired.csv").unlink()
    return folder


@pytest.mark.parametrize("how", WAYS)
def test_as_a_command_it_writes_the_page_and_says_where(finished: Path, how: str) -> None:
    done = typed("report", finished, how)
    assert done.returncode == 0
    path = Path("reports/report.html")
    size = (finished / path).stat().st_size
    assert done.stdout == f"{path}: {size / 1e6:.1f} MB; open it in a browser\n"
    assert done.stderr.startswith("report: left out: ")
    assert done.stderr.count("\n") == 1


def test_as_a_command_it_says_what_to_do_first(tmp_path: Path) -> None:
    done = typed("report", tmp_path)
    assert done.returncode == 2
    last = "report: error: there are no results in reports: run the pipeline first (make repro)\n"
    assert done.stderr == last
    assert [*tmp_path.iterdir()] == []
