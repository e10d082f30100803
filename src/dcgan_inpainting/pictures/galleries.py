"""Pictures of faces in columns, with the columns' names above them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from dcgan_inpainting.common.images import Images, columns_of, save_png


def gallery(columns: Mapping[str, Images], rows: int, path: Path) -> None:
    """Write a picture with a column for each set of images, its name above it.

    Args:
        columns: sets of images by name, each uint8, N×H×W×3.
        rows: how many images of each set, from the first.
        path: the PNG to write.
    """
    sets = [images[:rows] for images in columns.values()]
    scale = max(1, 128 // sets[0].shape[1])
    tiles = Image.fromarray(columns_of(sets, scale=scale))
    width = tiles.width / len(sets)
    picture = Image.new("RGB", (tiles.width, tiles.height + 20), "white")
    picture.paste(tiles, (0, 20))
    draw = ImageDraw.Draw(picture)
    for place, name in enumerate(columns):
        draw.text(((place + 0.5) * width, 10), name, fill="black", anchor="mm", font_size=13)
    save_png(np.asarray(picture), path)
