"""The trained inpainter in MLflow's registry: a version for each result, and the champion of them.

Several processes may publish at once, to a local store or to a server.
"""

import hashlib
import json
import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dcgan_inpainting.tracking.location import alone
from dcgan_inpainting.tracking.model_files import WEIGHTS, save_model

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel
    from mlflow.entities.model_registry import ModelVersion

CHAMPION = "champion"
HEADLINE = "hole_psnr/mean"  # the tag, named as the metric of the run


@dataclass(frozen=True)
class Published:
    """What became of a result in the registry."""

    name: str  # of the registered model
    version: str
    new: bool  # False: the same result had this version before
    champion: bool
    reason: str  # why it is the champion or is not, in one line


def publish(
    client: "MlflowClient",
    run_id: str,
    models: Path,
    settings: Mapping[str, object],
    *,
    headline: float,
    test: str,
    source: str,
    lock: Path,
) -> Published:
    """Register the trained inpainter as a version of `dcgan-inpainting-<source>`.

    A result is what given weights and settings reached on given test data. If it has a version
    already, it gets no second one. The alias `champion` moves to it if there is no champion yet, or
    if it is better than the champion on the same test data.

    Args:
        client: of the store, which may be any; no global state of MLflow's is read or set.
        run_id: the experiment's run, to which the model is logged.
        models: the folder that the stages train and encoder wrote.
        settings: the validated section `inpaint`, of values that JSON can hold.
        headline: PSNR of the holes in dB, averaged over the kinds of masks; higher is better.
        test: a digest of the test images and their masks.
        source: the data's source: drawn, celeba or folder.
        lock: a lock file that all who publish from this machine share, made where it is missing.
            Without it, two at once might each find itself better than the champion before, and
            the worse one be the last to say so.

    Raises:
        OSError: a file of the weights is missing.
        MlflowException: the store can't be reached, or refuses.
    """
    name = f"dcgan-inpainting-{source}"
    tags = {
        HEADLINE: repr(float(headline)),
        "test": test,
        "result": _digest(models, settings, headline, test),
    }
    with alone(lock):
        same = f"name = '{name}' and tags.result = '{tags['result']}'"
        found = client.search_model_versions(same)
        version = (
            found[0]
            if found
            else _register(client, name, _log(client, run_id, models, settings), tags)
        )
        champion, reason = _promote(client, version)
    return Published(name, str(version.version), not found, champion, reason)


def _digest(models: Path, settings: Mapping[str, object], headline: float, test: str) -> str:
    digest = hashlib.sha256()
    for name in WEIGHTS:
        digest.update(hashlib.sha256((models / name).read_bytes()).digest())
    digest.update(json.dumps([settings, float(headline), test], sort_keys=True).encode())
    return digest.hexdigest()


def _log(
    client: "MlflowClient", run_id: str, models: Path, settings: Mapping[str, object]
) -> "LoggedModel":
    """Log the model to its run: what mlflow.pyfunc.log_model does, without its global state."""
    from mlflow.entities import LoggedModelOutput, LoggedModelStatus
    from mlflow.models import Model

    experiment = client.get_run(run_id).info.experiment_id
    model = client.create_logged_model(experiment, "inpainter", run_id)
    description = Model(
        artifact_path=model.artifact_location,
        run_id=run_id,
        model_uuid=model.model_id,
        model_id=model.model_id,
    )
    with tempfile.TemporaryDirectory() as folder:
        save_model(Path(folder), models, settings, description)
        client.log_model_artifacts(model.model_id, folder)
    client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
    return model


def _register(
    client: "MlflowClient", name: str, model: "LoggedModel", tags: dict[str, str]
) -> "ModelVersion":
    from mlflow.exceptions import MlflowException
    from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    # By its address, because an SQLite store looks up models:/ID in the process's global store.
    version = client.create_model_version(
        name, model.artifact_location, model.source_run_id, tags, model_id=model.model_id
    )
    # From this the UI makes the link from the run's model to its version.
    link = json.dumps([{"name": name, "version": str(version.version)}])
    client.set_logged_model_tags(model.model_id, {MLFLOW_MODEL_VERSIONS: link})
    return version


def _promote(client: "MlflowClient", version: "ModelVersion") -> tuple[bool, str]:
    """Move the alias to a version if it deserves it; return whether it has it now, and why."""
    name, number = version.name, str(version.version)
    headline = float(version.tags[HEADLINE])
    if not math.isfinite(headline):
        return False, f"its PSNR is {headline}"
    aliases = client.get_registered_model(name).aliases
    if CHAMPION not in aliases:
        client.set_registered_model_alias(name, CHAMPION, number)
        return True, "there was no champion"
    holder = client.get_model_version(name, str(aliases[CHAMPION]))
    if str(holder.version) == number:
        return True, "it was the champion before"
    held = f"champion version {holder.version}"
    if holder.tags.get("test") != version.tags["test"]:
        return False, f"not compared with {held}, whose test data was other"
    best = float(holder.tags[HEADLINE])
    if headline <= best:
        return False, f"{headline:.2f} dB, not better than the {best:.2f} dB of {held}"
    client.set_registered_model_alias(name, CHAMPION, number)
    return True, f"{headline:.2f} dB, better than the {best:.2f} dB of {held}"
