"""What a shell or a launcher may have left in the environment, and terminals of all kinds."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.commands import ROOT, python
from tests.faults.small_checkout import run, write_checkout

pytestmark = pytest.mark.timeout(900)  # stages that import PyTorch, on a machine that may be busy

SUMMARY = ROOT / "src/dcgan_inpainting/commands/summary.py"
FIGURES = {
    "psnr": 20.0,
    "ssim": 0.9,
    "hole_psnr": 18.0,
    "hole_psnr_ci95": 0.5,
    "hole_ssim": 0.7,
    "hole_ssim_ci95": 0.01,
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkout(tmp_path_factory.mktemp("environment") / "checkout")


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the figures of which the table is made."""
    folder = tmp_path_factory.mktemp("figures")
    (folder / "reports").mkdir()
    metrics = {"center": {"mean": FIGURES, "latent": {**FIGURES, "hole_psnr": 19.0}}}
    (folder / "reports/metrics.json").write_text(json.dumps(metrics))
    return folder


@pytest.mark.parametrize("variable", ["RANK", "LOCAL_RANK", "SLURM_PROCID", "WORLD_SIZE"])
@pytest.mark.parametrize("value", ["", "first", "-1", "1.5", "9" * 5000])
def test_a_rank_that_is_no_number(
    variable: str, value: str, checkout: Path, seen: Callable[[str], None]
) -> None:
    ended = run(checkout, "train", **{variable: value})
    seen(ended.error[:200])
    assert ended.status == 2
    assert f"the environment's {variable} is {value!r}"[:60] in ended.error


@pytest.mark.parametrize(
    "environment",
    [
        {"MPLBACKEND": "nonsense", "PYTHONWARNINGS": "error", "OMP_NUM_THREADS": "many"},
        {
            "HOME": "/dev/null",
            "TMPDIR": "/nowhere",
            "LC_ALL": "C",
            "OMP_NUM_THREADS": "9" * 5000,
            "PYTHONIOENCODING": "ascii",
        },
        {"MPLBACKEND": "TkAgg", "PYTHONWARNINGS": "error::DeprecationWarning", "DISPLAY": ""},
    ],
    ids=["nonsense", "nothing can be written, ASCII", "a screen that is not there"],
)
@pytest.mark.parametrize("stage", ["masks", "evaluate"])
def test_a_stage_works_in_an_environment_of(
    environment: dict[str, str],
    stage: str,
    checkout: Path,
    long: bool,
    seen: Callable[[str], None],
) -> None:
    if not long and stage == "evaluate":
        pytest.skip("at full length only")
    ended = run(checkout, stage, **environment)
    seen(f"status {ended.status}")
    assert ended.status == 0, ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "cp437", "utf-8"])
@pytest.mark.parametrize("how", ["module", "script"])
def test_the_table_on_a_terminal_of(
    encoding: str, how: str, figures: Path, seen: Callable[[str], None]
) -> None:
    command = {"module": ["-m", "dcgan_inpainting.commands.summary"], "script": [str(SUMMARY)]}[how]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    environment.pop("PYTHONPATH", None)
    if how == "module":
        environment["PYTHONPATH"] = str(ROOT / "src")
    done = subprocess.run(
        [sys.executable, *command], cwd=figures, env=environment, capture_output=True, check=False
    )
    text = done.stdout.decode(encoding)
    line = next(line for line in text.splitlines() if "latent" in line)
    seen(" ".join(line.split()))
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    best = "best" if encoding == "ascii" else "19.00 ± 0.50" if encoding != "cp437" else "19.00"
    assert best in line


@pytest.mark.parametrize(
    ("redirection", "status"),
    [
        ("| true", 0),
        ("| head -1 > /dev/null", 0),
        (">&-", 0),
        ("> /dev/full", 1),
        ("2>&- >&-", 0),
        ("2> /dev/full", 0),
    ],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_the_table_for(
    redirection: str, status: int, unbuffered: str, figures: Path, seen: Callable[[str], None]
) -> None:
    if "/dev/full" in redirection and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    command = (
        f"set -o pipefail; '{sys.executable}' -m dcgan_inpainting.commands.summary {redirection}"
    )
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=figures,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            "PYTHONUNBUFFERED": unbuffered,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    seen(f"status {done.returncode} {done.stderr.strip()}")
    assert done.returncode == status
    if status:
        assert done.stderr.startswith("summary: error: ")
        assert "No space left on device" in done.stderr
        assert done.stderr.count("\n") == 1
    else:
        assert done.stderr == ""


@pytest.mark.parametrize(
    "command",
    [
        "dcgan_inpainting.commands.summary",
        "dcgan_inpainting.commands.plots_page",
        "dcgan_inpainting.commands.fid",
    ],
)
def test_in_another_folder_a_command_says_so(
    command: str, tmp_path: Path, seen: Callable[[str], None]
) -> None:
    ended = python(tmp_path, "-m", command)
    seen(ended.error)
    assert ended.status == 2
    assert ended.stderr.count("\n") == 1
