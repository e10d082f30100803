"""A square out of each image, scaled."""

import itertools
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from dcgan_inpainting.common.decoding import Pixels, UnreadableImageError, decode
from dcgan_inpainting.common.settings import Section
from dcgan_inpainting.common.zips import UnreadableMemberError, read_member

_BATCH_BYTES = 4_000_000  # squares scaled in one call


class CropParams(Section):
    """The section `crop` of params.yaml."""

    size: int | None = Field(ge=1, le=10_000)
    offset_x: int = Field(ge=-10_000, le=10_000)
    offset_y: int = Field(ge=-10_000, le=10_000)
    image_size: Literal[32, 64, 128]
    max_pixels: int = Field(ge=1000, le=10_000_000_000)
    max_unreadable: float = Field(ge=0, le=1)


class Unreadable(NamedTuple):
    """An image that gave no crop, why, and the largest square it has at the offset.

    `fits` is 0 where the offset leaves the image, None where it is not known.
    """

    file: str
    reason: str
    fits: int | None = None


class Crops(NamedTuple):
    """What became of a run of images: their names and crops (uint8, N×S×S×3), and the failures."""

    files: list[str]
    images: NDArray[np.uint8]
    unreadable: list[Unreadable]


class SquareDoesNotFitError(ValueError):
    """The square reaches outside the image; `fits` is the largest that does not (0: none)."""

    def __init__(self, message: str, fits: int) -> None:
        super().__init__(message)
        self.fits = fits


def cut_square(image: Pixels, size: int | None, offset_x: int = 0, offset_y: int = 0) -> Pixels:
    """Return a square of an image (uint8, height×width×3) as a view, not a copy.

    Args:
        image: the image.
        size: the square's side in pixels; None = the largest that fits.
        offset_x: pixels that the square's centre lies right of the image's centre.
        offset_y: pixels that it lies below it. Half pixels are rounded up and left.

    Raises:
        SquareDoesNotFitError: part of the square would lie outside the image.
    """
    height, width = image.shape[:2]
    fits = max(0, min(width - 2 * abs(offset_x), height - 2 * abs(offset_y)))
    side = fits if size is None else size
    left, top = (width - side) // 2 + offset_x, (height - side) // 2 + offset_y
    inside = 0 <= left <= width - side and 0 <= top <= height - side
    if fits == 0:
        reason = f"offset {offset_x}, {offset_y} lies outside of {width}×{height}"
        raise SquareDoesNotFitError(
            f"{reason}: from the centre to the border it is {width // 2}, {height // 2}", fits
        )
    if not inside:
        crop = "any crop" if size is None else f"the {size} px crop"
        place = f" at offset {offset_x}, {offset_y}" if offset_x or offset_y else ""
        raise SquareDoesNotFitError(f"{width}×{height} is too small for {crop}{place}", fits)
    return image[top : top + side, left : left + side]


def scale(squares: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return squares (uint8, N×S×S×3) scaled to side×side, bilinear with antialiasing."""
    # PyTorch takes seconds to import, and `check` asks only whether the square fits.
    import torch
    from torch.nn import functional

    tensor = torch.from_numpy(squares).permute(0, 3, 1, 2)
    scaled = functional.interpolate(tensor, (side, side), mode="bilinear", antialias=True)
    images: NDArray[np.uint8] = scaled.permute(0, 2, 3, 1).contiguous().numpy()
    return images


def crop_files(archive: zipfile.ZipFile, files: Sequence[str], params: CropParams) -> Crops:
    """Return the crops of some images of a zip, in their order, and those that gave none."""
    cropped: list[str] = []
    unreadable: list[Unreadable] = []

    def squares() -> Iterator[Pixels]:
        for file in files:
            try:
                image = decode(read_member(archive, file), params.max_pixels)
                square = cut_square(image, params.size, params.offset_x, params.offset_y)
            except SquareDoesNotFitError as error:
                unreadable.append(Unreadable(file, str(error), error.fits))
            except (UnreadableImageError, UnreadableMemberError) as error:
                unreadable.append(Unreadable(file, str(error)))
            else:
                cropped.append(file)
                yield square

    empty = np.empty((0, params.image_size, params.image_size, 3), np.uint8)
    scaled = [scale(np.stack(batch), params.image_size) for batch in _batches(squares())]
    return Crops(cropped, np.concatenate([empty, *scaled]), unreadable)


def _batches(squares: Iterable[Pixels]) -> Iterator[list[Pixels]]:
    # Scaling many of one size in a call costs a third of scaling them one by one.
    for side, same in itertools.groupby(squares, key=len):
        while batch := list(itertools.islice(same, max(1, _BATCH_BYTES // (3 * side * side)))):
            yield batch
