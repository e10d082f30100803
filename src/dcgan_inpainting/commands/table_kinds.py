"""The kinds of tables that `make tables` writes: each a function from docs/data to Markdown."""

import csv
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from dcgan_inpainting.commands import summary as last_words
from dcgan_inpainting.commands.results import DIFFERENCES, QUALITY
from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.evaluate.comparison import as_tree
from dcgan_inpainting.evaluate.metrics import HEADLINE, METRICS, PAIRED, interval

Lines = list[str]

LEFT_OUT = "l1"  # that of the hole says it
OF_HOLES = [name for name in METRICS if name.startswith("hole_")]
COLUMNS = [*OF_HOLES, *(name for name in METRICS if name not in (*OF_HOLES, LEFT_OUT))]
NOTHING = "–"  # where an older table lacks a figure


def quality(data: Path, name: str, *methods: str) -> Lines:
    """Return the quality of each method on each kind of mask; the best of a mask is bold.

    Args:
        data: the folder docs/data.
        name: a folder in it, with a quality.csv. Metrics that this lacks have no column.
        methods: those to show; all, in the order of the CSV, if none is named.
    """
    figures = _read(data / name / QUALITY)
    _find(methods, figures["method"], data / name / QUALITY)
    shown = figures[figures["method"].isin(methods)] if methods else figures
    metrics = [metric for metric in COLUMNS if metric in shown]
    labels = [METRICS[metric].label for metric in metrics]
    return markdown(["mask", "method", *labels], _quality_rows(shown, metrics))


def _quality_rows(figures: pd.DataFrame, metrics: Sequence[str]) -> Iterator[list[str]]:
    for mask, methods in figures.groupby("mask", sort=False):
        for place, (_, row) in enumerate(methods.iterrows()):
            cells = [_figure(row, metric, methods[metric]) for metric in metrics]
            yield [str(mask) if place == 0 else "", row["method"], *cells]


def _figure(row: pd.Series, metric: str, of_all: pd.Series) -> str:
    """Return a metric's mean, and of PAIRED half its interval; bold where it is the best of all."""
    if pd.isna(row[metric]):
        return NOTHING
    text = METRICS[metric].text(row[metric])
    if metric not in PAIRED:
        return text
    text += f" ± {METRICS[metric].text(row[f'{metric}_ci95'])}"
    return f"**{text}**" if len(of_all) > 1 and row[metric] == of_all.max() else text


def paired(data: Path, name: str, other: str) -> Lines:
    """Return how much better our method is than another, image by image, and how often.

    Args:
        data: the folder docs/data.
        name: a folder in it, with a paired.csv.
        other: the method to compare with.
    """
    figures = _paired(data / name / DIFFERENCES, [other])
    metrics = [metric for metric in PAIRED if (figures["metric"] == metric).any()]
    header = ["mask", *(cell for name in metrics for cell in (METRICS[name].label, "better"))]
    rows = []
    for mask, lines in figures.groupby("mask", sort=False):
        by_metric = lines.set_index("metric")
        cells = []
        for metric in metrics:
            cells += [_gain(by_metric, metric), _share(by_metric["better"].get(metric))]
        rows.append([str(mask), *cells])
    return markdown(header, rows)


def against(data: Path, name: str, other: str, *others: str) -> Lines:
    """Return how much better our method is than several others, by the HEADLINE alone.

    Args:
        data: the folder docs/data.
        name: a folder in it, with a paired.csv.
        other, others: the methods to compare with, a column each.
    """
    columns = (other, *others)
    figures = _paired(data / name / DIFFERENCES, columns)
    labels = " / ".join(METRICS[metric].label for metric in HEADLINE)
    header = [f"`{figures['method'].iloc[0]}` minus, {labels}", *(f"`{one}`" for one in columns)]
    rows = []
    for mask, lines in figures.groupby("mask", sort=False):
        of_each = (lines[lines["other"] == one].set_index("metric") for one in columns)
        cells = (" / ".join(_gain(gains, metric) for metric in HEADLINE) for gains in of_each)
        rows.append([str(mask), *cells])
    return markdown(header, rows)


def _gain(by_metric: pd.DataFrame, metric: str) -> str:
    if metric not in by_metric.index:
        return NOTHING
    difference, ci95 = (float(by_metric[column][metric]) for column in ("difference", "ci95"))
    return METRICS[metric].gain(difference, ci95)


