"""Faces before and after: original, damaged, restored."""

from pathlib import Path

import numpy as np
import pandas as pd

from dcgan_inpainting.common.images import Images, columns_of, save_png
from dcgan_inpainting.evaluate.metrics import HEADLINE
from dcgan_inpainting.evaluate.trials import Trial

SQUARE = 3  # faces: with three pictures each they make a square, as MLflow shows pictures
SQUARE_TILE = 192  # pixels of a face where it is looked at, not counted


def write_faces(
    folder: Path, trial: Trial, method: str, measured: pd.DataFrame, count: int
) -> pd.DataFrame:
    """Write pictures of the first faces of a kind of mask; return a table of them.

    Args:
        folder: where to: KIND.png of the first few together, and faces/KIND-ROW.png of each.
        trial: the images.
        method: whose restorations.
        measured: the rows of per_image.csv of this kind, of all methods.
        count: how many faces, from the first.

    Returns:
        A row for each face: its name, its picture's, and the HEADLINE metrics.
    """
    kind = measured["mask"].iloc[0]
    save_png(before_and_after(trial, method, slice(SQUARE)), folder / f"{kind}.png")
    table = measured[measured.method == method].head(count)
    names = [f"{kind}-{row:04d}" for row in table.row]
    for row, name in zip(table.row, names, strict=True):
        picture = before_and_after(trial, method, slice(row, row + 1))
        save_png(picture, folder / "faces" / f"{name}.png")
    pictures = [f"{name}.png" for name in names]
    # MLflow groups by the first column and compares the second.
    figures = table[list(HEADLINE)].round(3)
    return pd.DataFrame({"face": names, "picture": pictures}).join(figures.reset_index(drop=True))


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
