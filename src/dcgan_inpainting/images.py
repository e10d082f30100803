"""Images as arrays: the one pair of range conversions, and grids of images as pictures.

Stored images are uint8, N×H×W×3, 0…255. The networks see float32 tensors, N×3×H×W, −1…1. A mask
is an array called `known`, boolean, N×H×W: True where the image is known, False in its hole.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

Images = NDArray[np.uint8]
Known = NDArray[np.bool_]


def to_tensor(images: Images) -> torch.Tensor:
    """Return images (uint8, N×H×W×3, 0…255) as a float32 tensor (N×3×H×W, −1…1)."""
    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2) / 127.5 - 1


def to_uint8(tensor: torch.Tensor) -> Images:
    """Return a tensor (N×3×H×W, −1…1, any float) as images (uint8, N×H×W×3, 0…255).

    Values are rounded to the nearest level and clipped; the inverse of to_tensor on stored images.
    """
    levels = ((tensor.detach().float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(levels.permute(0, 2, 3, 1).cpu().numpy())


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