def _share(better: float | None) -> str:
    return NOTHING if pd.isna(better) else f"{better:.0%}".replace("%", " %")


def over_seeds(data: Path, file: str) -> Lines:
    """Return means over seeds with 95 % intervals, and by how much the last setting differs.

    Differences are those of the last setting of each group less each one before it, on the seeds
    that both have.

    Args:
        data: the folder docs/data.
        file: a CSV in it with a row for each training: group, setting, seed, and its figures.
    """
    table = _read(data / file)
    if list(table.columns[2:3]) != ["seed"]:
        raise UserError(f"{data / file}: its third column should be seed")
    group, setting, seed, *figures = table.columns
    rows = []
    for name, trainings in table.groupby(group, sort=False):
        of_each = {
            str(which): rows_of.set_index(seed)[figures]
            for which, rows_of in trainings.groupby(setting, sort=False)
        }
        rows += [[str(name), which, *_over(of)] for which, of in of_each.items()]
        *others, last = of_each
        for other in others:
            difference = (of_each[last] - of_each[other]).dropna()
            rows.append([str(name), f"{last} less {other}", *_over(difference, sign="+")])
    return markdown([group, setting, *figures], rows)


def _over(of_seeds: pd.DataFrame, sign: str = "") -> Iterator[str]:
    """Yield mean and interval of each figure."""
    for name, values in of_seeds.items():
        digits, mean = 3 if "SSIM" in str(name) else 2, float(values.mean())
        yield f"{mean:{sign}.{digits}f} ± {interval(values):.{digits}f}"


def summary(data: Path, name: str) -> Lines:
    """Return the last words of `make repro` on a folder's quality.csv, as a block of text."""
    figures = _read(data / name / QUALITY)
    text = last_words.table(as_tree(figures.set_index(["mask", "method"])))
    return ["```", *text.split("\n"), "```"]


def plain_rows(data: Path, file: str) -> Lines:
    """Return a CSV in docs/data as it stands, for figures that no reports have."""
    try:
        with (data / file).open(newline="", encoding="utf-8") as lines:
            header, *rest = csv.reader(lines, strict=True)
            for number, cells in enumerate(rest, 2):
                if len(cells) != len(header):
                    raise ValueError(f"row {number} has {len(cells)} cells, not {len(header)}")
    except (FileNotFoundError, IsADirectoryError):
        raise UserError(f"{data / file} is missing") from None
    except (ValueError, csv.Error) as error:
        raise UserError(f"{data / file} is no table ({error})") from None
    return markdown(header, rest)


KINDS: Mapping[str, Callable[..., Lines]] = {
    "quality": quality,
    "paired": paired,
    "against": against,
    "seeds": over_seeds,
    "summary": summary,
    "rows": plain_rows,
}


def render(asked: str, data: Path) -> Lines:
    """Return the lines of a table.

    Args:
        asked: its kind and what that takes, such as `quality drawn`.
        data: the folder docs/data.

    Raises:
        UserError: there is no such kind, it takes something else, or its CSV lacks something.
    """
    name, *arguments = asked.split() or [""]
    if name not in KINDS:
        raise UserError(f"there is no kind of table {name!r}, but {', '.join(KINDS)}")
    try:
        call = inspect.signature(KINDS[name]).bind(data, *arguments)
    except TypeError:
        takes = list(inspect.signature(KINDS[name]).parameters)[1:]
        raise UserError(f"the table {name} takes {' '.join(takes).upper()}") from None
    try:
        return KINDS[name](*call.args)
    except KeyError as error:
        raise UserError(f"its CSV has no {error}") from None


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Lines:
    """Return a table in Markdown."""
    first, *rest = (_line(row) for row in (header, *rows))
    return [first, "|---" * len(header) + "|", *rest]


def _line(cells: Sequence[str]) -> str:
    escaped = (cell.replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"


def _paired(path: Path, others: Sequence[str]) -> pd.DataFrame:
    figures = _read(path)
    _find(others, figures["other"], path)
    return figures[figures["other"].isin(others)]


def _find(wanted: Sequence[str], there: pd.Series, path: Path) -> None:
    for method in wanted:
        if method not in set(there):
            raise UserError(f"{path} has no {method}, but {', '.join(there.unique())}")


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except FileNotFoundError:
        raise UserError(f"{path} is missing") from None
    except ValueError as error:
        raise UserError(f"{path} is no table ({error})") from None
