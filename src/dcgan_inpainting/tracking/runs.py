"""The seam between the stages and MLflow: the only module that knows which tracker it is.

Nothing here may cost a result. A tracking server that is down, or a store that breaks, is worth
one warning; from then on the run takes everything and keeps nothing. No stage reads anything back.
"""

import hashlib
import json
import logging
import math
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from json import JSONDecodeError
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel

from dcgan_inpainting.errors import UserError
from dcgan_inpainting.params import section_of
from dcgan_inpainting.tracking.location import (
    ENVIRONMENT,
    SQLITE,
    StoreLocation,
    is_made,
    move_artifacts,
)
from dcgan_inpainting.tracking.provenance import Process, host, provenance

if TYPE_CHECKING:
    from mlflow import MlflowClient

log = logging.getLogger(__name__)

EXPERIMENT = "dcgan-inpainting"
FLUSH_SECONDS = 5.0  # how late a curve may be
FLUSH_SECONDS_AT_MOST = 60.0  # the same for a slow store, that sending take no more than
FLUSH_SHARE = 0.01  # … of the time
BATCH = 1000  # MLflow's limit for one call
PARAM_LENGTH = 6000  # MLflow's limit
LINE_LENGTH = 500  # of an error


class Run(Protocol):
    """What a stage may tell its tracker."""

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Note points of curves, or with no step, single figures. NaN and infinity are left out."""

    def log_artifact(self, path: Path, folder: str = "") -> None:
        """Keep a copy of a file or folder that the stage wrote."""

    def log_image(self, image: NDArray[np.uint8] | Path, key: str, step: int) -> None:
        """Keep a picture (uint8, H×W×3, or a file) as one step of a series of pictures."""

    def log_dataset(self, path: Path, name: str) -> None:
        """Note a file that the stage reads, by its md5, which is also DVC's name for it."""


@contextmanager
def track(stage: str, item: str, params: BaseModel, root: Path) -> Iterator[Run]:
    """Track one stage as one run, which ends as its work ends: finished, failed or killed.

    Args:
        stage: the stage's name.
        item: which item of a DVC matrix it is, or "".
        params: the stage's validated section of params.yaml.
        root: the user's own checkout, where the store is unless MLFLOW_TRACKING_URI says otherwise.

    Raises:
        Exactly what the work inside raises, and nothing of the tracker's.
    """
    run = _TrackedRun(stage, item, params, root.resolve())
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


def experiment(root: Path) -> tuple[str, str]:
    """Return the store's address and the id of the project's experiment; both made where missing.

    Raises:
        UserError: the store can't be opened.
    """
    location = StoreLocation.of(root.resolve())
    try:
        return location.uri, _connect(location)[1]
    except _tracking_errors() as error:
        raise UserError(f"MLflow at {location.shown}: {_one_line(str(error))}") from None


class _TrackedRun:
    """A run in MLflow or, once MLflow has failed, a run of which nobody hears."""

    def __init__(self, stage: str, item: str, params: BaseModel, root: Path) -> None:
        self._location = StoreLocation.of(root)
        self._broken = False
        self._points: list[tuple[str, float, int, int]] = []  # name, value, milliseconds, step
        self._not_finite: dict[str, str] = {}
        self._next_flush = time.monotonic() + FLUSH_SECONDS
        self._attempt(lambda: self._start(stage, item, params))

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        if self._broken:
            return
        now = int(time.time() * 1000)
        for name, value in metrics.items():
            number = float(value)
            if math.isfinite(number):
                self._points.append((name, number, now, step or 0))
            else:
                # MLflow would draw infinity as 1.8e308 and flatten the rest of the curve.
                self._not_finite.setdefault(name, f"{name} is {number} at step {step or 0}")
        if len(self._points) >= BATCH or time.monotonic() >= self._next_flush:
            self._attempt(self._flush)

    def log_artifact(self, path: Path, folder: str = "") -> None:
        if self._broken:
            return
        path.stat()  # a file that the stage did not write is the stage's error, not the tracker's
        self._attempt(lambda: self._client.log_artifact(self._run_id, str(path), folder or None))

    def log_image(self, image: NDArray[np.uint8] | Path, key: str, step: int) -> None:
        if self._broken:
            return
        with Image.open(image) if isinstance(image, Path) else Image.fromarray(image) as picture:
            picture.load()
            self._attempt(lambda: self._client.log_image(self._run_id, picture, key=key, step=step))

    def log_dataset(self, path: Path, name: str) -> None:
        if self._broken:
            return
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
        self._attempt(lambda: self._log_input(path, name, digest.hexdigest()))

    def end(self, status: str, reason: str = "") -> None:
        """Send what is left and close the run as FINISHED, FAILED or KILLED."""
        self._attempt(self._flush)
        self._attempt(lambda: _close(self._client, self._run_id, status, reason))

    def _attempt(self, action: Callable[[], object]) -> None:
        """Do something with MLflow unless it failed before: the one place that catches."""
        if self._broken:
            return
        try:
            action()
        except _tracking_errors() as error:
            self._broken = True
            self._points.clear()
            shown = self._location.shown
            reason = str(error).replace(self._location.uri, shown) or repr(error)
            # Of a failed request only the cause is news, and stands at the end.
            reason = _one_line(reason.rpartition("(Caused by ")[2])
            log.warning("no longer tracked, the work goes on: MLflow at %s: %s", shown, reason)

    def _start(self, stage: str, item: str, params: BaseModel) -> None:
        self._client, experiment = _connect(self._location)
        _end_dead_runs(self._client, experiment)
        tags = {"stage": stage, **({"item": item} if item else {}), **provenance(Path.cwd())}
        name = f"{stage} {item}".strip()
        if "dvc.exp_name" in tags:
            name = f"{tags['dvc.exp_name']}: {name}"
        self._run_id = self._client.create_run(experiment, tags=tags, run_name=name).info.run_id
        from mlflow.entities import Param

        values = _values(section_of(stage), params).items()
        self._client.log_batch(self._run_id, params=[Param(*pair) for pair in values])

    def _flush(self) -> None:
        from mlflow.entities import Metric, RunTag

        began = time.monotonic()
        points, self._points = self._points, []
        for start in range(0, len(points), BATCH):
            batch = [Metric(*point) for point in points[start : start + BATCH]]
            self._client.log_batch(self._run_id, metrics=batch)
        if self._not_finite:
            text = "; ".join(self._not_finite.values())
            self._client.log_batch(self._run_id, tags=[RunTag("not_finite", text)])
        now = time.monotonic()
        pause = min((now - began) / FLUSH_SHARE, FLUSH_SECONDS_AT_MOST)
        self._next_flush = now + max(FLUSH_SECONDS, pause)

    def _log_input(self, path: Path, name: str, digest: str) -> None:
        from mlflow.entities import Dataset, DatasetInput

        source = json.dumps({"uri": path.as_posix()})
        profile = json.dumps({"bytes": path.stat().st_size})
        dataset = Dataset(name, digest, source_type="local", source=source, profile=profile)
        self._client.log_inputs(self._run_id, [DatasetInput(dataset)])


