"""Which photographs are restored, by which masks, and what is written where."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.images import save_png
from dcgan_inpainting.restore.colours import Colours
from dcgan_inpainting.restore.hole import ALPHA, COLOUR
from dcgan_inpainting.restore.photograph import (
    SUFFIXES,
    Photograph,
    as_picture,
    write_photograph,
)

# PyTorch takes seconds to import, and a file that is not there is named before.
if TYPE_CHECKING:
    from dcgan_inpainting.restore.photo import Restored

PNG = ".png"
COMPARED = 1000  # pixels, the most rows that a comparison has
GREY = 128  # its holes


@dataclass(frozen=True)
class Job:
    """One photograph to restore."""

    photograph: Path
    mask: str | Path  # as read_hole takes it
    output: Path  # the file to write; of several candidates it gives the name
    compared: Path | None = None  # the picture of before and after to write

    def outputs(self, candidates: int) -> list[Path]:
        """Return the files of so many candidates: NAME.1.png and so on, if there are several."""
        if candidates == 1:
            return [self.output]
        numbers = range(1, candidates + 1)
        stem, suffix = self.output.stem, self.output.suffix
        return [self.output.with_name(f"{stem}.{number}{suffix}") for number in numbers]

    def refuse_to_overwrite(self, candidates: int) -> None:
        """Raise a UserError where a file is there already."""
        for path in (*self.outputs(candidates), self.compared):
            if path is not None and path.exists():
                raise UserError(f"{path} is there already; --overwrite replaces it")


def jobs(image: Path, mask: str, output: Path, *, png: bool, compare: bool) -> list[Job]:
    """Return what there is to do.

    Args:
        image: a photograph, or a folder of them.
        mask: a word or a colour (see read_hole), one file for all, or a folder with a mask of each
            photograph's name, whatever its ending.
        output: the folder to write to; the names are those of the photographs.
        png: whether all are written as PNG: NAME.jpg becomes NAME.jpg.png.
        compare: whether photo.jpg.compare.png shows each before and after.

    Raises:
        UserError: there is no such photograph or mask, or a photograph, a mask or another result
            would be replaced.
    """
    photographs = [image]
    if image.is_dir():
        files = sorted(image.iterdir())
        photographs = [path for path in files if path.suffix.lower() in SUFFIXES and _seen(path)]
        if not photographs:
            raise UserError(f"{image} holds no photograph ({', '.join(SUFFIXES)})")
    elif not image.exists():
        raise UserError(f"{image} is no file")
    if not (_in_photograph(mask) or Path(mask).exists()):
        raise UserError(f"there is no mask {mask}")
    if output.resolve() == photographs[0].parent.resolve():
        raise UserError(f"--output {output} is where the photographs are: name another folder")
    if output.is_file():
        raise UserError(f"--output {output} is a file: name a folder")
    found = []
    for path in photographs:
        name = f"{path.name}{PNG}" if png and path.suffix.lower() != PNG else path.name
        compared = output / f"{path.name}.compare.png" if compare else None
        found.append(Job(path, _mask_of(path, mask), output / name, compared))
    _refuse_clashes(found)
    return found


def _refuse_clashes(found: Sequence[Job]) -> None:
    """Refuse what would replace a mask or another result, and a photograph as its own mask."""
    masks = {job.mask.resolve() for job in found if isinstance(job.mask, Path)}
    written: dict[Path, Job] = {}
    for job in found:
        output = job.output.resolve()
        if isinstance(job.mask, Path) and job.mask.resolve() == job.photograph.resolve():
            raise UserError(f"{job.mask} is the photograph itself: name its mask")
        if output in masks:
            raise UserError(f"{job.output} is a mask: name another folder with --output")
        if output in written:
            both = f"{written[output].photograph} and {job.photograph}"
            raise UserError(f"{both} would both become {job.output}: rename one of them")
        written[output] = job


def _seen(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".")


def _in_photograph(mask: str) -> bool:
    return mask == ALPHA or COLOUR.fullmatch(mask) is not None


def _mask_of(photograph: Path, mask: str) -> str | Path:
    if _in_photograph(mask):
        return mask
    if not Path(mask).is_dir():
        return Path(mask)
    stem = photograph.stem
    named = [path for path in sorted(Path(mask).iterdir()) if path.stem == stem and _seen(path)]
    # Of a.jpg's and a.png's masks, each has its own; else a PNG goes before a lossy format.
    named.sort(key=lambda path: (path.name != photograph.name, path.suffix.lower() != PNG))
    return named[0] if named else Path(mask, f"{stem}{PNG}")


def write(job: Job, restored: "Restored") -> list[Path]:
    """Write the candidates, and a comparison where the job has one; return the files."""
    names = job.outputs(len(restored.photographs))
    for path, photograph in zip(names, restored.photographs, strict=True):
        write_photograph(as_named(photograph, path), path)
    if job.compared is None:
        return names
    save_png(_comparison(restored), job.compared)
    return [*names, job.compared]


def as_named(photograph: Photograph, name: Path) -> Photograph:
    """Return a photograph as it is written under a name: in its own format, or as NAME.png says."""
    return as_png(photograph) if name.suffix.lower() == PNG else photograph


def as_png(photograph: Photograph) -> Photograph:
    """Return a photograph that is written as PNG."""
    rest = {name: value for name, value in photograph.rest.items() if name in ("dpi", "pnginfo")}
    return replace(photograph, format="PNG", rest=rest)


def _comparison(restored: "Restored") -> NDArray[np.uint8]:
    """Return the photograph without its hole, and each candidate, beside each other in sRGB."""
    after = [photograph.eight_bits for photograph in restored.photographs]
    before = np.where(restored.hole[..., None], np.uint8(GREY), after[0])
    height, width = restored.hole.shape
    small = min(1.0, COMPARED / height)
    size = (max(1, round(width * small)), max(1, round(height * small)))
    colours = Colours(restored.photographs[0].profile, before.shape[2], 255)
    shown = []
    for picture in (before, *after):
        resized = as_picture(picture).resize(size, Image.Resampling.BOX)
        levels = np.asarray(resized, np.float64).reshape(size[1], size[0], -1)
        shown.append(colours.to_srgb(levels))
    return np.concatenate(shown, axis=1)
