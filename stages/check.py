"""Check the whole of params.yaml before any other stage runs: data/params.checked.

Each stage checks its own section too; this one spares the user a typo in the last section that
would come to light when everything before it has run. Its output never changes, so that a change
of params.yaml reruns this stage and then only those that the change concerns.
"""

import sys
from pathlib import Path

from dcgan_inpainting.cropping import CropParams
from dcgan_inpainting.errors import UserError
from dcgan_inpainting.evaluation import EvaluateParams
from dcgan_inpainting.inpainting import InpaintParams
from dcgan_inpainting.masks import MasksParams
from dcgan_inpainting.params import Section, check_all
from dcgan_inpainting.sources import DataParams
from dcgan_inpainting.training.params import TrainParams

SECTIONS: dict[str, type[Section]] = {
    "data": DataParams,
    "crop": CropParams,
    "train": TrainParams,
    "masks": MasksParams,
    "inpaint": InpaintParams,
    "evaluate": EvaluateParams,
}
CHECKED = Path("data/params.checked")

if __name__ == "__main__":
    try:
        check_all(SECTIONS)
    except UserError as error:
        sys.exit(f"check: error: {error}")
    CHECKED.write_text("params.yaml is valid\n", encoding="utf-8")
