"""The report's tables: what is in the cells, and what is marked."""

from pathlib import Path

import pandas as pd
import pytest

from dcgan_inpainting.common.errors import DamagedError
from dcgan_inpainting.report.tables import Cell, Row, Table, paired, quality, read_quality


def written(folder: Path, **changes: object) -> Path:
    """Write a quality.csv of two methods on two kinds of masks."""
    rows = []
    for mask, gain in (("half", 1.5), ("center", -1.5)):
        for method, psnr in (("mean", 20.0), ("latent", 20.0 + gain)):
            row = {"mask": mask, "method": method, "psnr": 30.0, "ssim": 0.9, "haarpsi": 0.8}
            row |= {"hole_psnr": psnr, "hole_ssim": 0.7123, "hole_psnr_ci95": 0.456}
            rows.append(row | {"hole_ssim_ci95": 0.0123, "haarpsi_ci95": 0.004})
    pd.DataFrame(rows).assign(**changes).to_csv(folder / "quality.csv", index=False)
    return folder / "quality.csv"


def rows(table: Table) -> list[list[str]]:
    return [
        [group.name, row.name, *(cell.text for cell in row.cells)]
        for group in table.groups
        for row in group.rows
    ]


def test_a_row_for_each_kind_and_method_in_their_order(tmp_path: Path) -> None:
    table = quality(read_quality(written(tmp_path)))
    rest = ["0.712 ± 0.012", "0.800 ± 0.004", "30.00", "0.900"]
    assert table.header == ["method", "hole PSNR [dB]", "hole SSIM", "HaarPSI", "PSNR", "SSIM"]
    assert rows(table) == [
        ["half", "mean", "20.00 ± 0.46", *rest],
        ["half", "latent", "21.50 ± 0.46", *rest],
        ["center", "mean", "20.00 ± 0.46", *rest],
        ["center", "latent", "18.50 ± 0.46", *rest],
    ]


def test_the_best_of_each_kind_is_marked(tmp_path: Path) -> None:
    table = quality(read_quality(written(tmp_path)))
    best = {(g.name, row.name) for g in table.groups for row in g.rows if row.best}
    assert best == {("half", "latent"), ("center", "mean")}
    marked = {(g.name, r.name) for g in table.groups for r in g.rows if r.cells[0].mark == "best"}
    assert marked == best


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hole_psnr": "much"}, r"quality\.csv holds something else than numbers"),
        ({}, r"quality\.csv has no column haarpsi"),
    ],
)
def test_a_damaged_table_is_named(tmp_path: Path, changes: dict[str, str], said: str) -> None:
    path = written(tmp_path, **changes)
    if not changes:
        pd.read_csv(path).drop(columns="haarpsi").to_csv(path, index=False)
    with pytest.raises(DamagedError, match=said):
        read_quality(path)


def test_what_may_be_chance_is_marked_so(tmp_path: Path) -> None:
    lines = [
        "mask,method,other,metric,difference,ci95,better",
        "half,latent,mean,hole_psnr,2.345,0.3,0.925",
        "half,latent,mean,hole_ssim,-0.001,0.002,0.5",
        "half,latent,unet,hole_psnr,-0.2,0.1,0.25",
    ]
    (tmp_path / "paired.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    table = paired(tmp_path / "paired.csv")
    assert table.header == ["other method", "hole PSNR [dB]", "better on", "hole SSIM", "better on"]
    assert table.caption == "latent less each other method"
    chance = Cell("-0.001 ± 0.002", "unsure")
    first = [Cell("+2.35 ± 0.30"), Cell("92 %"), chance, Cell("50 %")]
    second = [Cell("-0.20 ± 0.10"), Cell("25 %"), Cell("–"), Cell("–")]
    (group,) = table.groups
    assert group.name == "half"
    assert group.rows == [Row("mean", first), Row("unet", second)]
