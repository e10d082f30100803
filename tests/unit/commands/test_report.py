"""The command that writes the report."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.tiny_results import ROOT, build

AS_MODULE = ("-m", "dcgan_inpainting.commands.report")
AS_SCRIPT = (str(ROOT / "src/dcgan_inpainting/commands/report.py"),)


def run(folder: Path, how: Sequence[str] = AS_MODULE) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    if how == AS_MODULE:
        environment["PYTHONPATH"] = str(ROOT / "src")
    return subprocess.run(
        [sys.executable, *how],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    build(folder, ["center"])
    (folder / "reports/paired.csv").unlink()
    return folder


@pytest.mark.parametrize("how", [AS_MODULE, AS_SCRIPT])
def test_as_a_command_it_writes_the_page_and_says_where(finished: Path, how: Sequence[str]) -> None:
    done = run(finished, how)
    assert done.returncode == 0
    path = Path("reports/report.html")
    size = (finished / path).stat().st_size
    assert done.stdout == f"{path}: {size / 1e6:.1f} MB; open it in a browser\n"
    assert done.stderr.startswith("report: left out: ")
    assert done.stderr.count("\n") == 1


def test_as_a_command_it_says_what_to_do_first(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 2
    last = "report: error: there are no results in reports: run the pipeline first (make repro)\n"
    assert done.stderr == last
    assert [*tmp_path.iterdir()] == []
