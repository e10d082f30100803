"""Which experiment a stage belongs to: what makes its row in MLflow one row and not another's."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.settings import load_params, load_yaml
from dcgan_inpainting.tracking.provenance import Process, committed, patch, provenance

BASELINE = "baseline"  # said where no parameter differs from the commit's
SHOWN = 3  # swept parameters in a row's name
PARAM_LENGTH = 6000  # MLflow's limit

# Said of a stage's own process, not of the whole experiment.
OF_ONE_STAGE = ("dvc.stage", "process", "mlflow.source.name")


class Experiment(BaseModel):
    """One experiment: a `dvc repro` of this code with these parameters, or one `dvc exp run`."""

    key: str  # the same for all its stages, also of a later attempt after one that failed
    name: str
    tags: dict[str, str]
    params: dict[str, str]  # all of params.yaml, by "section.key"
    patch: str  # of code and parameters against the commit; "" where nothing was changed

    @classmethod
    def current(cls, folder: Path) -> "Experiment | None":
        """Return what `of` does where it is DVC that runs this process, otherwise None."""
        return cls.of(folder) if os.environ.get("DVC_STAGE") else None

    @classmethod
    def of(cls, folder: Path) -> "Experiment":
        """Return the experiment that the code and the parameters in `folder` make.

        Raises:
            UserError: params.yaml can't be read.
        """
        params = shown(load_params(folder / "params.yaml"))
        tags = provenance(folder)
        commit = tags.get("dvc.exp_baseline_rev") or tags.get("mlflow.source.git.commit", "")
        exp_name = tags.get("dvc.exp_name", "")
        changes = patch(folder, commit)
        identity = [exp_name, str(folder) if not exp_name else "", commit, params, changes]
        swept = _swept(folder, commit, params)
        return cls(
            key=_digest(identity),
            name=f"{_short(swept, params)} · {exp_name or commit[:7] or 'no commit'}",
            tags={
                **{tag: value for tag, value in tags.items() if tag not in OF_ONE_STAGE},
                "kind": "experiment",
                "process": str(Process.caller()),
                "swept": " ".join(swept) or BASELINE,
            },
            params=params,
            patch=changes,
        )


def shown(document: Mapping[str, Any]) -> dict[str, str]:
    """Return parameters by "section.key", each as params.yaml would have it on one line.

    Args:
        document: sections by name, or single parameters by "section.key", as dvc.lock has both.
    """
    flat: dict[str, Any] = {}
    for name, value in document.items():
        keys = value.items() if isinstance(value, Mapping) else ()
        flat |= {f"{name}.{key}": own for key, own in keys} or {name: value}
    texts = {name: v if isinstance(v, str) else json.dumps(v) for name, v in flat.items()}
    return {name: text[:PARAM_LENGTH] for name, text in texts.items()}


def _swept(folder: Path, commit: str, params: Mapping[str, str]) -> list[str]:
    """Return the parameters that differ from the commit's, each as `-S` takes it."""
    text = committed(folder / "params.yaml", commit)
    if text is None:
        return []
    try:
        before = shown(load_yaml(text))
    except (UserError, AttributeError):
        return []  # what was committed is no params.yaml
    changed = {name: value for name, value in params.items() if before.get(name) != value}
    return [f"{name}={value.replace(', ', ',')}" for name, value in changed.items()]


def _short(swept: Sequence[str], params: Mapping[str, str]) -> str:
    """Return the first few swept parameters for a row's name, which is cut where it is shown.

    Without its section where a parameter's own name says which it is: "steps=400".
    """
    last_parts = Counter(name.partition(".")[2] for name in params)
    shown = []
    for change in swept[:SHOWN]:
        own = change.partition(".")[2]
        shown.append(own if last_parts[own.partition("=")[0]] == 1 else change)
    return " ".join([*shown, *(["…"] if len(swept) > SHOWN else [])]) or BASELINE


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True).encode()
    return hashlib.md5(text, usedforsecurity=False).hexdigest()
