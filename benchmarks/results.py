"""Files of results, of the workspace or of an experiment in DVC's cache."""

import subprocess
import tempfile
from pathlib import Path

import pandas as pd

from dcgan_inpainting.common.errors import UserError


def of_workspace(path: str) -> pd.DataFrame:
    """Return a table of the workspace."""
    if not Path(path).is_file():
        raise UserError(f"{path} is not there; run the pipeline first")
    return _read(Path(path))


def of_revision(name: str, path: str) -> pd.DataFrame:
    """Return the table that an experiment or a commit has in DVC's cache."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "table.csv"
        command = ["dvc", "get", ".", path, "--rev", name, "--out", str(copy)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            said = " ".join(done.stderr.split())
            raise UserError(f"{path} of {name} is not to be had: {said}")
        return _read(copy)


def _read(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path)
    return table.assign(file=table.file.astype(str)) if "file" in table else table
