"""The trained inpainter as MLflow loads and serves it: a model from code, without pickle.

MLflow runs this file wherever the model is used, beside the copies of this package and of the
weights that `model_files` put into the model. So it is the one module that may import MLflow at its
top.
"""

import json
from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.images import Images, Known
from dcgan_inpainting.restore.choices import SETTINGS
from dcgan_inpainting.tracking.model_input import IMAGES_A_REQUEST, read_input
from dcgan_inpainting.tracking.together import Together

NETWORKS = "networks"  # the model's one artifact: a folder with the weights and the settings


class RequestError(MlflowException):
    """The input is wrong: HTTP 400, and a message that says what, and what is needed instead."""

    def __init__(self, message: str) -> None:
        super().__init__(message, error_code=INVALID_PARAMETER_VALUE)

    def serialize_as_json(self) -> str:
        """Return the body of the answer: one line, where MLflow would repeat the whole request."""
        body = {"error_code": self.error_code, "message": str(self)}
        return json.dumps(body, ensure_ascii=False)


class Inpainter(PythonModel):
    """Fills the holes of images by the pipeline's own search, with the settings of its run."""

    # Else MLflow warns that it can't check the input by its annotation; read_input does that.
    _skip_type_hint_validation = True

    def load_context(self, context: PythonModelContext) -> None:
        """Read the networks and the settings; called once, when the model is loaded."""
        # Imported here because publishing runs this file too: there, PyTorch would cost seconds.
        import torch

        from dcgan_inpainting.inpaint.params import InpaintParams
        from dcgan_inpainting.networks.architecture import Architecture
        from dcgan_inpainting.networks.devices import device
        from dcgan_inpainting.networks.unet import ENCODER, load_unet
        from dcgan_inpainting.networks.weights import load_trained
        from dcgan_inpainting.process.cores import available

        folder = Path(context.artifacts[NETWORKS])
        self._side = Architecture.load(folder / "architecture.json").image_size
        self._generator, self._discriminator = load_trained(folder)
        self._encoder = load_unet(folder, ENCODER)
        settings = (folder / SETTINGS).read_text(encoding="utf-8")
        self._params = InpaintParams.model_validate_json(settings)
        places = 1 if device().type == "cuda" else available() // torch.get_num_threads()
        self._together = Together(self._restored, IMAGES_A_REQUEST, max(1, places))

    # MLflow's servers and its load_model do without the other two arguments of the base class.
    def predict(self, model_input: Any) -> Images:  # type: ignore[override]
        """Restore images; the result is that of `inpainting.restore`.

        Nothing is kept from one call to the next: equal inputs give equal bytes. What becomes of an
        image depends on the image, its mask and the settings' seed, not on its place or on what
        comes with it: each is searched apart. So calls that come while another is at work, each in
        a thread of its own, are restored together.
        (Only where a processor adds up a batch of another size in another order can rounding
        differ: with two threads, batches of 3, 7 and 31 images had a few levels other by 1 than
        batches of 64. With one thread, as `make serve` sets it, the bytes were the same.)

        Args:
            model_input: images and masks, as `model_input.read_input` takes them.

        Returns:
            uint8, N×S×S×3: the images with their holes filled; known pixels are unchanged.

        Raises:
            RequestError: the input is anything else.
        """
        try:
            images, known = read_input(model_input, self._side)
        except UserError as error:
            raise RequestError(str(error)) from None
        return self._together(images, known)

    def _restored(self, images: Images, known: Known) -> Images:
        from dcgan_inpainting.inpaint.restoration import restore

        networks = self._generator, self._discriminator
        found = restore(images, known, *networks, self._params, encoder=self._encoder)
        return found.composite


set_model(Inpainter())
