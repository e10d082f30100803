"""The files that the stage evaluate writes, and how they are read."""

import json
from pathlib import Path

import pandas as pd

from dcgan_inpainting.common.errors import DamagedError
from dcgan_inpainting.common.files import write_text, writing
from dcgan_inpainting.evaluate.comparison import as_tree, headline, paired, summarise


def write_reports(folder: Path, per_image: pd.DataFrame, method: str) -> None:
    """Write the figures of each image, their means, and how much better one method is.

    Args:
        folder: where to: per_image.csv, metrics.json, headline.json, quality.csv and paired.csv.
        per_image: columns mask, method, row, file and METRICS, a row for each image.
        method: whose figures are the headline, and from whom the others are subtracted.
    """
    _write_csv(per_image, folder / "per_image.csv")
    summary = summarise(per_image)
    tree = as_tree(summary)
    for name, content in (("metrics", tree), ("headline", headline(tree, method))):
        write_text(folder / f"{name}.json", json.dumps(content, indent=2) + "\n")
    _write_csv(summary.reset_index(), folder / "quality.csv")
    _write_csv(paired(per_image, method), folder / "paired.csv")


def with_files(measured: pd.DataFrame, index: Path, split: str) -> pd.DataFrame:
    """Return a table of images with the names of their files; mask, method, row and file first.

    Args:
        measured: columns mask, method and row at least.
        index: the table of split, row and file that the stage crop wrote.
        split: whose images they are.

    Raises:
        DamagedError: the index is missing or damaged.
    """
    try:
        names = pd.read_csv(index, dtype={"file": str})
        files = names[names.split == split].set_index("row").file
    except FileNotFoundError:
        raise DamagedError(index, "is missing") from None
    except (ValueError, KeyError, AttributeError) as error:
        raise DamagedError(index, f"is no table of split, row and file ({error})") from None
    named = measured.assign(file=measured.row.map(files))
    columns = ["mask", "method", "row", "file"]
    return named[[*columns, *named.columns.drop(columns)]]


def read_table(path: Path) -> pd.DataFrame:
    """Return a table that write_reports wrote.

    Raises:
        DamagedError: the file is missing or damaged.
    """
    try:
        return pd.read_csv(path)
    except FileNotFoundError:
        raise DamagedError(path, "is missing") from None
    except ValueError as error:
        raise DamagedError(path, f"is no table ({error})") from None


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    with writing(path):
        table.to_csv(path, index=False, float_format="%.6g")
