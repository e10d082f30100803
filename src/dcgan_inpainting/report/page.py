"""The report as one HTML file, made of the parts that there are."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dcgan_inpainting.baselines.methods import BASELINES
from dcgan_inpainting.common.errors import DamagedError, UserError
from dcgan_inpainting.common.files import md5_of
from dcgan_inpainting.common.settings import load_params
from dcgan_inpainting.evaluate.metrics import HEADLINE, METRICS
from dcgan_inpainting.feedforward.methods import FEEDFORWARD
from dcgan_inpainting.pictures.quality import method_colours
from dcgan_inpainting.report.charts import Chart, boxes
from dcgan_inpainting.report.faces import Gallery, read_gallery
from dcgan_inpainting.report.tables import paired, quality, read_columns, read_quality
from dcgan_inpainting.report.training import dcgan_charts, filling_charts, samples
from dcgan_inpainting.tracking.lock import results
from dcgan_inpainting.tracking.provenance import LIBRARIES, provenance

REPORTS = Path("reports")
TEMPLATES = Path(__file__).parent
PARAMS, LOCK, PIPELINE = Path("params.yaml"), Path("dvc.lock"), Path("dvc.yaml")

log = logging.getLogger(__name__)

Part = TypeVar("Part")


def page(now: datetime) -> str:
    """Return the report of the working directory.

    A part whose files are missing or damaged is one sentence, which says so.

    Args:
        now: when it is made.

    Raises:
        UserError: there is nothing to show.
    """
    measured = _or_why(_per_image)
    parts: dict[str, Any] = {
        "quality": _or_why(lambda: quality(read_quality(REPORTS / "quality.csv"))),
        "paired": _or_why(lambda: paired(REPORTS / "paired.csv")),
        "dcgan": _or_why(lambda: dcgan_charts(REPORTS / "train")),
        "filling": _or_why(lambda: filling_charts(REPORTS)),
        "samples": _or_why(lambda: samples(REPORTS / "train")),
    }
    if all(isinstance(part, str) for part in (measured, *parts.values())):
        raise UserError(f"there are no results in {REPORTS}: run the pipeline first (make repro)")
    by_kind = {} if isinstance(measured, str) else dict([*measured.groupby("mask", sort=False)])
    galleries = {kind: _or_why(_gallery(kind, some)) for kind, some in by_kind.items()}
    for part in (measured, *parts.values(), *galleries.values()):
        if isinstance(part, str):
            log.warning("left out: %s", part)
    shown = {
        **parts,
        "measured": measured,
        "galleries": galleries,
        "spread": [] if isinstance(measured, str) else _spread(measured),
        "families": {} if isinstance(measured, str) else _families(measured["method"].unique()),
        "facts": {} if isinstance(measured, str) else _facts(measured),
        "versions": _versions(now),
        "params": PARAMS.read_text(encoding="utf-8", errors="replace") if PARAMS.is_file() else "",
        "changed": _changed(),
    }
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(shown)


def _or_why(read: Callable[[], Part]) -> Part | str:
    """Return a part of the report, or why it is not there."""
    try:
        return read()
    except DamagedError as error:
        return str(error)


def _per_image() -> pd.DataFrame:
    table = read_columns(REPORTS / "per_image.csv", ["row", *HEADLINE], ["mask", "method", "file"])
    if table.empty:
        raise DamagedError(REPORTS / "per_image.csv", "holds no image")
    return table


def _gallery(kind: str, some: pd.DataFrame) -> Callable[[], Gallery]:
    return lambda: read_gallery(kind, some)


def _spread(measured: pd.DataFrame) -> list[list[Chart]]:
    """Return for each HEADLINE metric a chart of each kind of mask, all of them on one scale."""
    colours = method_colours(measured["method"].unique())
    by_kind = measured.groupby("mask", sort=False)
    return [
        [
            boxes(str(kind), some, metric, colours, measured[metric].agg(["min", "max"]))
            for kind, some in by_kind
        ]
        for metric in HEADLINE
    ]


def _families(methods: Iterable[str]) -> dict[str, list[str]]:
    """Return methods by how they fill a hole, in words."""
    families: dict[str, list[str]] = {}
    for method in methods:
        how = "by the search"
        if method in BASELINES:
            how = "without a network"
        elif method in FEEDFORWARD:
            how = "by one pass of a network"
        families.setdefault(how, []).append(method)
    return families


def _facts(measured: pd.DataFrame) -> dict[str, str]:
    """Return the few figures at the head of the page, by what they are of."""
    *_, ours = measured["method"].unique()
    means = measured[measured["method"] == ours].groupby("mask")[list(HEADLINE)].mean().mean()
    figures = {
        f"{METRICS[name].label}, {ours}": METRICS[name].text(mean) for name, mean in means.items()
    }
    counts = measured.groupby("mask")["row"].nunique()
    return {
        **figures,
        "restored images of each kind": f"{counts.max():,}",
        "kinds of holes": str(len(counts)),
        "methods": str(measured["method"].nunique()),
    }


def _versions(now: datetime) -> dict[str, str]:
    """Return what made the results and the page, by what it is."""
    tags = provenance(Path())
    commit = tags.get("mlflow.source.git.commit", "")
    dirty = tags.get("git.dirty") == "true"
    changes = ", with changes that are not committed" if dirty else ""
    return {
        "made": f"{now:%Y-%m-%d %H:%M}, by make report",
        "git revision": f"{commit}{changes}" if commit else "none: no git repository",
        "dvc.lock (md5)": md5_of(LOCK) if LOCK.is_file() else "not there",
        "Python": tags["version.python"],
        **{name: tags.get(f"version.{name}", "not there") for name in LIBRARIES},
        "processor": f"{tags['cpu.name']}, {tags['cpu.cores']} cores",
    }


def _changed() -> list[str]:
    """Return which parameters are no longer those that the results were made with."""
    if not all(path.is_file() for path in (PARAMS, LOCK, PIPELINE)):
        return []
    now = load_params(PARAMS)
    try:
        used = [entry.get("params", {}).get(PARAMS.name, {}) for entry in results(Path()).values()]
    except (KeyError, TypeError, AttributeError):
        return []  # they don't fit each other: `dvc repro` says why
    changed = {
        f"{section}.{key} was {value} and is {now[section].get(key)}": None
        for sections in used
        for section, values in sections.items()
        if isinstance(values, dict) and isinstance(now.get(section), dict)  # no single keys
        for key, value in values.items()
        if now[section].get(key) != value
    }
    return [*changed]