def _connect(location: StoreLocation) -> tuple["MlflowClient", str]:
    """Return a client and the id of the project's experiment, both made where missing."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    # MLflow reads this when it is imported, which a caller may have done before.
    logging.getLogger("mlflow").setLevel(os.environ["MLFLOW_LOGGING_LEVEL"].upper())
    if location.artifacts is None:
        # It would announce each attempt to reach a server that is down.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    else:
        # MLflow tries for 100 s to open a database that cannot be opened.
        import mlflow.store.db.utils as database_utils

        database_utils.MAX_RETRY_COUNT = 3
    if location.database is not None and not is_made(location.database):
        _make_store(location.database, location)
    client = MlflowClient(location.uri)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    if experiment is None:
        try:
            return client, client.create_experiment(EXPERIMENT, location.artifacts)
        except MlflowException:
            # Another stage may have been quicker; if it was something else, it comes again.
            experiment = client.get_experiment_by_name(EXPERIMENT)
            if experiment is None:
                raise
    old, new = experiment.artifact_location, location.artifacts
    if location.database is not None and location.own and new is not None and new != old:
        move_artifacts(location.database, old, new)
    return client, experiment.experiment_id


def _make_store(database: Path, location: StoreLocation) -> None:
    """Make an SQLite store: whole or not at all, and by one process however many want it."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    if set("%?") & set(str(database)):
        raise OSError("an SQLite store's path must be free of % and ?")
    database.parent.mkdir(parents=True, exist_ok=True)
    location.lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(location.lock):
        if is_made(database):
            return
        # A process killed on the way leaves a draft, not a store that nobody can open.
        draft = database.with_name(f"{database.name}-new")
        draft.unlink(missing_ok=True)
        untyped: Any = SqlAlchemyStore
        store = untyped(SQLITE + draft.as_posix(), location.artifacts)
        store.create_experiment(EXPERIMENT, location.artifacts)
        store.engine.dispose()
        draft.replace(database)


def _end_dead_runs(client: "MlflowClient", experiment: str) -> None:
    """End the runs whose process was killed before it could; other machines' are left alone."""
    query = f"attributes.status = 'RUNNING' and tags.host = '{host()}'"
    for run in client.search_runs([experiment], query):
        process = Process.parse(run.data.tags.get("process", ""))
        if process is not None and process.gone():
            _close(client, run.info.run_id, "KILLED", "found dead by a later run, at this end time")


def _close(client: "MlflowClient", run_id: str, status: str, reason: str) -> None:
    if reason:
        client.set_tag(run_id, "error", _one_line(reason))
    client.set_terminated(run_id, status)


def _values(section: str, params: BaseModel) -> dict[str, str]:
    """Return parameters as params.yaml has them: {"train.width": "24", …}."""
    values = params.model_dump(mode="json")
    return {
        f"{section}.{key}": (value if isinstance(value, str) else json.dumps(value))[:PARAM_LENGTH]
        for key, value in values.items()
    }


def _one_line(text: str) -> str:
    return " ".join(text.split())[:LINE_LENGTH]


def _tracking_errors() -> tuple[type[Exception], ...]:
    """Return what a tracker that is down, broken or badly addressed raises.

    The errors of requests and of file locks are OSErrors; a server that is not MLflow's answers
    with something other than JSON; an address may need a driver that is not installed.
    """
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    return MlflowException, SQLAlchemyError, sqlite3.Error, OSError, ImportError, JSONDecodeError
