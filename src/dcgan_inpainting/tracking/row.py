"""The row of an experiment in MLflow, as its last stage completes it.

It holds the headline figures, the restored faces and links to the runs that made each part,
whether they belong to this experiment or to an earlier one whose results DVC took from its cache.
"""

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dcgan_inpainting.tracking.experiment import Experiment
from dcgan_inpainting.tracking.lock import Entry, key, lock_digest, read_lock
from dcgan_inpainting.tracking.messages import (
    Artifact,
    Dataset,
    Message,
    Metrics,
    Opening,
    Picture,
)
from dcgan_inpainting.tracking.registry import CHAMPION, publish
from dcgan_inpainting.tracking.store import PARENT, RECORDED, STAGE_KEY, Store

if TYPE_CHECKING:
    from mlflow.entities import Run

log = logging.getLogger(__name__)

UNTRACKED = ("check", "record")  # stages that have no run, since they make no results
NOTE = "mlflow.note.content"  # which MLflow shows as the run's description, in Markdown

Quality = Mapping[str, Mapping[str, Mapping[str, float]]]  # mask, method, metric


class Row(Opening):
    """The row of an experiment, found or made."""

    kind: Literal["row"] = "row"
    experiment: Experiment
    start: int

    @property
    def process(self) -> str:
        """The process of DVC, since a row is there for all its stages."""
        return self.experiment.tags["process"]

    def open(self, store: Store) -> str:
        """Return the id of the row, running."""
        return store.row(self.experiment, self.start)


class Links(Message):
    """Which run made each part of the experiment's results."""

    kind: Literal["links"] = "links"
    keys: dict[str, str]  # stage: the key of its entry in dvc.lock
    text: str  # what to say before the links

    def send(self, store: Store, run_id: str) -> None:
        """Tag the row with the runs' ids, and describe it."""
        tags, lines = {}, [self.text, "", "| stage | made by |", "|---|---|"]
        for stage, stage_key in self.keys.items():
            query = f"tags.`{STAGE_KEY}` = '{stage_key}' and attributes.status = 'FINISHED'"
            runs = store.find(query)
            own = [run for run in runs if run.data.tags.get(PARENT) == run_id]
            made = next(iter(own or runs), None)
            lines.append(f"| {stage} | {_maker(made, store, own=bool(own))} |")
            if made is not None:
                tags[f"run.{stage.replace('@', '.')}"] = made.info.run_id
        store.tag(run_id, {**tags, NOTE: "\n".join(lines)})


class Publish(Message):
    """The trained inpainter, for MLflow's registry."""

    kind: Literal["publish"] = "publish"
    models: Path
    settings: dict[str, Any]  # the section `inpaint`
    headline: float
    test: str
    source: str

    def send(self, store: Store, run_id: str) -> None:
        """Register it, and say in the row what became of it."""
        published = publish(
            store.client,
            run_id,
            self.models,
            self.settings,
            headline=self.headline,
            test=self.test,
            source=self.source,
            lock=store.location.lock.with_name("registry.lock"),
        )
        version = f"{published.name} version {published.version}"
        store.tag(run_id, {"model": version, CHAMPION: published.reason})
        is_it = "is" if published.champion else "is not"
        log.info("%s %s the %s: %s", version, is_it, CHAMPION, published.reason)


class Complete(Message):
    """The row shows everything that this dvc.lock stands for."""

    kind: Literal["complete"] = "complete"
    digest: str
    end: int

    def send(self, store: Store, run_id: str) -> None:
        """Mark the row as complete, and close it."""
        store.tag(run_id, {RECORDED: self.digest})
        store.close(run_id, "FINISHED", end=self.end)


