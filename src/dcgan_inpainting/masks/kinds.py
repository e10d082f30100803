"""Masks: which pixels of an image are known (True) and which are its hole (False).

center, pattern, random and half follow Yeh et al., "Semantic Image Inpainting with Deep Generative
Models", CVPR 2017, section 4; the strokes follow Suvorov et al., "Resolution-robust Large Mask
Inpainting with Fourier Convolutions" (LaMa), WACV 2022, whose widths are given at 256 pixels.
"""

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps, UnidentifiedImageError
from pydantic import Field, field_validator

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.images import Known
from dcgan_inpainting.common.settings import Section

_LARGEST = 50_000_000  # pixels of a user's own mask
_MOSTLY_MISSING = 0.9

log = logging.getLogger(__name__)

Kind = Literal[
    "center",
    "pattern",
    "random",
    "half",
    "strokes_thin",
    "strokes_medium",
    "strokes_thick",
    "file",
]


class MasksParams(Section):
    """Section `masks` of params.yaml, where each key is described."""

    kinds: Annotated[list[Kind], Field(min_length=1)]
    split: Literal["test", "val"]
    images: Annotated[int, Field(ge=1, le=1_000_000)] | None
    folder: Path
    seed: int = Field(ge=0, lt=2**32)

    @field_validator("kinds")
    @classmethod
    def _each_once(cls, kinds: list[Kind]) -> list[Kind]:
        if len(set(kinds)) < len(kinds):
            raise ValueError("each kind may stand in the list once only")
        return kinds


def make_masks(kind: Kind, count: int, size: int, seed: int) -> Known:
    """Return one mask for each image: boolean, count×size×size, True = known.

    Each mask depends on (seed, kind, its index) only, so that more images or more kinds change no
    mask that was there before.

    Args:
        kind: any kind but "file", whose masks read_masks gives.
        count: how many.
        size: side in pixels.
        seed: any non-negative number.
    """
    number = get_args(Kind).index(kind)
    draw = _KINDS[kind]
    masks = [draw(size, np.random.default_rng([seed, number, index])) for index in range(count)]
    return np.stack(masks)


def read_masks(folder: Path, count: int, size: int) -> Known:
    """Return the user's own masks, count×size×size: the folder's PNGs by name, again and again.

    As in painting programs the hole is what is transparent; in a picture that is so nowhere, what
    is white or of a strong colour, and the rest (black, dark grey, muted colours) is known. Hidden
    files are passed over. A mask of another size is scaled to the nearest pixel; a hole that would
    be lost by that becomes the pixels that it touches.

    Raises:
        UserError: there is no PNG, one can't be read, or one has no hole or nothing but a hole.
    """
    files = sorted(
        path
        for path in folder.glob("*")
        if path.suffix.lower() == ".png" and not path.name.startswith(".")
    )
    for path in files:
        if not path.is_file():
            log.warning("%s is passed over: it is no file, or a link to none", path)
    masks = [_read_mask(path, size) for path in files if path.is_file()]
    if not masks:
        raise UserError(
            f"masks.kinds holds 'file', but there is no PNG in {folder}: put masks there "
            "(white where the image is missing), or take 'file' out of masks.kinds"
        )
    return np.stack([masks[index % len(masks)] for index in range(count)])


