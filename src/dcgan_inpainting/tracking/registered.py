"""The networks of a registered model as a folder, for whoever restores without MLflow's server."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.tracking.location import VARIABLE, StoreLocation, is_made
from dcgan_inpainting.tracking.store import prepare, said

SCHEME = "models:/"


@contextmanager
def networks_of(uri: str, root: Path) -> Iterator[Path]:
    """Fetch a registered model; yield the folder of its networks, which is gone afterwards.

    Args:
        uri: models:/NAME@ALIAS or models:/NAME/VERSION.
        root: the checkout whose store has the model, unless MLFLOW_TRACKING_URI names another.

    Raises:
        UserError: there is no such store or model, or it is no inpainter.
    """
    location = StoreLocation.of(root.resolve())
    location.check()
    if location.database and not is_made(location.database):
        raise UserError(f"{uri}: there is no MLflow store at {location.database}")
    os.environ[VARIABLE] = location.uri
    with tempfile.TemporaryDirectory(prefix="dcgan-inpainting-") as folder:
        try:
            prepare(location)
            from mlflow.artifacts import download_artifacts

            from dcgan_inpainting.tracking.inpainter import NETWORKS

            fetched = download_artifacts(uri, dst_path=folder)
        except Exception as error:  # whatever becomes of a store, it is told in one line
            raise UserError(f"{uri} in {location.shown}: {said(error, location)}") from None
        networks = Path(fetched, "artifacts", NETWORKS)
        if not networks.is_dir():
            raise UserError(f"{uri} in {location.shown} is no inpainter of this project")
        yield networks
