"""The tables of the report: cells as text, in groups of rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dcgan_inpainting.common.errors import DamagedError
from dcgan_inpainting.evaluate.metrics import HEADLINE, METRICS, PAIRED
from dcgan_inpainting.evaluate.reports import read_table

OF_WHOLE_IMAGES = ("psnr", "ssim")  # beside PAIRED
NOTHING = "–"  # where there is no figure


@dataclass(frozen=True)
class Cell:
    """A figure as text, and what it is marked as."""

    text: str
    mark: str = ""  # best (of its column and group) | unsure (its interval includes zero)


@dataclass(frozen=True)
class Row:
    """A row: its heading and its cells."""

    name: str
    cells: Sequence[Cell]
    best: bool = False


@dataclass(frozen=True)
class Group:
    """Rows under a heading of their own, or under none ("")."""

    name: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Table:
    """A table: the first of its headings is that of the rows' names."""

    caption: str
    header: Sequence[str]
    groups: Sequence[Group]


def read_columns(path: Path, numbers: Sequence[str], names: Sequence[str] = ()) -> pd.DataFrame:
    """Return a table of the workspace that has these columns; the names in it are text.

    Raises:
        DamagedError: the file is missing or damaged, or lacks one of them.
    """
    table = read_table(path)
    for column in (*names, *numbers):
        if column not in table:
            raise DamagedError(path, f"has no column {column}")
    try:
        return table.astype({**dict.fromkeys(names, str), **dict.fromkeys(numbers, float)})
    except ValueError as error:
        raise DamagedError(path, f"holds something else than numbers ({error})") from None


def read_quality(path: Path) -> pd.DataFrame:
    """Return the table that stage evaluate wrote as quality.csv.

    Raises:
        DamagedError: the file is missing or damaged.
    """
    metrics = (*PAIRED, *OF_WHOLE_IMAGES)
    intervals = [f"{metric}_ci95" for metric in PAIRED]
    return read_columns(path, [*metrics, *intervals], ["mask", "method"])


def quality(figures: pd.DataFrame) -> Table:
    """Return the quality by kind of mask and method; the best of each kind is marked.

    Args:
        figures: what read_quality gives.
    """
    metrics = (*PAIRED, *OF_WHOLE_IMAGES)
    groups = []
    for mask, methods in figures.groupby("mask", sort=False):
        most = methods[list(metrics)].max()
        best = methods[next(iter(HEADLINE))].idxmax()
        rows = [
            Row(str(row["method"]), [_mean(row, name, most[name]) for name in metrics], at == best)
            for at, row in methods.iterrows()
        ]
        groups.append(Group(str(mask), rows))
    header = ["method", *(METRICS[name].label for name in metrics)]
    return Table("Quality by kind of mask and method", header, groups)


def _mean(row: pd.Series, metric: str, most: float) -> Cell:
    text = METRICS[metric].text(row[metric])
    if metric in PAIRED:
        text += f" ± {METRICS[metric].text(row[f'{metric}_ci95'])}"
    return Cell(text, "best" if row[metric] == most else "")


def paired(path: Path) -> Table:
    """Return how much better our method is than each other, image by image.

    Args:
        path: paired.csv, as the stage evaluate wrote it.

    Raises:
        DamagedError: the file is missing or damaged.
    """
    names = ("mask", "method", "other", "metric")
    gains = read_columns(path, ["difference", "ci95", "better"], names)
    metrics = [name for name in PAIRED if (gains["metric"] == name).any()]
    groups = []
    for mask, lines in gains.groupby("mask", sort=False):
        rows = []
        for other, line in lines.groupby("other", sort=False):
            by_metric = line.set_index("metric")
            rows.append(Row(str(other), [*_gains(by_metric, metrics)]))
        groups.append(Group(str(mask), rows))
    ours = " and ".join(gains["method"].unique())
    columns = [cell for name in metrics for cell in (METRICS[name].label, "better on")]
    return Table(f"{ours} less each other method", ["other method", *columns], groups)


def _gains(by_metric: pd.DataFrame, metrics: Iterable[str]) -> Iterable[Cell]:
    for name in metrics:
        if name not in by_metric.index:
            yield from (Cell(NOTHING), Cell(NOTHING))
            continue
        columns = ("difference", "ci95", "better")
        difference, ci95, better = (float(by_metric[column][name]) for column in columns)
        mark = "unsure" if abs(difference) <= ci95 else ""
        yield Cell(METRICS[name].gain(difference, ci95), mark)
        yield Cell(f"{better:.0%}".replace("%", " %"))
