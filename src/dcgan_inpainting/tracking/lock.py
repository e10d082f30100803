"""What dvc.lock says of a stage, worked out while the stage still runs.

DVC writes a stage's entry after the stage has ended, when its run in MLflow is closed. An entry
names the command, the parameters and the md5 of everything that was read and written, so it is
also how a result that DVC took from its cache is traced to the run that once made it.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from dcgan_inpainting.common.files import md5_of
from dcgan_inpainting.common.settings import load_params, load_yaml

Entry = dict[str, Any]  # cmd, deps, params, outs, as in dvc.lock


def read_lock(folder: Path) -> dict[str, Entry]:
    """Return the entries of dvc.lock by stage ("inpaint@center"); none where there is no lock.

    DVC keeps those of matrix items that were once asked for and are no longer; they are left out.
    """
    path = folder / "dvc.lock"
    if not path.is_file():
        return {}
    entries = (load_yaml(path.read_text(encoding="utf-8")) or {}).get("stages") or {}
    return {stage: entries[stage] for stage in _stages(folder) if stage in entries}


def entry_of(stage: str, folder: Path, *, outs: bool) -> Entry:
    """Return the entry that DVC will write for a stage of the pipeline in `folder`.

    Args:
        stage: DVC's name, "train" or, of a matrix, "inpaint@center".
        folder: where dvc.yaml, params.yaml and dvc.lock are.
        outs: whether to hash what the stage wrote too.

    Raises:
        KeyError: dvc.yaml has no such stage, or names a parameter that is not there.
        OSError: a dependency or an output is not there.
    """
    name, _, item = stage.partition("@")
    definition = _pipeline(folder)[name]
    params = load_params(folder / "params.yaml")
    items = dict.fromkeys(definition.get("matrix", {}), item)

    values = {**params, "item": items}

    def resolved(text: str) -> str:
        return re.sub(r"\$\{([\w.]+)\}", lambda match: str(_look_up(match[1], values)), text)

    made = {out["path"]: out for entry in read_lock(folder).values() for out in _outs(entry)}
    deps = sorted(resolved(dep) for dep in definition.get("deps", []))
    entry: Entry = {
        "cmd": resolved(definition["cmd"]),
        # What an earlier stage wrote has been hashed by DVC already.
        "deps": [made[dep] if dep in made else _hashed(dep, folder) for dep in deps],
    }
    if sections := definition.get("params"):
        entry["params"] = {"params.yaml": {section: params[section] for section in sections}}
    if outs:
        entry["outs"] = [_hashed(resolved(out), folder) for out in sorted(_paths(definition))]
    return entry


def key(entry: Entry) -> str:
    """Return what determines a stage's result, as one md5: equal keys, equal results."""
    deps = [[dep["path"], dep.get("md5")] for dep in entry.get("deps", [])]
    return _digest([entry["cmd"], deps, entry.get("params", {})])


def lock_digest(lock: Mapping[str, Entry]) -> str:
    """Return what determines a pipeline's results, as one md5, whatever the order of its stages."""
    return _digest({stage: key(entry) for stage, entry in lock.items()})


def _stages(folder: Path) -> Iterator[str]:
    """Yield the stages of dvc.yaml, of a matrix (which has one variable) one for each value."""
    params = load_params(folder / "params.yaml")
    for name, definition in _pipeline(folder).items():
        if matrix := definition.get("matrix"):
            (values,) = matrix.values()
            yield from (f"{name}@{value}" for value in _look_up(values[2:-1], params))
        else:
            yield name


def _pipeline(folder: Path) -> dict[str, Any]:
    return load_yaml((folder / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


def _look_up(dotted: str, values: Any) -> Any:
    for part in dotted.split("."):
        values = values[part]
    return values


def _paths(definition: Mapping[str, Any]) -> Iterator[str]:
    for out in [*definition.get("outs", []), *definition.get("metrics", [])]:
        yield out if isinstance(out, str) else next(iter(out))


def _outs(entry: Entry) -> list[dict[str, Any]]:
    return entry.get("outs", [])


def _hashed(name: str, folder: Path) -> dict[str, Any]:
    path = folder / name
    if not path.is_dir():
        return {"path": name, "hash": "md5", "md5": md5_of(path), "size": path.stat().st_size}
    ignored = _ignored(folder)
    files = {
        file.relative_to(path).as_posix(): file
        for file in path.rglob("*")
        if file.is_file() and not _passed_over(file.relative_to(path), ignored)
    }
    # DVC's name for a folder: the md5 of this list as JSON.
    listing = [{"md5": md5_of(files[name]), "relpath": name} for name in sorted(files)]
    return {
        "path": name,
        "hash": "md5",
        "md5": f"{_digest(listing)}.dir",
        "size": sum(file.stat().st_size for file in files.values()),
        "nfiles": len(files),
    }


def _passed_over(file: Path, ignored: Iterable[str]) -> bool:
    return any(fnmatch(part, pattern) for part in file.parts for pattern in ignored)


def _ignored(folder: Path) -> list[str]:
    """Return the names and patterns that DVC passes over wherever they are."""
    path = folder / ".dvcignore"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return [line for line in lines if line and "/" not in line and not line.startswith("#")]


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True).encode()
    return hashlib.md5(text, usedforsecurity=False).hexdigest()
