"""The run of a training while it goes on; and that of a stage that fails.

Nothing here may cost a result: a tracking server that is down, or a store that breaks, is worth one
warning. What MLflow misses is logged from the stage's files, by `record` or `make catch-up`.
"""

import logging
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from dcgan_inpainting.common.files import md5_of, write_text
from dcgan_inpainting.common.frame import SILENT, Run
from dcgan_inpainting.tracking import timing
from dcgan_inpainting.tracking.experiment import Experiment, shown
from dcgan_inpainting.tracking.held import Held
from dcgan_inpainting.tracking.location import StoreLocation
from dcgan_inpainting.tracking.provenance import OF_DVC_EXPERIMENTS, provenance
from dcgan_inpainting.tracking.store import KEY, MADE, PARENT, WEIGHTS, Point, Store, missed
from dcgan_inpainting.tracking.timing import began, now

if TYPE_CHECKING:
    from mlflow.entities import Run as StoredRun

log = logging.getLogger(__name__)

NOTE = "mlflow-run"  # a file beside a training's checkpoints: the id of its run
ATTEMPTS = "attempts"  # tag of a run that was continued: how many processes have worked at it

FLUSH_SECONDS = 5.0  # how late a curve may be
FLUSH_SECONDS_AT_MOST = 60.0  # the same for a slow store, that sending take no more than
FLUSH_SHARE = 0.01  # … of the time
RETRY_SECONDS = 60.0  # how long a tracker that failed is left alone


@contextmanager
def track(stage: str, item: str, params: BaseModel, root: Path, *, live: bool) -> Iterator[Run]:
    """Follow one stage.

    A training has a run from its start to its end: finished, failed or killed. Any other stage has
    one here only if it fails while DVC runs it; otherwise `record` makes it of the stage's files.

    Args:
        stage: the stage's name.
        item: which item of a DVC matrix it is, or "".
        params: the stage's validated section of params.yaml.
        root: the user's own checkout, where the store is unless MLFLOW_TRACKING_URI says otherwise.
        live: whether the stage is a training, to be followed while it runs.

    Raises:
        Exactly what the work inside raises, and nothing of the tracker's.
    """
    run = _LiveRun(stage, item, params, root.resolve())
    by_dvc = "DVC_STAGE" in os.environ
    try:
        yield run if live else SILENT
    except KeyboardInterrupt:
        if live:
            run.end("KILLED", "interrupted")
        raise
    except BaseException as error:  # whatever ends the work ends the run, and goes on its way up
        if live or by_dvc:
            run.end("FAILED", f"{type(error).__name__}: {error}")
        raise
    else:
        if by_dvc:
            timing.note(f"{stage}@{item}" if item else stage, run.start, now())
        if live:
            run.end("FINISHED")


