"""What the model in MLflow takes: images and masks, checked as a stranger's request must be.

MLflow's own check would come too late: its server first casts JSON to the signature's type, by
which 0.5 becomes 0 and "7" becomes 7.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.images import Images, Known

IMAGES_A_REQUEST = 64  # over HTTP: MLflow's server gives up on a request after a minute

# What an array of the wrong type holds, by numpy's letter for the kind of type.
_HOLDS = {"b": "true and false", "f": "floating-point numbers", "O": "mixed values", "U": "text"}


def read_input(given: Any, side: int) -> tuple[Images, Known]:
    """Return the images and the masks that a model is given.

    Args:
        given: two tensors by name, as arrays or, as they come over HTTP, as nested lists:
            image: uint8, N×side×side×3, 0…255.
            mask: uint8, N×side×side; 0 = known, anything else (255, a PNG's white) = missing.
            Or a table of N rows with these columns, as it comes from Spark: a cell holds the
            numbers of one image or mask in C order, as bytes or as a flat array of integers.
        side: of the model's images, in pixels.

    Returns:
        The images, and `known`: boolean, N×side×side, True = known.

    Raises:
        UserError: a tensor is missing, not known, or of a wrong shape or type; there are more than
            IMAGES_A_REQUEST images, and they are lists; a mask has no hole, or nothing but a hole.
            A row's number counts from 0 in what is given: from Spark, in one of its batches.
    """
    shapes = {"image": (side, side, 3), "mask": (side, side)}
    if not isinstance(given, Mapping | pd.DataFrame):
        actual = type(given).__name__
        raise UserError(f'the input must be {{"image": …, "mask": …}}, not of type {actual}')
    for name in shapes:
        if name not in given:
            raise UserError(f"'{name}' is missing")
    for unknown in given:
        if unknown not in shapes:
            raise UserError(f"'{unknown}' is not an input; known: {', '.join(shapes)}")
    read = _read_column if isinstance(given, pd.DataFrame) else _read_tensor
    images, masks = (read(name, given[name], shape) for name, shape in shapes.items())
    if len(images) != len(masks):
        raise UserError(f"{len(masks)} masks for {len(images)} images; each needs one")
    known = masks == 0
    for index, mask in enumerate(known):
        if mask.all():
            raise UserError(f"mask {index} has no hole: it is 0 everywhere")
        if not mask.any():
            raise UserError(f"mask {index} leaves no pixel known: it is 0 nowhere")
    return images, known


def _read_tensor(name: str, value: Any, shape: tuple[int, ...]) -> Images:
    """Return a tensor as uint8, N×shape, N at least 1; lists may hold any integers of 0…255."""
    is_list = isinstance(value, list)
    if is_list and len(value) > IMAGES_A_REQUEST:
        raise UserError(f"{name} holds {len(value)}; a request takes {IMAGES_A_REQUEST} at most")
    needed = "×".join(map(str, ("N", *shape)))
    try:
        array = np.asarray(value)
    except ValueError:
        raise UserError(f"{name} has lists of unequal length; it must be {needed}") from None
    if array.ndim != len(shape) + 1 or array.shape[1:] != shape or len(array) == 0:
        actual = "×".join(map(str, array.shape)) or "no list"
        raise UserError(f"{name} is {actual}; it must be {needed}, N at least 1")
    return _levels(name, array, any_width=is_list)


def _read_column(name: str, column: Iterable[Any], shape: tuple[int, ...]) -> Images:
    """Return a table's column as uint8, N×shape, N at least 1."""
    size = math.prod(shape)
    rows = [np.frombuffer(cell, np.uint8) if isinstance(cell, bytes) else cell for cell in column]
    if not rows:
        raise UserError(f"{name} has no rows; it must have at least one")
    for index, row in enumerate(rows):
        if not isinstance(row, np.ndarray) or row.shape != (size,):
            actual = "×".join(map(str, row.shape)) if isinstance(row, np.ndarray) else repr(row)
            needed = "×".join(map(str, shape))
            raise UserError(
                f"{name} of row {index} is {actual:.40}; it must be {size} numbers "
                f"({needed}, flat), as bytes or as an array of integers"
            )
    return _levels(name, np.stack(rows).reshape(-1, *shape), any_width=True)


def _levels(name: str, array: NDArray[Any], *, any_width: bool) -> Images:
    """Return an array as uint8; with `any_width` it may hold other integers, if all fit."""
    holds = _HOLDS.get(array.dtype.kind, array.dtype.name)
    if any_width and array.dtype.kind in "iu":
        outside = array[(array < 0) | (array > 255)]
        if outside.size == 0:
            return array.astype(np.uint8, copy=False)
        holds = str(outside[0])
    if array.dtype != np.uint8:
        raise UserError(f"{name} holds {holds}; it must hold whole numbers of 0…255 (uint8)")
    return array