def _read_mask(file: Path, size: int) -> Known:
    hole = _read_hole(file)
    if not hole.any():
        raise UserError(
            f"{file} has no hole: nothing is transparent, white or of a strong colour; "
            "paint white where the image is missing"
        )
    scaled = Image.fromarray(hole).resize((size, size), Image.Resampling.NEAREST)
    known = ~np.asarray(scaled)
    if known.all():
        rows, columns = np.nonzero(hole)
        height, width = hole.shape
        known[rows * size // height, columns * size // width] = False
        log.info("the hole of %s is thin for %d px: the pixels that it touches count", file, size)
    if not known.any():
        raise UserError(
            f"{file} leaves no pixel known; paint white only where the image is missing"
        )
    missing = 1 - known.mean()
    if missing > _MOSTLY_MISSING:
        log.warning(
            "%s leaves out %.0f %% of the image; is it inverted? White or transparent is the hole",
            file,
            100 * missing,
        )
    return known


def _read_hole(file: Path) -> NDArray[np.bool_]:
    """Return where a PNG marks the hole, height×width.

    Raises:
        UserError: it can't be read, or is too large.
    """
    with file.open("rb") as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of what is too large or odd
        try:
            picture = Image.open(stream, formats=["PNG"])
            if picture.width * picture.height > _LARGEST:
                raise UserError(
                    f"{file} has {picture.width}×{picture.height} pixels; a mask may have "
                    f"{_LARGEST:,} in all"
                )
            return _hole(ImageOps.exif_transpose(picture))
        except (UserError, MemoryError):
            raise
        except UnidentifiedImageError:
            raise UserError(f"{file} can't be read as an image: it is no PNG") from None
        except Exception as error:  # whatever a damaged file makes Pillow stumble over
            reason = " ".join(str(error).split()) or type(error).__name__
            raise UserError(f"{file} can't be read as an image: {reason}") from None


def _hole(picture: Image.Image) -> NDArray[np.bool_]:
    if picture.mode.startswith("I"):  # 16 bits, which convert() would clip at 255
        return np.asarray(picture) >= 1 << 15
    pixels = np.asarray(picture.convert("RGBA"))
    transparent = pixels[..., 3] < 128
    if transparent.any():
        return transparent
    colours = pixels[..., :3]
    light = np.asarray(picture.convert("RGB").convert("L")) >= 128
    return light | (colours.max(axis=2) - colours.min(axis=2) >= 128)


def _center(size: int, _rng: np.random.Generator) -> Known:
    """A square of half the side in the middle: a quarter is missing."""
    known = np.ones((size, size), bool)
    edge = size // 4
    known[edge : size - edge, edge : size - edge] = False
    return known


def _pattern(size: int, rng: np.random.Generator) -> Known:
    """Blobs of coarse noise that cover a quarter, in the manner of Pathak et al. 2016."""
    # Cut out of a larger field: at a field's own border the interpolation has fewer cells.
    noise = Image.fromarray(rng.random((12, 12), dtype=np.float32))
    field = np.asarray(noise.resize((size * 3 // 2, size * 3 // 2), Image.Resampling.BICUBIC))
    edge = size // 4
    smooth = field[edge : edge + size, edge : edge + size]
    return smooth >= np.quantile(smooth, 0.25)


def _random(size: int, rng: np.random.Generator) -> Known:
    """Each pixel is missing with probability 0.8."""
    return rng.random((size, size)) >= 0.8


def _half(size: int, rng: np.random.Generator) -> Known:
    """The left, right, upper or lower half is missing."""
    known = np.ones((size, size), bool)
    known[:, : size // 2] = False
    return np.ascontiguousarray(np.rot90(known, int(rng.integers(4))))


@dataclass(frozen=True)
class _Strokes:
    """LaMa's brush at 256 pixels: how many strokes, of how many bends, how long and how wide."""

    strokes: tuple[int, int]
    bends: tuple[int, int]
    length: int
    width: int  # added to 5: a stroke is 5…5+width pixels wide

    def __call__(self, size: int, rng: np.random.Generator) -> Known:
        canvas = 256
        while True:
            hole = Image.new("L", (canvas, canvas), 0)
            for _ in range(rng.integers(*self.strokes, endpoint=True)):
                self._stroke(ImageDraw.Draw(hole), canvas, rng)
            coverage = np.asarray(hole.resize((size, size), Image.Resampling.BOX))
            known = coverage < 128
            if known.any() and not known.all():
                return known

    def _stroke(self, draw: ImageDraw.ImageDraw, canvas: int, rng: np.random.Generator) -> None:
        x, y = rng.integers(0, canvas, 2)
        for bend in range(rng.integers(*self.bends, endpoint=True)):
            # The brush wavers: each second segment turns back by about half a turn.
            angle = rng.uniform(0, 4.0)
            turned = 2 * np.pi - angle if bend % 2 == 0 else angle
            length = 10 + rng.integers(self.length)
            width = 5 + rng.integers(self.width)
            end_x = np.clip(round(x + length * np.sin(turned)), 0, canvas)
            end_y = np.clip(round(y + length * np.cos(turned)), 0, canvas)
            draw.line((x, y, end_x, end_y), fill=255, width=int(width))
            for joint in ((x, y), (end_x, end_y)):
                draw.circle((float(joint[0]), float(joint[1])), float(width) / 2, fill=255)
            x, y = end_x, end_y


_KINDS: dict[Kind, Callable[[int, np.random.Generator], Known]] = {
    "center": _center,
    "pattern": _pattern,
    "random": _random,
    "half": _half,
    "strokes_thin": _Strokes((4, 50), (1, 4), 50, 10),
    "strokes_medium": _Strokes((4, 5), (1, 5), 100, 50),
    "strokes_thick": _Strokes((1, 5), (1, 5), 200, 100),
}