class _LiveRun:
    """A run whose pictures are sent at once, and its curves now and then."""

    def __init__(self, stage: str, item: str, params: BaseModel, root: Path) -> None:
        self.start = now()
        self._stage = stage
        self._item = item
        self._params = shown({stage: params.model_dump(mode="json")})
        self._location = StoreLocation.of(root)
        self._note: Path | None = None
        self._points: list[Point] = []
        self._not_finite: dict[str, str] = {}
        self._store: Store | None = None  # None: not connected, or no longer
        self._run_id = ""
        self._held: Held | None = None  # None: it is new
        self._monitor: Any = None
        self._next_flush = time.monotonic() + FLUSH_SECONDS
        self._retry_at = 0.0
        self._warned = False

    def kept_in(self, folder: Path) -> None:
        self._note = folder / NOTE
        self._tell(self._watch)

    def log_metrics(self, metrics: Mapping[str, float], step: int) -> None:
        time_ = now()
        for name, value in metrics.items():
            if math.isfinite(value):
                self._points.append(Point(name, float(value), step, time_))
            else:
                # MLflow would draw infinity as 1.8e308 and flatten the rest of the curve.
                self._not_finite.setdefault(name, f"{name} is {value} at step {step}")
        if time.monotonic() >= self._next_flush:
            self._tell(self._flush)

    def log_image(self, image: NDArray[np.uint8], key: str, step: int) -> None:
        def send(store: Store) -> None:
            if self._held is None or not self._held.has_picture(key, step):
                store.client.log_image(self._run_id, image, key=key, step=step)

        self._tell(send)

    def end(self, status: str, reason: str = "") -> None:
        """Send what is left and close the run as FINISHED, FAILED or KILLED."""
        self._retry_at = 0.0
        if self._monitor is not None:
            self._monitor.finish()
        self._tell(self._flush)
        self._tell(lambda store: self._close(store, status, reason))

    def _tell(self, call: Callable[[Store], None]) -> None:
        """Tell MLflow something of the run, once that is open; an error costs a warning."""
        if time.monotonic() < self._retry_at:
            return
        try:
            if self._store is None:
                self._store = self._open()
            call(self._store)
        except Exception as error:
            self._store = None
            self._retry_at = time.monotonic() + RETRY_SECONDS
            if not self._warned:
                log.warning(missed(error, self._location))
            self._warned = True

    def _open(self) -> Store:
        """Connect, and make the run or go on with that of a killed attempt."""
        store = Store.connected(self._location)
        experiment = Experiment.current(Path.cwd())
        tags = {"kind": "stage", "stage": self._stage, **provenance(Path.cwd())}
        if self._item:
            tags["item"] = self._item
        if experiment is not None:
            tags |= {
                PARENT: store.row(experiment, min(self.start, began(Path.cwd()))),
                KEY: experiment.key,
            }
        run = self._earlier(store)
        if run is None:
            name = f"{self._stage} {self._item}".strip()
            run = store.create(name, self.start, tags, self._params)
        else:
            self._go_on(store, run, tags)
        self._run_id = run.info.run_id
        if self._note is not None:
            write_text(self._note, self._run_id)
        if experiment is not None and experiment.patch:
            store.client.log_text(self._run_id, experiment.patch, "changes.patch")
        return store

    def _earlier(self, store: Store) -> "StoredRun | None":
        """Return the run of this training that is not finished, if the store has it."""
        run_id = self._run_id
        if not run_id and self._note is not None and self._note.is_file():
            run_id = self._note.read_text(encoding="utf-8", errors="replace").strip()
        found = store.find(f"attributes.run_id = '{run_id}'") if run_id.isalnum() else []
        # A longer training goes on from the same checkpoints, and is another run.
        same = [run for run in found if run.data.params == self._params]
        return next((run for run in same if run.info.status != "FINISHED"), None)

    def _go_on(self, store: Store, run: "StoredRun", tags: Mapping[str, str]) -> None:
        run_id, before = run.info.run_id, run.data.tags
        for name in OF_DVC_EXPERIMENTS:
            if name in before and name not in tags:
                store.client.delete_tag(run_id, name)
        attempts = int(before.get(ATTEMPTS, "1")) + (run_id != self._run_id)
        store.reopen(run, {**tags, ATTEMPTS: str(attempts)})
        self._held = Held(store.client, run_id)

    def _watch(self, store: Store) -> None:
        """Let MLflow's own monitor follow the load of processor, memory and GPU."""
        from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

        untyped: Any = SystemMetricsMonitor
        uri = store.location.uri
        self._monitor = untyped(self._run_id, resume_logging=True, tracking_uri=uri)
        self._monitor.start()

    def _flush(self, store: Store) -> None:
        start = time.monotonic()
        held = self._held
        if held is not None:
            new = [point for point in self._points if not held.has_point(point.name, point.step)]
            self._points = new
        store.log_points(self._run_id, self._points)
        self._points = []
        if self._not_finite:
            store.tag(self._run_id, {"not_finite": "; ".join(self._not_finite.values())})
        ended = time.monotonic()
        pause = min((ended - start) / FLUSH_SHARE, FLUSH_SECONDS_AT_MOST)
        self._next_flush = ended + max(FLUSH_SECONDS, pause)

    def _close(self, store: Store, status: str, reason: str) -> None:
        if status == "FINISHED":
            store.tag(self._run_id, {MADE: md5_of(WEIGHTS[self._stage])})
        store.close(self._run_id, status, reason)
        row = store.client.get_run(self._run_id).data.tags.get(PARENT)
        if row is not None and status != "FINISHED":
            with store.alone():
                store.close(row, status, reason)
