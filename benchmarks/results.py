"""Files of results, of the workspace or of an experiment in DVC's cache."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

BASELINES = ("mean", "nearest", "biharmonic")


def of_workspace(path: str) -> pd.DataFrame:
    """Return a table of the workspace."""
    if not Path(path).is_file():
        sys.exit(f"error: {path} is not there; run the pipeline first")
    return _read(Path(path))


def of_revision(name: str, path: str) -> pd.DataFrame:
    """Return the table that an experiment or a commit has in DVC's cache."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "table.csv"
        command = ["dvc", "get", ".", path, "--rev", name, "--out", str(copy)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"error: {path} of {name} is not to be had: {done.stderr.strip()}")
        return _read(copy)


def _read(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path)
    return table.assign(file=table.file.astype(str)) if "file" in table else table
