"""The seam between the stages and MLflow: how a stage's run is kept.

Nothing here may cost a result. A tracking server that is down, or a store that breaks, is worth
one warning; what it missed is kept and can be logged later. No stage's output depends on it.
"""

import logging
import math
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.files import md5_of
from dcgan_inpainting.common.frame import Run
from dcgan_inpainting.tracking import messages
from dcgan_inpainting.tracking.continuation import CHECKOUT, checkout
from dcgan_inpainting.tracking.experiment import Experiment, shown
from dcgan_inpainting.tracking.lock import Entry, entry_of, key
from dcgan_inpainting.tracking.machine import Machine
from dcgan_inpainting.tracking.outbox import Outbox
from dcgan_inpainting.tracking.provenance import provenance
from dcgan_inpainting.tracking.store import STAGE_KEY

log = logging.getLogger(__name__)

FLUSH_SECONDS = 5.0  # how late a curve may be
FLUSH_SECONDS_AT_MOST = 60.0  # the same for a slow store, that sending take no more than
FLUSH_SHARE = 0.01  # … of the time
POINTS = 1000  # that may wait


@contextmanager
def track(
    stage: str, item: str, params: BaseModel, root: Path, *, resumable: bool = False
) -> Iterator[Run]:
    """Track one stage as one run, which ends as its work ends: finished, failed or killed.

    Where DVC runs the stage, its run is nested in the row of the experiment. There a resumable
    stage continues the run of a killed attempt at the same work in this checkout, be it another
    experiment's. Points and pictures that the run already has may be told again: they stay single.

    Args:
        stage: the stage's name.
        item: which item of a DVC matrix it is, or "".
        params: the stage's validated section of params.yaml.
        root: the user's own checkout, where the store is unless MLFLOW_TRACKING_URI says otherwise.
        resumable: whether the stage goes on where a killed attempt stopped, to the same points and
            pictures as that would have made.

    Raises:
        Exactly what the work inside raises, and nothing of the tracker's.
    """
    run = _TrackedRun(stage, item, params, root.resolve(), resumable=resumable)
    try:
        yield run
    except KeyboardInterrupt:
        run.end("KILLED", "interrupted")
        raise
    except BaseException as error:  # whatever ends the work ends the run, and goes on its way up
        run.end("FAILED", f"{type(error).__name__}: {error}")
        raise
    else:
        run.end("FINISHED")


class _TrackedRun:
    """A run whose curves are collected and sent now and then, and everything else at once."""

    def __init__(
        self, stage: str, item: str, params: BaseModel, root: Path, *, resumable: bool
    ) -> None:
        self._points: list[messages.Point] = []
        self._not_finite: dict[str, str] = {}
        self._warned = False
        self._machine = Machine()
        tags = {"kind": "stage", "stage": stage, **provenance(Path.cwd())}
        if item:
            tags["item"] = item
        if entry := _entry(outs=False):
            tags[STAGE_KEY] = key(entry)
        if resumable:
            tags[CHECKOUT] = checkout(root)
        opening = messages.Begin(
            name=f"{stage} {item}".strip(),
            tags=tags,
            params=shown({stage: params.model_dump(mode="json")}),
            start=_now(),
            experiment=Experiment.current(Path.cwd()),
            resumable=resumable,
        )
        self._process = opening.process
        self._outbox = Outbox(root, opening)
        self._next_flush = time.monotonic() + FLUSH_SECONDS

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        now = _now()
        for name, value in metrics.items():
            number = float(value)
            if math.isfinite(number):
                self._points.append((name, number, now, step))
            else:
                # MLflow would draw infinity as 1.8e308 and flatten the rest of the curve.
                self._not_finite.setdefault(name, f"{name} is {number} at step {step or 0}")
        if len(self._points) >= POINTS or time.monotonic() >= self._next_flush:
            self._flush()

    def log_artifact(self, path: Path, folder: str = "") -> None:
        path.stat()  # a file that the stage did not write is the stage's error, not the tracker's
        self._outbox.send(messages.Artifact(path=path, folder=folder))

    def log_image(self, image: NDArray[np.uint8] | Path, key: str, step: int) -> None:
        if isinstance(image, Path):
            self._outbox.send(messages.Picture(path=image, key=key, step=step))
            return
        with self._at_no_cost(), tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "picture.png"
            Image.fromarray(image).save(path)
            self._outbox.send(messages.Picture(path=path, key=key, step=step))

    def log_table(self, path: Path, pictures: Path, name: str) -> None:
        self._outbox.send(messages.Table(path=path, pictures=pictures, name=name))

    def log_dataset(self, path: Path, name: str) -> None:
        digest, size = md5_of(path), path.stat().st_size
        source = path.as_posix()
        self._outbox.send(messages.Dataset(name=name, digest=digest, source=source, size=size))

    def end(self, status: messages.Status, reason: str = "") -> None:
        """Send what is left and close the run as FINISHED, FAILED or KILLED."""
        self._flush()
        if status == "FINISHED" and (entry := _entry(outs=True)):
            with self._at_no_cost(), tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "dvc.lock.yaml"
                text = yaml.safe_dump({os.environ["DVC_STAGE"]: entry}, sort_keys=False)
                path.write_text(text, encoding="utf-8")
                self.log_artifact(path)
        end = messages.End(status=status, reason=reason, end=_now(), process=self._process)
        self._outbox.send(end)
        self._outbox.close()

    @contextmanager
    def _at_no_cost(self) -> Iterator[None]:
        """Let no error out of what is done for the tracker alone: a full /tmp, say."""
        try:
            yield
        except Exception as error:
            if not self._warned:
                log.warning("not all is tracked, the work goes on: %s", error)
            self._warned = True

    def _flush(self) -> None:
        began = time.monotonic()
        if began >= self._next_flush:  # not of a stage that is over in a moment
            with self._at_no_cost():
                self._points += self._machine.points(_now())
        points, self._points = self._points, []
        if points:
            self._outbox.send(messages.Metrics(points=points))
        if self._not_finite:
            text = "; ".join(self._not_finite.values())
            self._outbox.send(messages.Tags(tags={"not_finite": text}))
        now = time.monotonic()
        pause = min((now - began) / FLUSH_SHARE, FLUSH_SECONDS_AT_MOST)
        self._next_flush = now + max(FLUSH_SECONDS, pause)


def _entry(*, outs: bool) -> Entry | None:
    """Return the stage's entry of dvc.lock; None where it is not DVC that runs it."""
    stage = os.environ.get("DVC_STAGE")
    if not stage:
        return None
    try:
        return entry_of(stage, Path.cwd(), outs=outs)
    except (KeyError, OSError, UserError) as error:
        log.warning("the entry of dvc.lock can't be told: %s", error)
        return None


def _now() -> int:
    """Return milliseconds since 1970, as MLflow counts."""
    return int(time.time() * 1000)
