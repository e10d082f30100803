"""What each stage's run in MLflow shows, read from the files that the stage wrote."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from dcgan_inpainting.common.files import read_json

REPORTS = Path("reports")


@dataclass(frozen=True)
class Table:
    """A JSON file {column: [values]}, whose column `picture` names files in a folder."""

    path: Path
    pictures: Path


@dataclass(frozen=True)
class Contents:
    """Figures, curves, pictures and files, in the words of MLflow."""

    figures: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, Mapping[int, float]] = field(default_factory=dict)  # name: step: value
    pictures: Mapping[tuple[str, int], Path] = field(default_factory=dict)  # (series, step): file
    files: Sequence[Path] = ()  # also folders
    table: Table | None = None


def contents(stage: str, folder: Path) -> Contents:
    """Return what the run of a stage shows.

    Args:
        stage: DVC's name: "train" or, of a matrix, "inpaint@center".
        folder: the checkout whose data/, models/ and reports/ hold the results.

    Raises:
        OSError: a result is not there.
        DamagedError, KeyError, ValueError: a result is not what the stage writes.
    """
    name, _, item = stage.partition("@")
    return CONTENTS[name](folder, item)


def _download(folder: Path, _: str) -> Contents:
    partition = folder / "data/raw/partition.csv"
    counts = pd.read_csv(partition)["split"].value_counts()
    return Contents(
        {str(split): float(number) for split, number in counts.items()}, files=[partition]
    )


def _crop(folder: Path, _: str) -> Contents:
    reports = folder / REPORTS
    counts = read_json(reports / "crop.json")
    return Contents(
        figures={name: float(number) for name, number in counts.items()},
        pictures={("crop", 0): reports / "crop.png"},
        files=[reports / "unreadable.csv"],
    )


def _train(folder: Path, _: str) -> Contents:
    reports = folder / REPORTS / "train"
    validation = _curves(reports / "validation.csv")
    floor = validation.pop("swd_floor")  # the same at each step
    return Contents(
        figures={"swd_floor": next(iter(floor.values()))},
        curves={**_curves(reports / "losses.csv"), **validation},
        pictures={
            ("samples", int(file.stem)): file
            for file in sorted((reports / "samples").glob("*.png"))
        },
        files=[reports / "losses.csv", reports / "validation.csv"],
    )


def _encoder(folder: Path, _: str) -> Contents:
    return _filling(folder / REPORTS / "encoder")


def _unet(folder: Path, _: str) -> Contents:
    return _filling(folder / REPORTS / "unet")


def _filling(reports: Path) -> Contents:
    validation = _curves(reports / "validation.csv")
    last = max(next(iter(validation.values())))
    return Contents(
        curves={
            **_curves(reports / "training.csv"),
            **{f"hole_psnr/{kind}": curve for kind, curve in validation.items()},
        },
        pictures={("faces", last): reports / "faces.png"},
        files=[reports / "training.csv", reports / "validation.csv"],
    )


def _masks(folder: Path, _: str) -> Contents:
    masks = sorted((folder / "data/masks").glob("*.npy"))
    missing = {f"{file.stem}/missing": 1 - np.load(file, mmap_mode="r").mean() for file in masks}
    return Contents(missing, files=[folder / REPORTS / "masks.png"])


def _inpaint(folder: Path, kind: str) -> Contents:
    trace = np.load(folder / "data/inpainted" / kind / "trace.npy", mmap_mode="r")
    return Contents(curves={"objective": dict(enumerate(trace.mean(axis=1).tolist()))})


def _filled(_: Path, __: str) -> Contents:
    return Contents()


def _evaluate(folder: Path, _: str) -> Contents:
    reports = folder / REPORTS
    tree = read_json(reports / "metrics.json")
    return Contents(
        figures={
            f"{mask}/{method}/{metric}": value
            for mask, methods in tree.items()
            for method, figures in methods.items()
            for metric, value in figures.items()
        },
        files=[reports / "per_image.csv", reports / "metrics.json"],
    )


def _pictures(folder: Path, _: str) -> Contents:
    reports = folder / REPORTS
    names = ("train/losses.png", "quality.png", "galleries", "inpaint")
    restored = reports / "restored"
    return Contents(
        files=[reports / name for name in names],
        table=Table(restored / "faces.json", restored / "faces"),
    )


CONTENTS: Mapping[str, Callable[[Path, str], Contents]] = {
    "download": _download,
    "crop": _crop,
    "train": _train,
    "encoder": _encoder,
    "unet": _unet,
    "masks": _masks,
    "inpaint": _inpaint,
    "baselines": _filled,
    "feedforward": _filled,
    "evaluate": _evaluate,
    "pictures": _pictures,
}


def _curves(path: Path) -> dict[str, dict[int, float]]:
    """Return the columns of a table, but for those that count, as curves over its steps."""
    table = pd.read_csv(path).set_index("step").drop(columns="images")
    steps = table.index.tolist()
    return {str(name): dict(zip(steps, table[name].tolist(), strict=True)) for name in table}
