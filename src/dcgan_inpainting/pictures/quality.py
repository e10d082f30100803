"""The picture of an evaluation: quality by mask and method."""

from collections.abc import Iterable
from itertools import cycle
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcgan_inpainting.baselines.methods import BASELINES
from dcgan_inpainting.evaluate.metrics import HEADLINE, METRICS
from dcgan_inpainting.feedforward.methods import FEEDFORWARD
from dcgan_inpainting.pictures.figures import save_figure

GREYS = ("#c7c7c7", "#969696", "#525252", "#252525")  # of the baselines, in their order
BLUES = ("#9ecae1", "#3182bd")  # of the networks without a search, in theirs
OUR_COLOUR = "#d95f02"


def plot_quality(summary: pd.DataFrame, path: Path) -> None:
    """Draw the HEADLINE metrics by mask and method, with 95 % intervals.

    Args:
        summary: what comparison.summarise gives.
        path: the PNG to write.
    """
    masks = summary.index.unique("mask")
    size = (2 + 1.8 * len(masks), 3.5 * len(HEADLINE))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(len(HEADLINE), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (metric, label) in zip(panels, HEADLINE.items(), strict=True):
        _bars(axes, summary, metric)
        axes.set(ylabel=label)
    panels[0].set(title="Quality of the restored holes")
    panels[-1].set_xticks(range(len(masks)), list(masks))
    handles, labels = panels[0].get_legend_handles_labels()
    columns = min(len(labels), max(3, 2 * len(masks) - 1))  # as many as there is room for
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False)
    save_figure(figure, path)


def method_colours(methods: Iterable[str]) -> dict[str, str]:
    """Return the colour that each method has in plots."""
    others = dict(zip(BASELINES, cycle(GREYS), strict=False))
    others |= zip(FEEDFORWARD, cycle(BLUES), strict=False)
    return {method: others.get(method, OUR_COLOUR) for method in methods}


def _bars(axes: Axes, summary: pd.DataFrame, metric: str) -> None:
    label = f"%.{METRICS[metric].digits - 1}f"  # there is little room above a bar
    heights = summary[metric].unstack("method", sort=False)
    errors = summary[f"{metric}_ci95"].unstack("method", sort=False)
    share = 0.85 / heights.shape[1]
    colours = method_colours(heights.columns)
    for place, method in enumerate(heights.columns):
        left = [row + (place - (heights.shape[1] - 1) / 2) * share for row in range(len(heights))]
        bars = axes.bar(
            left,
            heights[method],
            share,
            yerr=errors[method],
            color=colours[method],
            label=method,
            error_kw={"elinewidth": 0.8},
        )
        axes.bar_label(bars, fmt=label, fontsize=6, padding=1)
    axes.grid(axis="y", alpha=0.3)
    axes.margins(x=0.02)
