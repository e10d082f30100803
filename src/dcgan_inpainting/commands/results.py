"""Figures of the workspace or of an experiment in DVC's cache, and those that docs/data keeps."""

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.files import read_json, replacing
from dcgan_inpainting.evaluate.comparison import paired, summarise
from dcgan_inpainting.evaluate.trials import OTHERS

QUALITY, DIFFERENCES = "quality.csv", "paired.csv"
PER_IMAGE = "reports/per_image.csv"


def of_workspace(path: str) -> pd.DataFrame:
    """Return a table of the workspace.

    Raises:
        UserError: it is not there, or is no table.
    """
    if not Path(path).is_file():
        raise UserError(f"{path} is not there; run the pipeline first")
    return _read(Path(path))


def of_revision(name: str, path: str) -> pd.DataFrame:
    """Return the table that an experiment or a commit has in DVC's cache.

    Raises:
        UserError: it is not to be had there, or is no table.
    """
    with _fetched(name, path) as copy:
        return _read(copy)


def json_of(name: str, path: str) -> dict[str, Any]:
    """Return the JSON object that an experiment or a commit has, in DVC's cache or in git.

    Raises:
        UserError: it is not to be had there, or is no such object.
    """
    with _fetched(name, path) as copy:
        return read_json(copy)


@contextmanager
def _fetched(name: str, path: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / Path(path).name
        command = ["dvc", "get", ".", path, "--rev", name, "--out", str(copy)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            said = " ".join(done.stderr.split())
            raise UserError(f"{path} of {name} is not to be had: {said}")
        yield copy


def own(per_image: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the method that searches."""
    return per_image[~per_image.method.isin(OTHERS)]


def keep(folder: Path, experiments: Sequence[str] = ()) -> None:
    """Copy the workspace's quality.csv and paired.csv, with other experiments in further rows.

    An experiment's own method becomes a row of each mask that the workspace has too, before the
    workspace's own method, and the latter is compared with it image by image.

    Args:
        folder: where to; it is made, and what it holds of these two is replaced.
        experiments: names of DVC's, each as NAME or as LABEL=NAME. The label (else the name) stands
            as the method.

    Raises:
        UserError: a table is not to be had, or an experiment restored other images.
    """
    quality = of_workspace(f"reports/{QUALITY}")
    differences = of_workspace(f"reports/{DIFFERENCES}")
    for experiment in experiments:
        label, _, name = experiment.rpartition("=")
        ours = own(of_workspace(PER_IMAGE))
        # An older experiment lacks a newer metric.
        theirs = own(of_revision(name, PER_IMAGE)).reindex(columns=ours.columns)
        theirs = theirs.assign(method=label or name)
        if (label or name) in set(quality.method):
            raise UserError(f"{label or name} is a method already: give it a name, as LABEL={name}")
        rows, gains = _beside(ours, theirs, name)
        last = quality.method.isin(ours.method)
        quality = _by_mask(pd.concat([quality[~last], rows, quality[last]]), quality["mask"])
        differences = _by_mask(pd.concat([differences, gains]), quality["mask"])
    for table, file in ((quality, QUALITY), (differences, DIFFERENCES)):
        with replacing(folder / file) as temporary:
            table.to_csv(temporary, index=False, float_format="%.6g")  # as the stage evaluate does


def _beside(
    ours: pd.DataFrame, theirs: pd.DataFrame, name: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return an experiment's rows of both tables, of the masks that ours has too."""
    mine = ours[ours["mask"].isin(theirs["mask"])]
    theirs = theirs[theirs["mask"].isin(ours["mask"])]
    files = [table.set_index(["mask", "row"]).file for table in (mine, theirs)]
    if mine.empty or not files[0].sort_index().equals(files[1].sort_index()):
        raise UserError(f"{name} restored other images than the workspace")
    gains = paired(pd.concat([theirs, mine]), mine.method.iloc[0])
    return summarise(theirs).reset_index(), gains


def _by_mask(table: pd.DataFrame, masks: pd.Series) -> pd.DataFrame:
    order = {mask: place for place, mask in enumerate(masks.unique())}
    return table.sort_values("mask", key=lambda column: column.map(order), kind="stable")


def _read(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path)
    except ValueError as error:
        raise UserError(f"{path} is no table ({error})") from None
    return table.assign(file=table.file.astype(str)) if "file" in table else table
