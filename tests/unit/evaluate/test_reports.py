"""The files that the stage evaluate writes, and what it reads for them."""

import json
from pathlib import Path

import pandas as pd
import pytest

from dcgan_inpainting.common.errors import DamagedError
from dcgan_inpainting.evaluate.metrics import METRICS, PAIRED
from dcgan_inpainting.evaluate.reports import read_table, with_files, write_reports


def measured() -> pd.DataFrame:
    """Two methods of two images; the figures of the first are 1/3 and 1, those of ours 2 more."""
    rows = [
        {"method": method, "row": row, **dict.fromkeys(METRICS, value + more), "mask": "half"}
        for method, more in (("mean", 0), ("latent", 2))
        for row, value in enumerate((1 / 3, 1))
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    path = tmp_path / "index.csv"
    path.write_text("split,row,file\ntrain,0,7.png\ntest,1,002.png\ntest,0,001.png\n")
    return path


def test_images_are_named_by_their_files(index: Path) -> None:
    named = with_files(measured(), index, "test")
    assert named.columns.tolist() == ["mask", "method", "row", "file", *METRICS]
    assert named.file.tolist() == ["001.png", "002.png"] * 2


@pytest.mark.parametrize("text", ["", "split,row\ntest,0\n", "a,b\n1,2\n"])
def test_a_damaged_index_is_named(index: Path, text: str) -> None:
    index.write_text(text)
    with pytest.raises(DamagedError, match=r"index\.csv is no table of split, row and file"):
        with_files(measured(), index, "test")
    index.unlink()
    with pytest.raises(DamagedError, match=r"index\.csv is missing"):
        with_files(measured(), index, "test")


def test_the_reports_are_of_all_methods_and_the_headline_of_ours(
    index: Path, tmp_path: Path
) -> None:
    write_reports(tmp_path, with_files(measured(), index, "test"), "latent")
    assert read_table(tmp_path / "per_image.csv").hole_psnr.tolist() == [0.333333, 1, 2.33333, 3]
    tree = json.loads((tmp_path / "metrics.json").read_text())
    assert tree["half"]["mean"]["psnr"] == 0.666667
    headline = json.loads((tmp_path / "headline.json").read_text())
    assert headline["hole_ssim"] == {"half": 2.666667, "mean": 2.6667}
    means = read_table(tmp_path / "quality.csv").set_index("method")
    assert means.l1.to_dict() == {"mean": 0.666667, "latent": 2.66667}
    differences = read_table(tmp_path / "paired.csv")
    assert differences.metric.tolist() == list(PAIRED)
    assert differences.difference.tolist() == [2] * len(PAIRED)


def test_a_table_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(DamagedError, match=r"a\.csv is missing"):
        read_table(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DamagedError, match=r"a\.csv is no table"):
        read_table(tmp_path / "a.csv")
