"""The pictures of an evaluation: quality by mask and method, and faces before and after."""

from itertools import cycle
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcgan_inpainting.baselines.methods import BASELINES
from dcgan_inpainting.common.images import Images, columns_of
from dcgan_inpainting.evaluate.trials import Trial
from dcgan_inpainting.pictures.figures import save_figure

GREYS = ("#c7c7c7", "#969696", "#525252", "#252525")  # of the baselines, in their order
OUR_COLOUR = "#d95f02"
SQUARE_TILE = 192  # pixels of a face where it is looked at, not counted


def plot_quality(summary: pd.DataFrame, path: Path) -> None:
    """Draw the hole's PSNR and SSIM by mask and method, with 95 % intervals.

    Args:
        summary: what evaluation.summarise gives.
        path: the PNG to write.
    """
    masks = summary.index.unique("mask")
    figure = Figure(figsize=(2 + 1.8 * len(masks), 7), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    _bars(above, summary, "hole_psnr", "%.1f")
    _bars(below, summary, "hole_ssim", "%.2f")
    above.set(ylabel="PSNR of the hole [dB]", title="Quality of the restored holes")
    below.set(ylabel="SSIM of the hole")
    below.set_xticks(range(len(masks)), list(masks))
    handles, labels = above.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    save_figure(figure, path)


def _bars(axes: Axes, summary: pd.DataFrame, metric: str, label: str) -> None:
    heights = summary[metric].unstack("method", sort=False)
    errors = summary[f"{metric}_ci95"].unstack("method", sort=False)
    share = 0.85 / heights.shape[1]
    colours = dict(zip(BASELINES, cycle(GREYS), strict=False))
    for place, method in enumerate(heights.columns):
        left = [row + (place - (heights.shape[1] - 1) / 2) * share for row in range(len(heights))]
        colour = colours.get(method, OUR_COLOUR)
        bars = axes.bar(
            left,
            heights[method],
            share,
            yerr=errors[method],
            color=colour,
            label=method,
            error_kw={"elinewidth": 0.8},
        )
        axes.bar_label(bars, fmt=label, fontsize=6, padding=1)
    axes.grid(axis="y", alpha=0.3)
    axes.margins(x=0.02)


def before_and_after(trial: Trial, method: str, rows: slice) -> Images:
    """Return a picture (uint8, H×W×3) with a row for each face: original, damaged, restored.

    Args:
        trial: the images.
        method: whose restorations.
        rows: which faces.
    """
    white = np.where(trial.known[..., None], trial.original, np.uint8(255))
    sets = [trial.original[rows], white[rows], trial.restored[method][rows]]
    return columns_of(sets, scale=max(1, SQUARE_TILE // white.shape[1]))
