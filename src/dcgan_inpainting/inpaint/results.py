"""What the stage inpaint leaves of a kind of mask: arrays in a folder, and the settings."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from dcgan_inpainting.common.errors import DamagedError
from dcgan_inpainting.common.files import read_json, write_text, writing
from dcgan_inpainting.common.images import Images, load_array
from dcgan_inpainting.inpaint.params import SHARING, InpaintParams

ARRAYS = ("composite", "raw", "z", "trace", "frames")
SEVERAL = ("candidates", "objectives")  # beside those, where an image has several answers
SETTINGS = "settings.json"
KEPT = 8  # images of a kind of mask whose frames are kept


@dataclass(frozen=True)
class Restoration:
    """What the search found for N images, K answers to each."""

    composite: Images  # the answer: the damaged images with their holes filled, uint8, N×H×W×3
    raw: Images  # what was generated for the best candidate, uint8, N×H×W×3
    z: NDArray[np.float32]  # of the best candidate, N×latent_dim
    trace: NDArray[np.float32]  # of the best candidate the objective at each step, (steps+1)×N
    candidates: Images  # the filled images, those of a lower objective first, uint8, N×K×H×W×3
    objectives: NDArray[np.float32]  # of the candidates, N×K
    frames: Images  # of the first M best candidates, on their way, uint8, frames×M×H×W×3

    @classmethod
    def joined(cls, parts: Sequence["Restoration"]) -> "Restoration":
        """Return the restorations of several batches as one."""
        axes = {"trace": 1, "frames": 1}
        return cls(
            **{
                field.name: np.concatenate(
                    [getattr(part, field.name) for part in parts], axis=axes.get(field.name, 0)
                )
                for field in fields(cls)
            }
        )


def mean_answer(candidates: Images) -> Images:
    """Return the mean of each image's K answers (uint8, N×K×H×W×3), uint8, N×H×W×3."""
    return np.rint(candidates.mean(1)).astype(np.uint8)


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
