"""Images and masks as arrays, in files too, and grids of images as pictures.

Images are uint8, N×H×W×3, 0…255. A mask is an array called `known`, boolean, N×H×W: True where the
image is known, False in its hole.
"""

import io
import math
import tokenize
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dcgan_inpainting.common.errors import DamagedError
from dcgan_inpainting.common.files import writing

Images = NDArray[np.uint8]
Known = NDArray[np.bool_]

# What restores: damaged images and masks in, the images with their holes filled out. Known pixels
# are unchanged, and what stands in a hole counts nothing. Baselines are methods, and the search is.
Method = Callable[[Images, Known], Images]

# What NumPy raises for a file whose head it can't read.
_HEAD_ERRORS = (
    ValueError,
    EOFError,
    SyntaxError,
    TypeError,
    OverflowError,
    RecursionError,
    tokenize.TokenError,
)


def load_images(path: Path, *, side: int | None = None) -> Images:
    """Map a stage's .npy file of images into memory: uint8, N×S×S×3, N at least 1.

    Args:
        path: the file; it must not change while the images are used.
        side: what S must be; None = any.

    Raises:
        DamagedError: the file is missing, damaged, or holds anything else.
    """
    images = load_array(path)
    square = images.ndim == 4 and images.shape[1] == images.shape[2]
    if images.dtype != np.uint8 or not square or images.shape[3] != 3 or len(images) == 0:
        raise DamagedError(path, f"holds no images but {_described(images)}")
    if side not in (None, images.shape[1]):
        found = f"{images.shape[1]}×{images.shape[2]} pixels"
        raise DamagedError(path, f"holds images of {found}, where {side}×{side} are needed")
    return images


def load_masks(path: Path, images: Images) -> Known:
    """Read a stage's .npy file of masks for the first of `images`: boolean, N×H×W.

    Raises:
        DamagedError: the file is missing, damaged, or holds anything else, also masks of another
            size than the images, or more of them.
    """
    known = load_array(path)
    if known.dtype != np.bool_ or known.ndim != 3 or len(known) == 0:
        raise DamagedError(path, f"holds no masks but {_described(known)}")
    if known.shape[1:] != images.shape[1:3] or len(known) > len(images):
        found, needed = ("×".join(map(str, shape)) for shape in (known.shape, images.shape[:3]))
        raise DamagedError(path, f"holds masks ({found}) that don't fit the images ({needed})")
    return np.array(known)


def load_array(path: Path) -> NDArray[Any]:
    """Return an array of any kind, memory-mapped.

    Raises:
        DamagedError: the file is missing, or holds no array, or not all of it.
    """
    if not path.is_file():
        raise DamagedError(path, "is missing")
    try:
        # Never a pickle, which could run anything. NumPy warns of types that a damaged head names.
        with warnings.catch_warnings(action="ignore"):
            array = np.lib.format.open_memmap(path, mode="r")
    except _HEAD_ERRORS as error:
        raise DamagedError(path, f"is no array of NumPy's, or damaged ({error})") from None
    if array.offset + array.nbytes != path.stat().st_size:
        raise DamagedError(path, "is damaged: its size is not what its head says")
    return array


def _described(array: NDArray[Any]) -> str:
    return f"an array of {array.dtype}, {'×'.join(map(str, array.shape)) or 'a single one'}"


def grid(images: Images, columns: int | None = None, *, gap: int = 2, scale: int = 1) -> Images:
    """Return images (uint8, N×H×W×3) as one picture (uint8, rows×columns tiles), row by row.

    Args:
        images: the tiles.
        columns: tiles in a row; by default as many as make the picture about square.
        gap: white pixels around each tile.
        scale: whole factor by which each pixel is enlarged.

    Raises:
        ValueError: there are no images.
    """
    if len(images) == 0:
        raise ValueError("a grid needs at least one image")
    columns = columns or math.ceil(math.sqrt(len(images)))
    rows = math.ceil(len(images) / columns)
    tiles = images.repeat(scale, axis=1).repeat(scale, axis=2)
    height, width = tiles.shape[1] + gap, tiles.shape[2] + gap
    picture = np.full((rows * height + gap, columns * width + gap, 3), 255, np.uint8)
    for index, tile in enumerate(tiles):
        top, left = gap + index // columns * height, gap + index % columns * width
        picture[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    return picture


def columns_of(sets: Sequence[Images], **options: int) -> Images:
    """Return a picture with one row for each image and one column for each of the sets."""
    rows = np.stack(sets, axis=1)
    return grid(rows.reshape(-1, *rows.shape[2:]), columns=len(sets), **options)


def save_png(picture: Images, path: Path) -> None:
    """Write a picture (uint8, H×W×3) as a PNG without metadata: equal pictures, equal files."""
    with writing(path):
        path.write_bytes(png(picture))


def png(picture: Images) -> bytes:
    """Return a picture (uint8, H×W×3) as save_png writes it."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG")
    return buffer.getvalue()
