"""The connection to MLflow: the store, the project's experiment in it, and the rows of it."""

import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from dcgan_inpainting.tracking.experiment import Experiment
from dcgan_inpainting.tracking.location import (
    ENVIRONMENT,
    StoreLocation,
    alone,
    is_made,
    move_artifacts,
    sqlite_uri,
)
from dcgan_inpainting.tracking.provenance import Process, host

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

EXPERIMENT = "dcgan-inpainting"
LINE_LENGTH = 500  # of an error
MANY = 1000  # runs in one answer, and MLflow's limit of metrics for one call

ROW = "experiment"  # the tag `kind` of a row; the runs of its stages have "stage"
PARENT = "mlflow.parentRunId"
KEY = "experiment.key"
STAGE_KEY = "dvc.key"  # tag of a run that shows a result whole: lock.key() of its entry
MADE = "weights"  # tag of a training that has ended: the md5 of the file that it is known by
WEIGHTS = {
    "train": Path("models/generator.safetensors"),
    "encoder": Path("models/encoder.safetensors"),
    "unet": Path("models/unet.safetensors"),
}
RECORDED = "dvc.lock"  # tag of a row that is complete: the digest of the dvc.lock that it shows


class Point(NamedTuple):
    """One point of a curve."""

    name: str
    value: float
    step: int
    time: int  # milliseconds since 1970


