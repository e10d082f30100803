"""What the stage inpaint leaves of a kind of mask: arrays in a folder, and the settings."""

import json
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from dcgan_inpainting.common.errors import DamagedError
from dcgan_inpainting.common.files import read_json, write_text, writing
from dcgan_inpainting.common.images import load_array
from dcgan_inpainting.inpaint.params import SHARING, InpaintParams
from dcgan_inpainting.inpaint.restoration import Restoration

ARRAYS = ("composite", "raw", "z", "trace", "frames")
SEVERAL = ("candidates", "objectives")  # beside those, where an image has several answers
SETTINGS = "settings.json"


def save_results(folder: Path, found: Restoration, params: InpaintParams) -> None:
    """Write a restoration, and the settings that led to it."""
    for name in ARRAYS if params.candidates == 1 else (*ARRAYS, *SEVERAL):
        with writing(folder / f"{name}.npy"):
            np.save(folder / f"{name}.npy", getattr(found, name))
    settings = json.dumps(params.model_dump(exclude=SHARING), indent=2)
    write_text(folder / SETTINGS, settings + "\n")


def load_results(folder: Path) -> Restoration:
    """Return what save_results wrote.

    Raises:
        DamagedError: a file is missing or damaged.
    """
    arrays = {name: load_array(folder / f"{name}.npy") for name in ARRAYS}
    if (folder / f"{SEVERAL[0]}.npy").is_file():
        arrays |= {name: load_array(folder / f"{name}.npy") for name in SEVERAL}
    else:
        arrays["candidates"] = arrays["composite"][:, None]
        arrays["objectives"] = arrays["trace"].min(0)[:, None]
    return Restoration(**arrays)


def load_settings(folder: Path) -> InpaintParams:
    """Return the settings that led to the results in a folder.

    Raises:
        DamagedError: the file is missing or damaged.
    """
    path = folder / SETTINGS
    try:
        return InpaintParams.model_validate(read_json(path))
    except ValidationError:
        raise DamagedError(path, "holds no settings of a search") from None
