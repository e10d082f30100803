"""The trained inpainter as a folder that MLflow can load anywhere, without this repository."""

import json
import shutil
import tempfile
import warnings
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow.models import Model, ModelSignature

PACKAGE = Path(__file__).parents[1]
CODE = Path(__file__).with_name("inpainter.py")

# Of what the stages train and encoder leave in models/, what inpainting needs.
WEIGHTS = (
    "architecture.json",
    "generator_average.safetensors",
    "discriminator.safetensors",
    "encoder.safetensors",
)

# What inpainter.py and the modules that it imports need; mlflow brings the server too.
REQUIREMENTS = (
    "mlflow",
    "numpy",
    "pandas",
    "pillow",
    "psutil",
    "pydantic",
    "ruamel.yaml",
    "safetensors",
    "scipy",
    "torch",
)


def save_model(
    folder: Path, models: Path, settings: Mapping[str, object], description: "Model"
) -> None:
    """Write the model: weights, settings, the code that runs now, its requirements, its signature.

    No network is built and no input example is tried, which would take seconds.

    Args:
        folder: where to; made where it is missing, and else empty.
        models: the folder that the stages train and encoder wrote.
        settings: the validated section `inpaint`, of values that JSON can hold.
        description: says whose model it is; it is completed and written as the file MLmodel.

    Raises:
        OSError: a file of the weights is missing.
    """
    architecture = json.loads((models / "architecture.json").read_text(encoding="utf-8"))
    with (
        tempfile.TemporaryDirectory() as scratch,
        # Advice on annotations and examples, some of which MLflow gives whatever the filters say.
        warnings.catch_warnings(record=True, action="ignore"),
    ):
        import mlflow.pyfunc

        from dcgan_inpainting.restore.choices import SETTINGS
        from dcgan_inpainting.tracking.inpainter import NETWORKS

        networks = Path(scratch, NETWORKS)
        networks.mkdir()
        for name in WEIGHTS:
            shutil.copyfile(models / name, networks / name)
        text = json.dumps(settings, indent=2) + "\n"
        (networks / SETTINGS).write_text(text, encoding="utf-8")
        mlflow.pyfunc.save_model(
            folder,
            python_model=CODE,
            artifacts={NETWORKS: str(networks)},
            code_paths=[str(PACKAGE)],
            signature=_signature(architecture["image_size"]),
            pip_requirements=[f"{name}=={_version(name)}" for name in REQUIREMENTS],
            mlflow_model=description,
        )


def _version(library: str) -> str:
    # Without the label of a build: PyPI has no 2.14.1+cpu.
    return metadata.version(library).partition("+")[0]


def _signature(side: int) -> "ModelSignature":
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    def tensor(name: str | None, *shape: int) -> TensorSpec:
        return TensorSpec(np.dtype(np.uint8), (-1, *shape), name)

    inputs = Schema([tensor("image", side, side, 3), tensor("mask", side, side)])
    signature = ModelSignature(inputs, Schema([tensor(None, side, side, 3)]))
    # By this flag MLflow leaves it to the model to check its input: see model_input.
    signature._is_signature_from_type_hint = True
    return signature
