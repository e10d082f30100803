"""The run of a stage's result: found by what determined the result, or made from its files."""

import json
from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from dcgan_inpainting.common.files import read_json
from dcgan_inpainting.tracking.contents import Contents, Table, contents
from dcgan_inpainting.tracking.experiment import shown
from dcgan_inpainting.tracking.held import Held
from dcgan_inpainting.tracking.lock import Entry, key, md5_in
from dcgan_inpainting.tracking.provenance import provenance
from dcgan_inpainting.tracking.store import MADE, PARENT, STAGE_KEY, WEIGHTS, Point, Store
from dcgan_inpainting.tracking.timing import noted, now

if TYPE_CHECKING:
    from mlflow.entities import Run

# What a stage reads that is worth a link to its very bytes.
DATASETS = (".npy", ".zip")


def finished(store: Store, entry: Entry) -> list["Run"]:
    """Return the runs that show a result whole, the latest first.

    Raises:
        whatever MLflow raises.
    """
    return store.find(f"tags.`{STAGE_KEY}` = '{key(entry)}' and attributes.status = 'FINISHED'")


def log_stage(store: Store, folder: Path, row: str, stage: str, entry: Entry) -> "Run":
    """Return a run that shows a stage's result whole; made where there is none.

    Args:
        store: where to look.
        folder: the checkout whose files hold the result.
        row: the id of the experiment's row to which a new run belongs.
        stage: DVC's name: "train" or, of a matrix, "inpaint@center".
        entry: the stage's entry in dvc.lock.

    Raises:
        OSError: a result is not there.
        whatever MLflow raises.
    """
    there = finished(store, entry)
    own = [run for run in there if run.data.tags.get(PARENT) == row]
    if there:
        return (own or there)[0]
    followed = _unfinished(store, row, stage, entry)
    run = followed or _new(store, folder, row, stage, entry)
    run_id = run.info.run_id
    held = Held(store.client, run_id) if followed else None
    if followed:  # it knows the stage's own section; a stage may depend on more
        held_params = followed.data.params
        more = {name: v for name, v in _params(entry).items() if name not in held_params}
        store.add_params(run_id, more)
    _log(store, run_id, contents(stage, folder), held)
    log_datasets(store, run_id, entry)
    store.client.log_dict(run_id, {stage: entry}, "dvc.lock.yaml")
    store.tag(run_id, {STAGE_KEY: key(entry)})
    if run.info.status != "FINISHED":
        _, end = noted(folder).get(stage, (0, now()))
        if "error" in run.data.tags:  # it was found dead before it could end
            store.client.delete_tag(run_id, "error")
        store.close(run_id, "FINISHED", end=end)
    return store.client.get_run(run_id)


def log_datasets(store: Store, run_id: str, entry: Entry) -> None:
    """Log the data that a stage read as inputs of a run, by the md5 that DVC knows them by."""
    from mlflow import MlflowException
    from mlflow.entities import Dataset, DatasetInput

    inputs = []
    for dep in entry["deps"]:
        path = Path(dep["path"])
        if path.suffix in DATASETS:
            source, profile = json.dumps({"uri": dep["path"]}), json.dumps({"bytes": dep["size"]})
            dataset = Dataset(path.stem, dep["md5"], "local", source=source, profile=profile)
            inputs.append(DatasetInput(dataset))
    if not inputs:
        return
    try:
        store.client.log_inputs(run_id, inputs)
    except MlflowException:
        # MLflow looks for a dataset and then adds it. Another queue worker that added the same one
        # in between made it fail, and is found now.
        store.client.log_inputs(run_id, inputs)


def log_picture(store: Store, run_id: str, file: Path, series: str, step: int) -> None:
    """Log a picture as one step of a series, which MLflow shows with a slider."""
    with Image.open(file) as picture:
        picture.load()
        store.client.log_image(run_id, picture, key=series, step=step)


def _unfinished(store: Store, row: str, stage: str, entry: Entry) -> "Run | None":
    """Return the run that followed a stage, or one that was begun here and not completed."""
    name, _, item = stage.partition("@")
    made = md5_in(entry, WEIGHTS[name].as_posix()) if name in WEIGHTS else ""
    queries = [f"tags.`{PARENT}` = '{row}'", *([f"tags.`{MADE}` = '{made}'"] if made else [])]
    for query in queries:
        for run in store.find(f"{query} and tags.stage = '{name}'"):
            tags = run.data.tags
            other = STAGE_KEY in tags or tags.get("item", "") != item
            if not other and tags.get(MADE, made) == made and run.info.status != "FAILED":
                return run
    return None


def _new(store: Store, folder: Path, row: str, stage: str, entry: Entry) -> "Run":
    name, _, item = stage.partition("@")
    tags = {"kind": "stage", "stage": name, "dvc.stage": stage, PARENT: row}
    if item:
        tags["item"] = item
    ran = noted(folder).get(stage)
    if ran is not None:
        # What is true of this process is true of the stage's, but for its number.
        same = provenance(folder)
        del same["process"]
        tags = {**same, **tags, "mlflow.source.name": entry["cmd"]}
    start, _ = ran or (now(), 0)
    return store.create(stage.replace("@", " "), start, tags, _params(entry))


def _params(entry: Entry) -> dict[str, str]:
    return shown(entry.get("params", {}).get("params.yaml", {}))


def _log(store: Store, run_id: str, shows: Contents, held: Held | None) -> None:
    points = [
        point
        for point in _points(shows)
        if isfinite(point.value) and not (held and held.has_point(point.name, point.step))
    ]
    store.log_points(run_id, points)
    for (series, step), file in shows.pictures.items():
        if not (held and held.has_picture(series, step)):
            log_picture(store, run_id, file, series, step)
    for file in shows.files:
        if file.is_dir():
            store.client.log_artifacts(run_id, str(file), file.name)
        else:
            store.client.log_artifact(run_id, str(file))
    if shows.table is not None:
        _log_table(store, run_id, shows.table)


def _points(shows: Contents) -> Iterator[Point]:
    time = now()
    for name, value in shows.figures.items():
        yield Point(name, float(value), 0, time)
    for name, curve in shows.curves.items():
        for step, value in curve.items():
            yield Point(name, float(value), step, time)


def _log_table(store: Store, run_id: str, table: Table) -> None:
    """Log a table with its pictures, unless it is there: MLflow would append it."""
    import mlflow

    logged = store.client.get_run(run_id).data.tags.get("mlflow.loggedArtifacts", "[]")
    if any(artifact["path"] == table.path.name for artifact in json.loads(logged)):
        return
    columns = read_json(table.path)
    files = [str(table.pictures / name) for name in columns["picture"]]
    columns["picture"] = [mlflow.Image(file) for file in files]
    store.client.log_table(run_id, columns, table.path.name)
