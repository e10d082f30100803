"""What the page asks for: to look at a photograph, and to restore one."""

import io
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.images import Images, grid, png
from dcgan_inpainting.common.settings import one_of
from dcgan_inpainting.page.line import Tell
from dcgan_inpainting.restore.choices import SEEDS, WAYS
from dcgan_inpainting.restore.colours import Colours
from dcgan_inpainting.restore.face import NoFaceError
from dcgan_inpainting.restore.files import as_named, as_png
from dcgan_inpainting.restore.frame import Frame
from dcgan_inpainting.restore.hole import decode_hole
from dcgan_inpainting.restore.model import Model
from dcgan_inpainting.restore.paste import window_of
from dcgan_inpainting.restore.photo import Place, Restored, restore_photo
from dcgan_inpainting.restore.photograph import (
    FORMATS,
    Photograph,
    decode_photograph,
    write_photograph,
)

MAX_PIXELS = 64_000_000  # what browsers draw on
CANDIDATES = 9
GLIMPSES = 24  # of a search: how often it shows what it has found
_BAND = 512  # rows whose colours are converted at once
_POINT = tuple[FiniteFloat, FiniteFloat]


class Order(BaseModel):
    """How a photograph is to be restored."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=300)  # of its file
    method: Annotated[str, one_of(WAYS)] | None = None
    candidates: int = Field(default=1, ge=1, le=CANDIDATES)
    seed: int | None = Field(default=None, ge=0, lt=SEEDS)
    eyes: tuple[_POINT, _POINT] | None = None  # in pixels of the upright photograph
    png: bool = False  # whatever the photograph's format is

    @property
    def place(self) -> Place:
        """Where the face is."""
        if self.eyes is None:
            return Place()
        eyes = sorted((complex(*eye) for eye in self.eyes), key=lambda eye: eye.real)
        return Place(eyes=tuple(eyes))


def look_at(data: bytes, name: str) -> tuple[dict[str, Any], bytes]:
    """Return what the page must know of a photograph, and how it looks: upright, in sRGB, as PNG.

    Raises:
        UserError: it can't be read, or is too large.
    """
    photograph = _decoded(data, name)
    firsts = range(0, photograph.shape[0], _BAND)
    bands = [_seen(photograph, (slice(first, first + _BAND), slice(None))) for first in firsts]
    planes = [np.concatenate(bands)]
    if photograph.alpha is not None:
        planes.append((photograph.alpha // (photograph.top // 255)).astype(np.uint8)[..., None])
    written = as_named(photograph, Path(name))
    facts = {
        "suffix": _suffix(written, name),
        "lossless": written.format != "JPEG",
        "notes": photograph.notes,
    }
    return facts, _png(np.concatenate(planes, 2))


def restore(order: Order, data: bytes, mask: bytes, model: Model, tell: Tell) -> None:
    """Restore a photograph, and tell how the search goes on.

    Args:
        order: how.
        data: the photograph's file.
        mask: a picture of its size, white where something is missing.
        model: the trained networks.
        tell: of the search's share that is done (`step`), of what it has found by then (`glimpse`:
            the faces' squares as PNG, a row each, and the candidates in it), of each `candidate`
            (the hole as PNG, and the photograph's file) and of what there is to know (`done`).

    Raises:
        UserError: as restore_photo.
        GoneError: nobody waits for it any more.
    """
    tell({"event": "begun"})
    photograph = _decoded(data, order.name)
    hole = decode_hole(mask, "the mask", photograph.shape)
    if not hole.any() or hole.all():
        raise UserError("the mask must mark a part of the photograph: paint over what is missing")
    shown = 0

    def on_step(frames: Sequence[Frame], share: float, squares: Images) -> None:
        nonlocal shown
        tell({"event": "step", "share": share})
        if share * GLIMPSES >= shown:
            shown += 1
            told = [(f.turn.real, f.turn.imag, f.origin.real, f.origin.imag) for f in frames]
            tell({"event": "glimpse", "side": model.side, "frames": told}, png(_table(squares)))

    try:
        restored = restore_photo(
            photograph,
            hole,
            model,
            place=order.place,
            method=order.method,
            candidates=order.candidates,
            seed=order.seed,
            on_step=on_step,
        )
    except NoFaceError as error:
        tell({"event": "error", "message": error.reason, "eyes": True})
        return
    _tell_result(restored, order, tell)


def _tell_result(restored: Restored, order: Order, tell: Tell) -> None:
    window = window_of(restored.hole)
    hole = restored.hole[window] * np.uint8(255)
    box = [window[1].start, window[0].start, *hole.shape[::-1]]
    for one in restored.photographs:
        patch = np.dstack([_seen(one, window), hole])
        tell({"event": "candidate", "box": box}, _png(patch), _file(one, order))
    faces = [_face(frame) for frame in restored.frames]
    notes = {"outside": restored.outside, "notes": restored.notes}
    tell({"event": "done", "faces": faces, **notes})


def _face(frame: Frame) -> dict[str, float]:
    """Return a face's square: its middle, from the photograph's corner, and how large it is."""
    middle = frame.centre + 0.5 + 0.5j  # a frame counts from the centre of the first pixel
    return {
        "x": middle.real,
        "y": middle.imag,
        "width": frame.width,
        "side": frame.side,
        "stretched": frame.scale,
    }


def _table(squares: Images) -> Images:
    return grid(squares.reshape(-1, *squares.shape[2:]), squares.shape[1], gap=0)


def _decoded(data: bytes, name: str) -> Photograph:
    photograph = decode_photograph(data, name)
    height, width = photograph.shape
    if height * width > MAX_PIXELS:
        raise UserError(
            f"{name} has {width}×{height} pixels, and the page takes {MAX_PIXELS:,} at most; "
            "`dcgan-inpainting restore` takes more"
        )
    return photograph


def _seen(photograph: Photograph, window: tuple[slice, slice]) -> Images:
    """Return a part of a photograph as it looks, in sRGB."""
    pixels = photograph.pixels[window]
    colours = Colours(photograph.profile, pixels.shape[2], photograph.top)
    return colours.to_srgb(pixels.astype(np.float64))


def _png(picture: Images) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=1)  # it goes no long way
    return buffer.getvalue()


def _suffix(photograph: Photograph, name: str) -> str:
    """Return the ending of the restored file: the photograph's own, if it has its format's."""
    suffix = Path(name).suffix
    endings = FORMATS[photograph.format]
    return suffix if suffix.lower() in endings else endings[0]


def _file(photograph: Photograph, order: Order) -> bytes:
    """Return a photograph's file, as the command `restore` writes it."""
    photograph = as_png(photograph) if order.png else as_named(photograph, Path(order.name))
    with TemporaryDirectory() as folder:
        path = Path(folder, "restored")
        write_photograph(photograph, path)
        return path.read_bytes()
