"""The row of an experiment in MLflow, as its last stage completes it.

It holds the headline figures, the restored faces and links to the runs that stand for each part,
whether they belong to this experiment or to an earlier one whose results DVC took from its cache.
"""

import hashlib
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dcgan_inpainting.common.files import read_json
from dcgan_inpainting.evaluate.metrics import HEADLINE, METRICS
from dcgan_inpainting.tracking.lock import Entry, lock_digest, md5_in, params_of
from dcgan_inpainting.tracking.registry import CHAMPION, publish
from dcgan_inpainting.tracking.stage_runs import log_datasets, log_picture
from dcgan_inpainting.tracking.store import PARENT, RECORDED, Point, Store
from dcgan_inpainting.tracking.timing import now

if TYPE_CHECKING:
    from mlflow.entities import Run

log = logging.getLogger(__name__)

NOTE = "mlflow.note.content"  # which MLflow shows as the run's description, in Markdown

Quality = Mapping[str, Mapping[str, Mapping[str, float]]]  # mask, method, metric


def complete(
    store: Store, row: str, folder: Path, lock: Mapping[str, Entry], runs: Mapping[str, "Run"]
) -> None:
    """Fill the row of an experiment, and close it.

    Args:
        store: where it is.
        row: its id.
        folder: where reports/, models/ and data/ are, all as the pipeline left them.
        lock: the entries of dvc.lock.
        runs: the run that stands for each of them.

    Raises:
        DamagedError, OSError: a result is not there, or is not what its stage writes.
        whatever MLflow raises.
    """
    reports = folder / "reports"
    headline = {
        **read_json(reports / "headline.json"),
        "train": read_json(reports / "train/metrics.json"),
    }
    time = now()
    store.log_points(row, [Point(name, value, 0, time) for name, value in _figures(headline)])
    for stage in ("train", "evaluate"):
        log_datasets(store, row, lock[stage])
    for picture in sorted((reports / "restored").glob("*.png")):
        log_picture(store, row, picture, f"restored/{picture.stem}", 0)
    for name in ("dvc.lock", "reports/metrics.json", "reports/quality.png"):
        store.client.log_artifact(row, str(folder / name))
    store.client.log_artifacts(row, str(reports / "galleries"), "galleries")
    _publish(store, row, folder, lock, headline[next(iter(HEADLINE))]["mean"])
    text = _text(read_json(reports / "metrics.json"), str(params_of(lock, "inpaint")["method"]))
    lines = [text, "", "| stage | made by |", "|---|---|"]
    lines += [f"| {stage} | {_maker(run, row, store)} |" for stage, run in runs.items()]
    links = {f"run.{stage.replace('@', '.')}": run.info.run_id for stage, run in runs.items()}
    store.tag(row, {**links, NOTE: "\n".join(lines), RECORDED: lock_digest(lock)})
    store.close(row, "FINISHED")


def _publish(
    store: Store, row: str, folder: Path, lock: Mapping[str, Entry], headline: float
) -> None:
    """Register the trained inpainter, and say in the row what became of it."""
    published = publish(
        store.client,
        row,
        folder / "models",
        params_of(lock, "inpaint"),
        headline=headline,
        test=_test_data(lock),
        source=params_of(lock, "download")["source"],
        lock=store.location.lock.with_name("registry.lock"),
    )
    version = f"{published.name} version {published.version}"
    store.tag(row, {"model": version, CHAMPION: published.reason})
    is_it = "is" if published.champion else "is not"
    log.info("%s %s the %s: %s", version, is_it, CHAMPION, published.reason)


def _maker(run: "Run", row: str, store: Store) -> str:
    """Return who made a stage's results, as a link in Markdown."""
    link = f"[{run.info.run_id}](#/experiments/{store.experiment_id}/runs/{run.info.run_id})"
    own = run.data.tags.get(PARENT) == row
    return link if own else f"from DVC's cache, made by {link}"


def _figures(headline: Mapping[str, Mapping[str, float]]) -> Iterator[tuple[str, float]]:
    """Yield figures as "hole_psnr/center": by what is before the slash MLflow groups its charts."""
    for metric, by_mask in headline.items():
        for mask, value in by_mask.items():
            yield f"{metric}/{mask}", value


def _test_data(lock: Mapping[str, Entry]) -> str:
    """Return a digest of what was measured on: the images that were damaged, and the masks."""
    (split,) = (dep["path"] for dep in lock["masks"]["deps"] if dep["path"].endswith(".npy"))
    evaluate = lock["evaluate"]
    text = f"{md5_in(evaluate, split)} {md5_in(evaluate, 'data/masks')}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _text(quality: Quality, method: str) -> str:
    """Return the comparison with the best baseline as a table in Markdown."""
    heads = [METRICS[name].label for name in HEADLINE]
    lines = [f"| mask | {' | '.join(f'{method}: {head}' for head in heads)} | best other |"]
    lines[0] += f" {' | '.join(heads)} |"
    lines.append("|" + "---|" * (2 + 2 * len(heads)))
    for mask, methods in quality.items():
        others = {name: figures for name, figures in methods.items() if name != method}
        best = max(others, key=lambda name: others[name][next(iter(HEADLINE))])
        mine = [f"**{METRICS[name].text(methods[method][name])}**" for name in HEADLINE]
        theirs = [METRICS[name].text(others[best][name]) for name in HEADLINE]
        lines.append(f"| {' | '.join([mask, *mine, best, *theirs])} |")
    return "\n".join(lines)
