"""The table that `make repro` ends with."""

import json
from pathlib import Path

import pytest

from dcgan_inpainting.commands.summary import table
from tests.typed import WAYS, typed


def figures(hole_psnr: float, psnr: float) -> dict[str, float]:
    return {
        "psnr": psnr,
        "ssim": 0.87654,
        "hole_psnr": hole_psnr,
        "hole_psnr_ci95": 0.456,
        "hole_ssim": 0.71234,
        "hole_ssim_ci95": 0.0123,
    }


METRICS = {
    "half": {"mean": figures(15.5, 30.0), "latent": figures(17.254, 20.1)},
    "center": {"mean": figures(20.0, 26.0), "latent": figures(19.9, 26.1)},
}


def test_a_line_for_each_mask_and_method_with_the_best_marked() -> None:
    lines = table(METRICS).splitlines()
    head = "mask method hole PSNR [dB] hole SSIM PSNR SSIM"
    assert " ".join(lines[0].split()) == head
    assert [" ".join(line.split()) for line in lines[1:]] == [
        "half mean 15.50 ± 0.46 0.712 ± 0.012 30.00 0.877",
        "latent 17.25 ± 0.46 0.712 ± 0.012 20.10 0.877 ← best",
        "center mean 20.00 ± 0.46 0.712 ± 0.012 26.00 0.877 ← best",
        "latent 19.90 ± 0.46 0.712 ± 0.012 26.10 0.877",
    ]


def test_columns_stand_under_their_heads() -> None:
    """Every number ends where its head ends, so that the table can be read downwards."""
    head, *lines = table(METRICS).splitlines()
    for name, value in (("hole PSNR [dB]", "± 0.46"), ("hole SSIM", "± 0.012")):
        end = head.index(name) + len(name)
        assert {line.index(value) + len(value) for line in lines} == {end}
    assert {line.index("0.877") + len("0.877") for line in lines} == {len(head)}


@pytest.mark.parametrize("how", WAYS)
def test_as_a_command_it_prints_the_metrics_and_where_to_look(tmp_path: Path, how: str) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports/metrics.json").write_text(json.dumps(METRICS), encoding="utf-8")
    done = typed("summary", tmp_path, how)
    assert done.returncode == 0
    assert table(METRICS) in done.stdout
    assert "reports/galleries/" in done.stdout


def test_as_a_command_it_says_what_to_do_first(tmp_path: Path) -> None:
    done = typed("summary", tmp_path)
    assert done.returncode == 2
    path = Path("reports/metrics.json")
    assert done.stderr == (
        f"summary: error: {path} is not there: run the pipeline first (make repro)\n"
    )


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"half": {}}', '{"half": {"mean": {}}}', '{"half": 3}']
)
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports/metrics.json").write_text(content)
    done = typed("summary", tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"summary: error: {Path('reports/metrics.json')} is no table")
    assert done.stderr.count("\n") == 1
