"""The comparison of our restorations with the baselines, image by image and on average."""

from itertools import product
from statistics import fmean

import numpy as np
import pandas as pd

from dcgan_inpainting.evaluate.metrics import HEADLINE, METRICS, PAIRED, interval, quality
from dcgan_inpainting.evaluate.pairs import Floats, Pairs, Truth, View
from dcgan_inpainting.evaluate.reference import hold_to_reference
from dcgan_inpainting.evaluate.trials import Trial
from dcgan_inpainting.process.parallel import in_threads

IMAGES_AT_ONCE = 4  # of a thread: what it works on then stays near the processor

Tree = dict[str, dict[str, dict[str, float]]]  # mask, method, metric


def measure(trial: Trial) -> pd.DataFrame:
    """Return one row for each method and image: method, row (of the trial), and METRICS.

    Raises:
        FaultError: PSNR or SSIM is not what scikit-image says.
    """
    count = len(trial.known)
    parts = [trial[first : first + IMAGES_AT_ONCE] for first in range(0, count, IMAGES_AT_ONCE)]
    measured = in_threads(_figures, parts)
    tables = []
    for method in trial.restored:
        figures = {
            name: np.concatenate([part[method][name] for part in measured]) for name in METRICS
        }
        tables.append(pd.DataFrame({"method": method, "row": range(count), **figures}))
    table = pd.concat(tables, ignore_index=True)
    hold_to_reference(trial, table)
    return table


def _figures(trial: Trial) -> dict[str, dict[str, Floats]]:
    """Return METRICS of each method, whose images have their originals in common."""
    truth = Truth(trial.original, trial.known)
    return {name: quality(Pairs(truth, View(made))) for name, made in trial.restored.items()}


def summarise(per_image: pd.DataFrame) -> pd.DataFrame:
    """Return the mean of each metric and half its 95 % interval, by mask and method.

    Args:
        per_image: columns mask, method and METRICS, a row for each image.

    Returns:
        A table indexed by (mask, method) in the order in which they came, with a column for each
        metric and one named <metric>_ci95 beside it.
    """
    groups = per_image.groupby(["mask", "method"], sort=False)[list(METRICS)]
    return groups.mean().join(groups.agg(interval).add_suffix("_ci95"))


def paired(per_image: pd.DataFrame, method: str) -> pd.DataFrame:
    """Return how much better one method is than each other, image by image.

    Some faces are harder than others, for every method: that spread, which summarise's intervals
    are wide by, is not in the differences of two methods on the same image.

    Args:
        per_image: columns mask, method, row and PAIRED, a row for each image.
        method: the one that the others are subtracted from.

    Returns:
        A row for each mask, other method and metric of PAIRED, in the order in which they came:
        mask, method, other, metric, difference (the mean), ci95 (half its 95 % interval) and
        better (the share of images on which the method has more, 0…1; a tie is not better).

    Raises:
        ValueError: the methods were not measured on the same images.
    """
    rows = []
    for mask, images in per_image.groupby("mask", sort=False):
        values = images.pivot(index="row", columns="method", values=list(PAIRED))
        if values.isna().any(axis=None):
            raise ValueError(f"the methods were not measured on the same images of mask {mask}")
        others = [name for name in images["method"].unique() if name != method]
        for other, metric in product(others, PAIRED):
            gain = values[metric, method] - values[metric, other]
            rows.append(
                {
                    "mask": mask,
                    "method": method,
                    "other": other,
                    "metric": metric,
                    "difference": gain.mean(),
                    "ci95": interval(gain),
                    "better": (gain > 0).mean(),
                }
            )
    return pd.DataFrame(rows)


def headline(tree: Tree, method: str, digits: int = 4) -> dict[str, dict[str, float]]:
    """Return the few figures by which experiments are compared: {metric: {mask: value}}.

    Beside each mask's stands the mean over all.

    Args:
        tree: what as_tree gives.
        method: whose figures.
        digits: decimals of the mean.
    """
    figures = {}
    for metric in HEADLINE:
        by_mask = {mask: methods[method][metric] for mask, methods in tree.items()}
        figures[metric] = {**by_mask, "mean": round(fmean(by_mask.values()), digits)}
    return figures


def as_tree(summary: pd.DataFrame, digits: int = 6) -> Tree:
    """Return a summary as {mask: {method: {metric: value}}}, rounded to so many decimals."""
    return {
        str(mask): {
            str(method): {str(metric): float(value) for metric, value in figures.items()}
            for method, figures in rows.droplevel("mask").round(digits).iterrows()
        }
        for mask, rows in summary.groupby(level="mask", sort=False)
    }
