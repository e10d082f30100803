"""Check the whole of params.yaml before any other stage runs: data/params.checked.

Each stage checks its own section too; this one spares the user a typo in the last section that
would come to light when everything before it has run. Its output never changes, so that a change
of params.yaml reruns this stage and then only those that the change concerns.
"""

from pathlib import Path

from dcgan_inpainting.command_line import reporting
from dcgan_inpainting.cropping import CropParams
from dcgan_inpainting.encoder.params import EncoderParams
from dcgan_inpainting.errors import UserError
from dcgan_inpainting.evaluation import EvaluateParams
from dcgan_inpainting.inpainting.params import InpaintParams
from dcgan_inpainting.masks import MasksParams
from dcgan_inpainting.params import PARAMS_FILE, Section, check_all, read_section
from dcgan_inpainting.sources import DataParams
from dcgan_inpainting.training.params import TrainParams

SECTIONS: dict[str, type[Section]] = {
    "data": DataParams,
    "crop": CropParams,
    "train": TrainParams,
    "encoder": EncoderParams,
    "masks": MasksParams,
    "inpaint": InpaintParams,
    "evaluate": EvaluateParams,
}
CHECKED = Path("data/params.checked")


def check_encoder() -> None:
    """Refuse a search that uses an encoder which is not trained."""
    inpaint = read_section("inpaint", InpaintParams).resolved()
    if inpaint.uses_encoder and read_section("encoder", EncoderParams).images == 0:
        raise UserError(
            f"{PARAMS_FILE}: encoder.images is 0, so there is no encoder; set inpaint.start to "
            "random and inpaint.encoder_share to 0, or train one"
        )


if __name__ == "__main__":
    with reporting("check"):
        check_all(SECTIONS)
        check_encoder()
        CHECKED.write_text("params.yaml is valid\n", encoding="utf-8")