class Store:
    """A client of MLflow that is connected to the project's experiment, made where missing."""

    def __init__(self, location: StoreLocation) -> None:
        """Connect.

        Raises:
            whatever MLflow raises where the store can't be opened.
        """
        self.location = location
        self.client, self.experiment_id = _connect(location)

    @classmethod
    def connected(cls, location: StoreLocation) -> Self:
        """Connect, and end the runs whose processes were killed.

        Raises:
            UserError: MLFLOW_TRACKING_URI is no address that MLflow takes.
            whatever MLflow raises where the store can't be opened.
        """
        location.check()
        store = cls(location)
        store.end_dead_runs()
        return store

    def create(
        self, name: str, start: int, tags: Mapping[str, str], params: Mapping[str, str]
    ) -> "Run":
        """Make a run that began at `start`, in milliseconds since 1970."""
        run = self.client.create_run(self.experiment_id, start, dict(tags), name)
        self.add_params(run.info.run_id, params)
        return run

    def add_params(self, run_id: str, params: Mapping[str, str]) -> None:
        """Log parameters that a run has not yet, in one call."""
        from mlflow.entities import Param

        self.client.log_batch(run_id, params=[Param(*pair) for pair in params.items()])

    def log_points(self, run_id: str, points: Sequence[Point]) -> None:
        """Log points of curves, in batches."""
        from mlflow.entities import Metric

        metrics = [Metric(point.name, point.value, point.time, point.step) for point in points]
        for first in range(0, len(metrics), MANY):
            self.client.log_batch(run_id, metrics=metrics[first : first + MANY])

    def tag(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set tags of a run, in one call."""
        from mlflow.entities import RunTag

        self.client.log_batch(run_id, tags=[RunTag(*pair) for pair in tags.items()])

    def find(self, query: str) -> list["Run"]:
        """Return the runs that MLflow's query describes, the latest first."""
        order = ["attributes.start_time DESC"]
        runs = self.client.search_runs(
            [self.experiment_id], query, max_results=MANY, order_by=order
        )
        return list(runs)

    def row(self, experiment: Experiment, start: int) -> str:
        """Return the id of an experiment's row, running; made where it is missing.

        A row that is complete stays as it is: whoever runs the same again gets a new one.

        Args:
            experiment: whose row.
            start: milliseconds since 1970 at which it began, for a new row.
        """
        with self.alone():
            for run in self.find(f"tags.kind = '{ROW}' and tags.`{KEY}` = '{experiment.key}'"):
                if RECORDED not in run.data.tags:
                    self.reopen(run, {"process": experiment.tags["process"]})
                    return run.info.run_id
            tags = {**experiment.tags, KEY: experiment.key}
            run = self.create(experiment.name, start, tags, experiment.params)
            if experiment.patch:
                self.client.log_text(run.info.run_id, experiment.patch, "changes.patch")
            return run.info.run_id

    def alone(self) -> AbstractContextManager[None]:
        """Hold off this project's other processes: stages that run at the same time share a row."""
        return alone(self.location.lock)

    def reopen(self, run: "Run", tags: Mapping[str, str]) -> None:
        """Let a run go on that has ended, or runs, with tags brought up to date."""
        run_id = run.info.run_id
        self.tag(run_id, tags)
        if "error" in run.data.tags:
            self.client.delete_tag(run_id, "error")
        if run.info.status != "RUNNING":
            self.client.update_run(run_id, status="RUNNING")

    def close(self, run_id: str, status: str, reason: str = "", end: int | None = None) -> None:
        """End a run as FINISHED, FAILED or KILLED, now or at `end` in milliseconds since 1970."""
        if reason:
            self.client.set_tag(run_id, "error", one_line(reason))
        self.client.set_terminated(run_id, status, end)

    def end_dead_runs(self) -> None:
        """End the runs whose process was killed before it could; other machines' are left alone."""
        found = self.find(f"attributes.status = 'RUNNING' and tags.host = '{host()}'")
        dead = [run for run in found if process_gone(run)]
        for run in sorted(dead, key=lambda run: PARENT not in run.data.tags):  # children first
            children = self.find(f"tags.`{PARENT}` = '{run.info.run_id}'")
            last = {child.info.run_name: child for child in reversed(children)}.values()
            if last and all(child.info.status == "FINISHED" for child in last):
                # As after `dvc repro train`: what was asked for was done, and more was not.
                self.close(run.info.run_id, "FINISHED")
            else:
                self.close(run.info.run_id, "KILLED", "found dead by a later run, at this end time")


def process_gone(run: "Run") -> bool:
    """Return whether the process of a run is known to have ended."""
    process = Process.parse(run.data.tags.get("process", ""))
    return process is not None and process.gone()


def missed(error: Exception, location: StoreLocation) -> str:
    """Return what to warn of where MLflow can't be told something."""
    return (
        "not tracked now, the work goes on (`make catch-up` logs it later): "
        f"MLflow at {location.shown}: {said(error, location)}"
    )


def one_line(text: str) -> str:
    """Return a message's words on one line, cut to a bearable length."""
    return " ".join(text.split())[:LINE_LENGTH]


def said(error: Exception, location: StoreLocation) -> str:
    """Return a tracking error as one line, without the password that an address may hold."""
    reason = str(error).replace(location.uri, location.shown) or repr(error)
    # Of a failed request only the cause is news, and stands at the end.
    return one_line(reason.rpartition("(Caused by ")[2])


def prepare(location: StoreLocation) -> None:
    """Import MLflow so that a store that is down costs seconds, and is told of once."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    import mlflow  # noqa: F401

    # MLflow reads this when it is imported, which a caller may have done before.
    logging.getLogger("mlflow").setLevel(os.environ["MLFLOW_LOGGING_LEVEL"].upper())
    if location.artifacts is None:
        # It would announce each attempt to reach a server that is down.
        logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    else:
        # MLflow tries for 100 s to open a database that cannot be opened.
        import mlflow.store.db.utils as database_utils

        database_utils.MAX_RETRY_COUNT = 3


def _connect(location: StoreLocation) -> tuple["MlflowClient", str]:
    """Return a client and the id of the project's experiment, both made where missing."""
    prepare(location)
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

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

    database.parent.mkdir(parents=True, exist_ok=True)
    with alone(location.lock):
        if is_made(database):
            return
        # A process killed on the way leaves a draft, not a store that nobody can open.
        draft = database.with_name(f"{database.name}-new")
        draft.unlink(missing_ok=True)
        untyped: Any = SqlAlchemyStore
        store = untyped(sqlite_uri(draft), location.artifacts)
        store.create_experiment(EXPERIMENT, location.artifacts)
        store.engine.dispose()
        draft.replace(database)
