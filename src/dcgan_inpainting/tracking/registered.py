"""The networks of a registered model as a folder, for whoever restores without MLflow's server."""

import os
import tempfile
from pathlib import Path

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.tracking.location import ENVIRONMENT, VARIABLE, StoreLocation, is_made
from dcgan_inpainting.tracking.store import one_line

SCHEME = "models:/"


def networks_of(uri: str, root: Path) -> Path:
    """Fetch a registered model; return the folder of its networks, which the caller may delete.

    Args:
        uri: models:/NAME@ALIAS or models:/NAME/VERSION.
        root: the checkout whose store has the model, unless MLFLOW_TRACKING_URI names another.

    Raises:
        UserError: there is no such store or model.
    """
    location = StoreLocation.of(root.resolve())
    location.check()
    if location.database and not is_made(location.database):
        raise UserError(f"{uri}: there is no MLflow store at {location.database}")
    os.environ.update({**ENVIRONMENT, **os.environ, VARIABLE: location.uri})
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    from dcgan_inpainting.tracking.inpainter import NETWORKS

    try:
        fetched = download_artifacts(uri, dst_path=tempfile.mkdtemp(prefix="dcgan-inpainting-"))
    except (MlflowException, OSError) as error:
        raise UserError(f"{uri} in {location.shown}: {one_line(str(error))}") from None
    return Path(fetched, "artifacts", NETWORKS)
