"""What is told to MLflow of one run, as messages that can be sent now or kept and sent later."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from PIL import Image
from pydantic import BaseModel

from dcgan_inpainting.tracking import continuation
from dcgan_inpainting.tracking.experiment import Experiment
from dcgan_inpainting.tracking.store import KEY, PARENT, Store

if TYPE_CHECKING:
    from mlflow.entities import Run

BATCH = 1000  # MLflow's limit of metrics for one call

Status = Literal["FINISHED", "FAILED", "KILLED"]
Point = tuple[str, float, int, int | None]  # name, value, milliseconds since 1970, step if any


class Message(BaseModel):
    """One thing to tell of a run."""

    def send(self, store: Store, run_id: str) -> None:
        """Tell it; sent twice, it is as sent once.

        Raises:
            whatever MLflow raises.
        """
        raise NotImplementedError

    def check_files(self) -> None:
        """Raise FileNotFoundError where a file that the message names is not there."""
        for field in type(self).model_fields:
            path = getattr(self, field)
            if isinstance(path, Path):
                path.stat()

    def with_files_in(self, folder: Path) -> Self:
        """Return the message with copies of the files that it names, made in `folder`."""
        copies: dict[str, Path] = {}
        for field in type(self).model_fields:
            path = getattr(self, field)
            if isinstance(path, Path):
                copies[field] = folder / path.name
                folder.mkdir(parents=True, exist_ok=True)
                if path.is_dir():
                    shutil.copytree(path, copies[field])
                else:
                    shutil.copy(path, copies[field])
        return self.model_copy(update=copies)


class Opening(BaseModel):
    """The first thing to tell of a run: that it is there."""

    @property
    def process(self) -> str:
        """The process whose run it then is, as the run's tag of that name has it."""
        raise NotImplementedError

    def open(self, store: Store) -> str:
        """Make or find the run, and return its id.

        Raises:
            whatever MLflow raises.
        """
        raise NotImplementedError


class Begin(Opening):
    """A run begins, as part of an experiment's row where DVC runs it."""

    kind: Literal["begin"] = "begin"
    name: str
    tags: dict[str, str]
    params: dict[str, str]
    start: int
    experiment: Experiment | None
    resumable: bool = False  # whether it goes on where a killed attempt stopped

    @property
    def process(self) -> str:
        """The process of the stage."""
        return self.tags["process"]

    def open(self, store: Store) -> str:
        """Make the run, or reopen that of a killed attempt, and return its id."""
        from mlflow.entities import Param

        run = self._run(store)
        params = {name: v for name, v in self.params.items() if name not in run.data.params}
        store.client.log_batch(run.info.run_id, params=[Param(*pair) for pair in params.items()])
        if self.experiment is not None:
            moved = run.data.tags.get(KEY, self.experiment.key) != self.experiment.key
            if self.experiment.patch or moved:  # also to overwrite the patch of another experiment
                store.client.log_text(run.info.run_id, self.experiment.patch, "changes.patch")
        return run.info.run_id

    def _run(self, store: Store) -> "Run":
        tags, where = dict(self.tags), ""
        if self.experiment is not None:
            tags[PARENT] = store.row(self.experiment, self.start)
            tags[KEY] = self.experiment.key
            where = self.experiment.name
        if self.resumable:
            run = continuation.reopened(store, tags, self.start, where)
            if run is not None:
                return run
        return store.client.create_run(store.experiment_id, self.start, tags, self.name)


class Metrics(Message):
    """Points of curves, and single figures. Sent twice, or by two attempts, each is there once."""

    kind: Literal["metrics"] = "metrics"
    points: list[Point]

    def send(self, store: Store, run_id: str) -> None:
        """Log the points in batches."""
        from mlflow.entities import Metric

        told = store.told(run_id)
        points = [
            Metric(name, value, time, step or 0)
            for name, value, time, step in self.points
            if not told.has_point(name, value, step)
        ]
        for start in range(0, len(points), BATCH):
            store.client.log_batch(run_id, metrics=points[start : start + BATCH])


class Tags(Message):
    """Facts of the run that came to be known after it began."""

    kind: Literal["tags"] = "tags"
    tags: dict[str, str]

    def send(self, store: Store, run_id: str) -> None:
        """Set the tags."""
        store.tag(run_id, self.tags)


class Artifact(Message):
    """A file or folder to keep a copy of."""

    kind: Literal["artifact"] = "artifact"
    path: Path
    folder: str

    def send(self, store: Store, run_id: str) -> None:
        """Copy it to the run's artifacts."""
        if self.path.is_dir():
            target = f"{self.folder}/{self.path.name}".strip("/")
            store.client.log_artifacts(run_id, str(self.path), target)
        else:
            store.client.log_artifact(run_id, str(self.path), self.folder or None)


class Picture(Message):
    """A picture of a series, which MLflow shows with a slider for its step."""

    kind: Literal["picture"] = "picture"
    path: Path
    key: str
    step: int

    def send(self, store: Store, run_id: str) -> None:
        """Log the picture, unless an earlier attempt did."""
        if store.told(run_id).has_picture(self.key, self.step):
            return
        with Image.open(self.path) as picture:
            picture.load()
            store.client.log_image(run_id, picture, key=self.key, step=self.step)


class Table(Message):
    """A table in which one column may hold pictures; MLflow shows those of several runs beside."""

    kind: Literal["table"] = "table"
    path: Path  # JSON: {column: [values]}
    pictures: Path  # the folder in which the column `picture` names files
    name: str  # of the artifact, ending in .json

    def send(self, store: Store, run_id: str) -> None:
        """Log the table with its pictures, unless it is there: MLflow would append it."""
        import mlflow

        logged = store.client.get_run(run_id).data.tags.get("mlflow.loggedArtifacts", "[]")
        if any(artifact["path"] == self.name for artifact in json.loads(logged)):
            return
        columns = json.loads(self.path.read_text(encoding="utf-8"))
        if "picture" in columns:
            files = [str(self.pictures / name) for name in columns["picture"]]
            columns["picture"] = [mlflow.Image(file) for file in files]
        store.client.log_table(run_id, columns, self.name)


class Dataset(Message):
    """A file that the run read, by its md5."""

    kind: Literal["dataset"] = "dataset"
    name: str
    digest: str
    source: str
    size: int  # bytes

    def send(self, store: Store, run_id: str) -> None:
        """Log the file as an input of the run."""
        from mlflow.entities import Dataset as Held
        from mlflow.entities import DatasetInput

        source, profile = json.dumps({"uri": self.source}), json.dumps({"bytes": self.size})
        dataset = Held(self.name, self.digest, source_type="local", source=source, profile=profile)
        store.client.log_inputs(run_id, [DatasetInput(dataset)])


class End(Message):
    """The run has ended, and an experiment's row with it where it failed."""

    kind: Literal["end"] = "end"
    status: Status
    reason: str
    end: int
    process: str = ""  # whose end it is; "" if that was not told

    def send(self, store: Store, run_id: str) -> None:
        """Close the run, and unless it finished, the experiment's row."""
        tags = store.client.get_run(run_id).data.tags
        if self.process and tags.get("process") != self.process:
            return  # told late: another attempt has gone on with the run
        if "error" in tags and not self.reason:
            store.client.delete_tag(run_id, "error")  # it was found dead before this was told
        store.close(run_id, self.status, self.reason, self.end)
        row = tags.get(PARENT)
        if row is not None and self.status != "FINISHED":
            store.close(row, self.status, self.reason, self.end)
