"""What dvc.lock holds: for each stage the command, the parameters and the md5 of all files.

That is how a result is traced to the run in MLflow that stands for it, wherever it was made.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dcgan_inpainting.common.settings import load_params, load_yaml

Entry = dict[str, Any]  # cmd, deps, params, outs, as in dvc.lock

UNTRACKED = ("check", "record")  # stages that have no run, since they make no results


def stages(folder: Path) -> list[str]:
    """Return the stages that make results by DVC's names: "train", of a matrix "inpaint@center"."""
    params = load_params(folder / "params.yaml")
    pipeline = load_yaml((folder / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    return [
        stage
        for name, definition in pipeline.items()
        if name not in UNTRACKED
        for stage in _items(name, definition, params)
    ]


def results(folder: Path) -> dict[str, Entry]:
    """Return the entries of dvc.lock that stand for results; none where there is no lock.

    DVC keeps those of matrix items that were once asked for and are no longer; they are left out.
    """
    path = folder / "dvc.lock"
    if not path.is_file():
        return {}
    entries = (load_yaml(path.read_text(encoding="utf-8")) or {}).get("stages") or {}
    return {stage: entries[stage] for stage in stages(folder) if stage in entries}


def key(entry: Entry) -> str:
    """Return what determines a stage's result, as one md5: equal keys, equal results."""
    deps = [[dep["path"], dep.get("md5")] for dep in entry.get("deps", [])]
    return _digest([entry["cmd"], deps, entry.get("params", {})])


def lock_digest(lock: Mapping[str, Entry]) -> str:
    """Return what determines a pipeline's results, as one md5, whatever the order of its stages."""
    return _digest({stage: key(entry) for stage, entry in lock.items()})


def params_of(lock: Mapping[str, Entry], stage: str) -> dict[str, Any]:
    """Return the section of a stage; all items of a matrix have the same."""
    entry = next(entry for name, entry in lock.items() if name.partition("@")[0] == stage)
    return entry["params"]["params.yaml"][stage]


def md5_in(entry: Entry, path: str) -> str:
    """Return the md5 of a file or folder that a stage read or wrote; "" where it did not."""
    files = [*entry.get("deps", []), *entry.get("outs", [])]
    return next((file["md5"] for file in files if file["path"] == path), "")


def _items(name: str, definition: Mapping[str, Any], params: Mapping[str, Any]) -> Iterator[str]:
    """Yield a stage, or of a matrix (which has one variable) one for each value."""
    if "matrix" not in definition:
        yield name
        return
    (values,) = definition["matrix"].values()
    items: Any = params
    for part in values[2:-1].split("."):  # of "${masks.kinds}"
        items = items[part]
    yield from (f"{name}@{item}" for item in items)


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True).encode()
    return hashlib.md5(text, usedforsecurity=False).hexdigest()
