"""Photographs for the tests: drawn, small, of every kind that is taken."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from dcgan_inpainting.restore.photograph import Photograph, write_photograph

TITLE = "A portrait"
SHAPE = (60, 80)


def scenery(shape: tuple[int, int] = SHAPE, planes: int = 3, seed: int = 0) -> NDArray[np.float64]:
    """Return smooth colours with a little noise in 0…1, H×W×planes."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[: shape[0], : shape[1]] / max(shape)
    waves = [0.5 + 0.3 * np.sin(5 * rows + 3 * columns + phase) for phase in range(planes)]
    return np.clip(np.stack(waves, 2) + rng.normal(0, 0.02, (*shape, planes)), 0, 1)


def levels(dtype: type[np.unsignedinteger[Any]], planes: int = 3) -> NDArray[Any]:
    """Return such colours as levels of a type."""
    return np.rint(scenery(planes=planes) * np.iinfo(dtype).max).astype(dtype)


@cache  # it has the time in it
def profile() -> bytes:
    """Return an ICC profile that is none of sRGB: Lab's white is yellowish in it."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB", 5000)).tobytes()


def exif(orientation: int | None = None) -> bytes:
    """Return EXIF data with a title, a place and perhaps an orientation."""
    data = Image.Exif()
    data[0x010E] = TITLE
    data.get_ifd(0x8825)[1] = "N"
    if orientation is not None:
        data[0x0112] = orientation
    return data.tobytes()


def save(path: Path, photograph: Photograph) -> Path:
    """Write a photograph; return its file."""
    write_photograph(photograph, path)
    return path
