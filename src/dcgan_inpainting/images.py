"""Images and masks as arrays, and grids of images as pictures.

Images are uint8, N×H×W×3, 0…255. A mask is an array called `known`, boolean, N×H×W: True where the
image is known, False in its hole.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Images = NDArray[np.uint8]
Known = NDArray[np.bool_]


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
    Image.fromarray(picture).save(path, format="PNG")