def messages(folder: Path, now: int) -> Iterator[Message]:
    """Yield what completes the row of the results in `folder`.

    Args:
        folder: where dvc.lock, reports/ and data/ are, all as the pipeline left them.
        now: milliseconds since 1970.

    Raises:
        OSError: a result is not there.
        KeyError: dvc.lock is not of this pipeline.
    """
    lock = results(folder)
    reports = folder / "reports"
    headline = {**_read(reports / "headline.json"), "train": _read(reports / "train/metrics.json")}
    yield Metrics(points=[(name, value, now, 0) for name, value in _figures(headline)])
    yield from _datasets(lock)
    for picture in sorted((reports / "restored").glob("*.png")):
        yield Picture(path=picture, key=f"restored/{picture.stem}", step=0)
    for name in ("dvc.lock", "reports/metrics.json", "reports/quality.png", "reports/galleries"):
        yield Artifact(path=folder / name, folder="")
    yield Publish(
        models=folder / "models",
        settings=_params(lock, "inpaint"),
        headline=headline["hole_psnr"]["mean"],
        test=_test_data(lock),
        source=_params(lock, "download")["source"],
    )
    keys = {stage: key(entry) for stage, entry in lock.items()}
    yield Links(
        keys=keys,
        text=_text(_read(reports / "metrics.json"), str(_params(lock, "inpaint")["method"])),
    )
    yield Complete(digest=lock_digest(lock), end=now)


def _maker(run: "Run | None", store: Store, *, own: bool) -> str:
    """Return who made a stage's results, with a link, in Markdown."""
    if run is None:
        return "from DVC's cache; the run that made it is not in this store"
    link = f"[{run.info.run_id}](#/experiments/{store.experiment_id}/runs/{run.info.run_id})"
    return link if own else f"from DVC's cache, made by {link}"


def results(folder: Path) -> dict[str, Entry]:
    """Return the entries of dvc.lock that stand for results."""
    return {stage: entry for stage, entry in read_lock(folder).items() if stage not in UNTRACKED}


def _figures(headline: Mapping[str, Mapping[str, float]]) -> Iterator[tuple[str, float]]:
    """Yield figures as "hole_psnr/center": by what is before the slash MLflow groups its charts."""
    for metric, by_mask in headline.items():
        for mask, value in by_mask.items():
            yield f"{metric}/{mask}", value


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _params(lock: Mapping[str, Entry], stage: str) -> dict[str, Any]:
    """Return the parameters of a stage; the kinds of masks of `inpaint` all have the same."""
    entry = next(entry for name, entry in lock.items() if name.partition("@")[0] == stage)
    return entry["params"]["params.yaml"][stage]


def _test_data(lock: Mapping[str, Entry]) -> str:
    """Return a digest of what was measured on: the images that were damaged, and the masks."""
    (split,) = (dep["path"] for dep in lock["masks"]["deps"] if dep["path"].endswith(".npy"))
    deps = {dep["path"]: dep["md5"] for dep in lock["evaluate"]["deps"]}
    text = f"{deps[split]} {deps['data/masks']}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _datasets(lock: Mapping[str, Entry]) -> Iterator[Dataset]:
    for dep in [*lock["train"]["deps"], *lock["evaluate"]["deps"]]:
        path = Path(dep["path"])
        if path.suffix == ".npy":
            yield Dataset(name=path.stem, digest=dep["md5"], source=dep["path"], size=dep["size"])


def _text(quality: Quality, method: str) -> str:
    """Return the comparison with the best baseline as a table in Markdown."""
    head = f"| hole | {method}: PSNR | SSIM | best baseline: PSNR | SSIM |"
    lines = [head, "|---|---|---|---|---|"]
    for mask, methods in quality.items():
        mine = methods[method]
        others = {name: figures for name, figures in methods.items() if name != method}
        name, best = max(others.items(), key=lambda pair: pair[1]["hole_psnr"])
        lines.append(
            f"| {mask} | **{mine['hole_psnr']:.2f} dB** | **{mine['hole_ssim']:.3f}** "
            f"| {best['hole_psnr']:.2f} dB ({name}) | {best['hole_ssim']:.3f} |"
        )
    return "\n".join(lines)
