"""Charts as SVG that stands in a page: it takes the page's colour and font, and holds text."""

import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, TypeVar

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogFormatter, MaxNLocator

from dcgan_inpainting.evaluate.metrics import METRICS
from dcgan_inpainting.report.tables import Cell, Group, Row, Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 3.4  # inches: 245 units of an SVG, each of which the page shows as a pixel or more
POINTS = 300  # of a curve; of more, the means of as many parts
ROWS = 12  # of the table beside a chart
SMOOTHED = 15  # points that a curve of many is smoothed over
FOREGROUND = "#000000"  # becomes the page's colour of text
QUANTILES = {"5 %": 0.05, "25 %": 0.25, "median": 0.5, "75 %": 0.75, "95 %": 0.95}

_DIGITS = re.compile(r"(\.\d)\d+")  # of what a drawing's paths need no more than the first

Points = TypeVar("Points", pd.Series, pd.DataFrame)


@dataclass(frozen=True)
class Chart:
    """A drawing, what it shows in words, and its figures."""

    title: str
    svg: str
    text: str
    table: Table


def curves(
    title: str, table: pd.DataFrame, colours: Mapping[str, str], *, digits: int, log: bool = False
) -> Chart:
    """Draw curves over the number of images seen.

    Args:
        title: what is drawn, with its unit.
        table: a column for each curve by its label; the index is the number of images seen. Where
            a curve has no point, NaN.
        colours: of the curves.
        digits: decimals of the figures in words and in the table.
        log: whether the scale is logarithmic.
    """
    figure, axes = _panel(2.7)
    for label, series in table.items():
        colour = colours[str(label)]
        points = binned(series.dropna(), POINTS)
        if len(points) < SMOOTHED * 2:
            axes.plot(points, color=colour, marker="o", markersize=3, label=label)
            continue
        axes.plot(points, color=colour, linewidth=0.6, alpha=0.4)
        smooth = points.rolling(SMOOTHED, center=True, min_periods=1).mean()
        axes.plot(smooth, color=colour, linewidth=1.8, label=label)
    if log:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(LogFormatter())
        axes.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1.5, 0.6)))
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.set(xlabel="images seen")
    axes.set_xlim(left=0)
    figure.legend(loc="outside upper left", ncols=2, frameon=False, fontsize=9)
    text = "; ".join(_course(str(label), series, digits) for label, series in table.items())
    rows = [
        Row(f"{images:,.0f}", [Cell(f"{value:.{digits}f}") for value in values])
        for images, *values in binned(table, ROWS).itertuples()
    ]
    header = ["images seen", *map(str, table.columns)]
    return Chart(title, _svg(figure, title, text), text, Table(title, header, [Group("", rows)]))


def binned(points: Points, count: int) -> Points:
    """Return the means of so many equal parts, each with its last index; all, if there are fewer.

    NaN where a whole part is NaN.
    """
    if len(points) <= count:
        return points
    part = np.arange(len(points)) * count // len(points)
    means = points.groupby(part).mean()
    means.index = points.index[np.flatnonzero(np.diff(part, append=count))]
    return means


def boxes(
    mask: str,
    per_image: pd.DataFrame,
    metric: str,
    colours: Mapping[str, str],
    limits: Iterable[float],
) -> Chart:
    """Draw how a metric is spread over the images, a box for each method.

    A box holds the middle half of the images, the line in it is the median, the thin line holds
    nine tenths, and the dots are the worst and the best image.

    Args:
        mask: the kind of mask.
        per_image: its rows of per_image.csv.
        metric: one of METRICS.
        colours: of the methods.
        limits: the least and the largest value that any chart beside it has.
    """
    figure, axes = _panel(2.1)
    values = per_image.groupby("method", sort=False)[metric]
    spread = values.quantile(np.array([*QUANTILES.values()])).unstack()
    least, most = values.min(), values.max()
    places = np.arange(len(spread))
    low, left, middle, right, high = (spread[share] for share in QUANTILES.values())
    axes.hlines(places, low, high, color=FOREGROUND, linewidth=0.8, zorder=2)
    for extreme in (least, most):
        axes.plot(extreme.to_numpy(), places, ".", color=FOREGROUND, markersize=3)
    axes.barh(
        places,
        right - left,
        left=left,
        height=0.62,
        color=[colours[name] for name in spread.index],
        edgecolor=FOREGROUND,
        linewidth=0.6,
        zorder=3,
    )
    for colour, width in (("#ffffff", 2.4), ("#1a1a1a", 1.0)):  # seen on a light box and a dark
        axes.vlines(middle, places - 0.31, places + 0.31, color=colour, linewidth=width, zorder=4)
    axes.set_yticks(places, list(spread.index))
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.plot([*limits], [places[0]] * 2, alpha=0)
    axes.grid(visible=False, axis="y")
    title, show = f"{mask}: {METRICS[metric].label}", METRICS[metric].text
    text = "; ".join(f"{name}: median {show(value)}" for name, value in middle.items())
    summary = pd.concat([least, spread, most], axis=1)
    rows = [Row(str(name), [Cell(show(value)) for value in each]) for name, *each in
            summary.itertuples()]  # fmt: skip
    header = ["method", "worst", *QUANTILES, "best"]
    return Chart(title, _svg(figure, title, text), text, Table(title, header, [Group("", rows)]))


def _panel(height: float) -> "tuple[Figure, Axes]":
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.subplots()
    axes.grid(alpha=0.15, color=FOREGROUND)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _course(label: str, series: pd.Series, digits: int) -> str:
    """Return in words where a curve begins and ends, each as the mean of a twelfth."""
    points = binned(series.dropna(), ROWS)
    if points.empty:
        return f"{label}: no figures"
    begin, end = (f"{points.iloc[place]:.{digits}f}" for place in (0, -1))
    return f"{label}: from {begin} to {end} after {points.index[-1]:,.0f} images"


def _svg(figure: Figure, title: str, text: str) -> str:
    """Return a figure as an element for a page, with its title and text for who can't see it."""
    buffer = io.StringIO()
    # Without glyphs as paths, and with ids that no other chart of the page has.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": title}):
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    drawing = buffer.getvalue()
    drawing = drawing[drawing.index("<svg") :].replace(FOREGROUND, "currentColor")
    drawing = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)
    drawing = re.sub(r'\s+id="([^"]+)"', lambda id_: id_[0] * (f"#{id_[1]}" in drawing), drawing)
    drawing = re.sub(r'\bd="[^"]+"', lambda path: _DIGITS.sub(r"\1", path[0]), drawing)
    label = escape(f"{title}. {text}", quote=True)
    head = f'<svg role="img" aria-label="{label}"'
    return re.sub(r"\s*\n\s*", "\n", drawing).replace("<svg", head, 1)
