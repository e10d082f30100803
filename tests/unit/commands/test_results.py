"""Figures that are kept in docs/data: the workspace's, beside those of experiments."""

import subprocess
import sys
from pathlib import Path
from statistics import fmean, stdev

import pandas as pd
import pytest

from dcgan_inpainting.commands.results import keep
from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.evaluate.metrics import METRICS
from dcgan_inpainting.evaluate.reports import write_reports

ROOT = Path(__file__).parents[3]

# Instead of DVC, whose start takes seconds: `dvc get . PATH --rev NAME --out COPY`.
DVC = """\
#!/bin/sh
test -f "$5.csv" && exec cp "$5.csv" "$7"
echo "unknown Git revision '$5'" >&2
exit 255
"""


def per_image(figures: dict[tuple[str, str], list[float]], files: str = "abc") -> pd.DataFrame:
    """Return a table in which every metric of an image is the figure, by mask and method."""
    return pd.DataFrame(
        {"mask": mask, "method": method, "row": row, "file": f"{files[row]}.png"}
        | dict.fromkeys(METRICS, value)
        for (mask, method), values in figures.items()
        for row, value in enumerate(values)
    )


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with reports, and with two experiments of the same images."""
    (tmp_path / "reports").mkdir()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/dvc").write_text(DVC)
    (tmp_path / "bin/dvc").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    ours = {
        ("half", "mean"): [1.0, 2.0, 3.0],
        ("half", "latent"): [4.0, 5.0, 7.123456789],
        ("center", "mean"): [11.0, 12.0, 13.0],
        ("center", "latent"): [14.0, 15.0, 17.0],
    }
    write_reports(tmp_path / "reports", per_image(ours), "latent")
    theirs = {
        ("half", "mean"): [1.0, 2.0, 3.0],
        ("half", "yeh"): [3.0, 5.5, 5.0],
        ("random", "yeh"): [0.0, 0.0, 0.0],
    }
    per_image(theirs).to_csv("score-friz.csv", index=False)
    alone = {("center", "latent"): [13.0, 13.0, 13.0], ("half", "latent"): [2.0, 2.0, 2.0]}
    per_image(alone).to_csv("guest-jota.csv", index=False)
    per_image(alone, files="abd").to_csv("other-faces.csv", index=False)
    per_image({("random", "latent"): [1.0, 2.0, 3.0]}).to_csv("other-masks.csv", index=False)
    Path("torn.csv").write_text("")
    return tmp_path


def test_the_workspaces_figures_are_kept_as_they_are(workspace: Path) -> None:
    keep(Path("docs/data/drawn"))
    for name in ("quality.csv", "paired.csv"):
        kept = (workspace / "docs/data/drawn" / name).read_bytes()
        assert kept == (workspace / "reports" / name).read_bytes()


def test_experiments_stand_before_the_workspaces_own_method(workspace: Path) -> None:
    keep(Path("kept"), ["yeh=score-friz", "guest-jota"])
    quality = pd.read_csv("kept/quality.csv")
    assert list(zip(quality["mask"], quality["method"], strict=True)) == [
        ("half", "mean"),
        ("half", "yeh"),
        ("half", "guest-jota"),
        ("half", "latent"),
        ("center", "mean"),
        ("center", "guest-jota"),
        ("center", "latent"),
    ]
    assert quality.hole_psnr[1] == fmean([3.0, 5.5, 5.0])
    assert list(quality.columns) == list(pd.read_csv("reports/quality.csv").columns)


def test_experiments_are_compared_image_by_image(workspace: Path) -> None:
    keep(Path("kept"), ["yeh=score-friz", "z_alone=guest-jota"])
    differences = pd.read_csv("kept/paired.csv")
    assert (differences.method == "latent").all()
    psnr = differences[differences.metric == "hole_psnr"].set_index(["mask", "other"])
    assert list(psnr.index) == [
        ("half", "mean"),
        ("half", "yeh"),
        ("half", "z_alone"),
        ("center", "mean"),
        ("center", "z_alone"),
    ]
    yeh = psnr.to_dict("index")[("half", "yeh")]
    gains = [1.0, -0.5, 2.12346]
    assert yeh["difference"] == pytest.approx(fmean(gains), abs=1e-5)
    assert yeh["better"] == pytest.approx(2 / 3, abs=1e-6)
    # Student's t for three values, 4.30265, times their deviation over the root of three.
    assert yeh["ci95"] == pytest.approx(4.30265 * stdev(gains) / 3**0.5, abs=1e-4)


@pytest.mark.parametrize(
    ("experiment", "said"),
    [
        ("gone", "reports/per_image.csv of gone is not to be had: unknown Git revision 'gone'"),
        ("z=other-faces", "other-faces restored other images than the workspace"),
        ("z=other-masks", "other-masks restored other images than the workspace"),
        ("mean=score-friz", "mean is a method already: give it a name, as LABEL=score-friz"),
        ("z=torn", "per_image.csv is no table ("),
    ],
)
def test_what_cannot_be_kept(workspace: Path, experiment: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        keep(Path("kept"), [experiment])
    assert said in str(caught.value)
    assert not (workspace / "kept").exists()


def test_nothing_is_kept_before_the_pipeline_has_run(workspace: Path) -> None:
    (workspace / "reports/paired.csv").unlink()
    with pytest.raises(UserError, match=r"reports/paired\.csv is not there; run the pipeline"):
        keep(Path("kept"))
    assert not (workspace / "kept").exists()


def test_as_a_command_it_keeps_the_figures_and_writes_the_tables(workspace: Path) -> None:
    readme = workspace / "README.md"
    readme.write_text("<!-- table: quality new latent yeh -->\n<!-- end of table -->\n")
    command = [sys.executable, "-m", "dcgan_inpainting.commands.tables"]
    done = subprocess.run(
        [*command, "--keep", "new", "yeh=score-friz"],
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": f"{workspace / 'bin'}:/usr/bin:/bin"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout == "README.md: quality new latent yeh\n"
    lines = readme.read_text(encoding="utf-8").splitlines()
    assert [line.split(" ± ")[0] for line in lines[3:6]] == [
        "| half | yeh | 4.50",
        "|  | latent | **5.37",
        "| center | latent | 15.33",
    ]
