"""A damaged photograph in, the restored one out: what the command `restore` does for each file."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from scipy.ndimage import binary_propagation

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.images import Images, Known
from dcgan_inpainting.restore.choices import SEEDS
from dcgan_inpainting.restore.colours import Colours
from dcgan_inpainting.restore.face import HINT, Box, NoFaceError, find_frames, frame_of
from dcgan_inpainting.restore.frame import Frame, reduce
from dcgan_inpainting.restore.hole import ALPHA, Hole, read_hole
from dcgan_inpainting.restore.model import Model
from dcgan_inpainting.restore.paste import paste
from dcgan_inpainting.restore.photograph import Photograph, read_photograph
from dcgan_inpainting.restore.refine import refined

Which = Literal["all", "largest"] | int  # a number counts the faces from the left, from 1 on
OnStep = Callable[[tuple[Frame, ...], float, Images], object]

UNUSUAL = 30  # degrees: a face that is found turned further may be a mistake
WIDEST = 4  # times the photograph's longer side: a frame wider than that is a slip


@dataclass(frozen=True)
class Restored:
    """A restored photograph: one for each candidate, the likeliest first."""

    photographs: tuple[Photograph, ...]
    hole: Hole  # H×W: nothing else has changed
    frames: tuple[Frame, ...]  # of the faces that were restored
    outside: float  # share of the hole that lies in none of them
    notes: tuple[str, ...]  # what its user should know


@dataclass(frozen=True)
class Place:
    """Where the face is, if not found by itself; at most one of these."""

    eyes: tuple[complex, ...] | None = None  # left and right in the picture, and perhaps the mouth
    box: Box | None = None  # left, top, width, height
    aligned: bool = False  # the largest square in the photograph's middle is the networks' frame


def restore_photo(
    photograph: Photograph | Path | str,
    mask: Hole | Path | str,
    model: Model,
    *,
    place: Place | None = None,
    face: Which = "all",
    invert: bool = False,
    method: str | None = None,
    candidates: int = 1,
    seed: int | None = None,
    on_step: OnStep | None = None,
) -> Restored:
    """Restore the faces of a photograph where they are missing.

    Args:
        photograph: or its file.
        mask: the hole, or what read_hole takes for it.
        model: the trained networks.
        place: where the face is; None = found by itself.
        face: which of those that are found: each that the hole touches, the largest, or one by its
            number.
        invert: what the mask keeps is missing, and the other way round.
        method, candidates, seed: see Model.fill.
        on_step: as Model.fill's, but with the faces' frames before the share.

    Raises:
        UserError: a file is bad, no face is found, or the hole lies beside it.
    """
    if seed is not None and not 0 <= seed < SEEDS:
        raise UserError(f"the seed is {seed}; it must be 0 to {SEEDS - 1}")
    if not isinstance(photograph, Photograph):
        photograph = read_photograph(Path(photograph))
    hole = _hole(mask, photograph, invert)
    photograph = _opaque(photograph, hole, soft=str(mask) == ALPHA)
    pixels = photograph.pixels
    colours = Colours(photograph.profile, pixels.shape[2], photograph.top)
    place = place or Place()
    frames, outside = _touched(hole, _frames(photograph, hole, model, place, face))
    if not (place.eyes or place.aligned):
        near = [refined(frame, pixels, hole, colours, model.encoder) for frame in frames]
        frames, outside = _touched(hole, near)
    squares = [reduce(pixels, ~hole, frame) for frame in frames]
    known = np.stack([whole for _, whole in squares])
    seen = np.stack([colours.to_srgb(square) for square, _ in squares])
    told = partial(on_step, tuple(frames)) if on_step else None
    filled = model.fill(seen, known, method=method, candidates=candidates, seed=seed, on_step=told)
    answers = []
    for candidate in range(candidates):
        there = [
            (frame, np.where(whole[..., None], square, colours.from_srgb(answers_of[candidate])))
            for frame, (square, whole), answers_of in zip(frames, squares, filled, strict=True)
        ]
        answers.append(replace(photograph, pixels=paste(pixels, hole, there, seed=seed or 0)))
    notes = (*photograph.notes, *_doubts(known, frames, place))
    return Restored(tuple(answers), hole, tuple(frames), outside, notes)


def _hole(mask: Hole | Path | str, photograph: Photograph, invert: bool) -> Hole:
    if not isinstance(mask, np.ndarray):
        return read_hole(mask, photograph, invert=invert)
    if mask.shape != photograph.shape:
        raise UserError(f"the hole has the shape {mask.shape}, the photograph {photograph.shape}")
    return ~mask if invert else mask


def _opaque(photograph: Photograph, hole: Hole, *, soft: bool) -> Photograph:
    """Return a photograph whose hole is not transparent, nor its soft edge if there is one."""
    if photograph.alpha is None:
        return photograph
    if soft:  # what hangs together with the hole and is thinner than the photograph elsewhere
        through = hole | (photograph.alpha < photograph.alpha.max())
        hole = binary_propagation(hole, np.ones((3, 3), bool), mask=through)
    opaque = photograph.alpha.dtype.type(photograph.top)
    return replace(photograph, alpha=np.where(hole, opaque, photograph.alpha))


def _doubts(known: Known, frames: Sequence[Frame], place: Place) -> Iterator[str]:
    if not known.any(axis=(1, 2)).all():
        yield "nothing of the face is known: what fills it is any face"
    turned = max((frame.angle for frame in frames), key=abs)
    if place == Place() and abs(turned) > UNUSUAL:
        yield f"a face is taken to be turned by {turned:.0f}°; if it is not, {HINT}"


def _frames(
    photograph: Photograph, hole: Hole, model: Model, place: Place, face: Which
) -> list[Frame]:
    """Return the frames of the faces that are asked for."""
    named = _named(photograph, model, place)
    if named is not None:
        return [named]
    frames = find_frames(photograph.eight_bits, hole, model.side)
    if not frames:
        inverted = ", or is the mask inverted (--invert)?" if hole.mean() > 0.5 else ""
        raise NoFaceError("no face is found", f"{HINT}{inverted}")
    if face == "all":
        return frames
    if face == "largest":
        return [max(frames, key=lambda frame: frame.scale)]
    if not 1 <= face <= len(frames):
        raise UserError(f"there is no face {face}: {len(frames)} found, counted from the left")
    return [frames[face - 1]]


def _named(photograph: Photograph, model: Model, place: Place) -> Frame | None:
    """Return the frame of the face whose place is told, if one is."""
    height, width = photograph.shape
    if place.aligned:
        middle = complex(width - 1, height - 1) / 2
        return Frame.about(middle, min(width, height), model.side)
    if place.eyes:
        try:
            frame = Frame.through(place.eyes, model.side)
        except ValueError as error:
            raise UserError(f"--eyes: {error}") from None
    elif place.box:
        frame = frame_of(place.box, model.side)
    else:
        return None
    if frame.width > WIDEST * max(height, width):
        raise UserError(
            f"the face would be {frame.width:.0f} px wide in a photograph of {width}×{height}: "
            "look at the numbers of --eyes or --box"
        )
    return frame


def _touched(hole: Hole, frames: Sequence[Frame]) -> tuple[list[Frame], float]:
    """Return the frames that the hole touches, that with most of it last, and what it has beside.

    Raises:
        UserError: it touches none.
    """
    row, column = np.nonzero(hole)
    covered = [frame.to_border(column.astype(float), row.astype(float)) >= 0 for frame in frames]
    touched = sorted(
        (index for index in range(len(frames)) if covered[index].any()),
        key=lambda index: int(covered[index].sum()),
    )
    if not touched:
        raise NoFaceError("the hole lies beside the face", f"if it hides one, {HINT}")
    beside = 1 - np.logical_or.reduce(covered).mean()
    return [frames[index] for index in touched], float(beside)
