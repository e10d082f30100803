"""`dcgan-inpainting restore`: the damaged faces of a photograph, or of a folder of them.

docs/restore.md has every option.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcgan_inpainting.commands.chosen_model import add_option, load
from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.process.command_line import reporting
from dcgan_inpainting.restore.choices import SEEDS, WAYS

# PyTorch takes seconds to import, and whoever asks for --help has no need of it.
if TYPE_CHECKING:
    from dcgan_inpainting.restore.files import Job
    from dcgan_inpainting.restore.model import Model
    from dcgan_inpainting.restore.photo import Restored

MOST = 64  # candidates


def main(arguments: Sequence[str] | None = None) -> None:
    """Restore what the command line names; end the process as command_line says."""
    options = _parser().parse_args(arguments)
    with reporting("restore"):
        run(options)


def run(options: argparse.Namespace) -> None:
    """Restore each photograph, with a line on stdout, or on stderr why not.

    Raises:
        UserError: nothing could be begun, or some of the photographs were not restored.
    """
    from tqdm import tqdm

    from dcgan_inpainting.restore.files import jobs

    found = jobs(
        options.image, options.mask, options.output, png=options.png, compare=options.compare
    )
    model = load(options.model)
    failed = 0
    with tqdm(found, unit="photo", disable=len(found) < 2 or None) as bar:
        for job in bar:
            try:
                line = _restored(job, model, options)
            except UserError as error:
                if len(found) == 1:
                    raise
                failed += 1
                said = str(error)
                named = said if str(job.photograph) in said else f"{job.photograph}: {said}"
                bar.write(f"restore: {named}", file=sys.stderr)
            else:
                bar.write(line, file=sys.stdout)
    if failed:
        raise UserError(f"{failed} of {len(found)} photographs are not restored; see above")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dcgan-inpainting restore",
        description="Restore the damaged faces of photographs; nothing but the holes changes.",
    )
    add = parser.add_argument
    add("--image", type=Path, required=True, help="a photograph, or a folder of them")
    add(
        "--mask",
        required=True,
        help="white where something is missing: a picture of the photograph's size, or a folder "
        "with one of each photograph's name; alpha: what is transparent; '#ff00ff': what is "
        "painted in this colour",
    )
    add("--output", type=Path, required=True, help="folder to write to, under the same names")
    add_option(parser)
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--eyes",
        type=_eyes,
        metavar="X1,Y1,X2,Y2",
        help="where the pupils are, in pixels of the upright photograph (two more numbers: the "
        "mouth's middle); default: the faces are found. Before a number below 0 write --eyes=",
    )
    where.add_argument(
        "--box",
        type=_box,
        metavar="X,Y,W,H",
        help="a box around the face, forehead to chin; before a number below 0 write --box=",
    )
    where.add_argument(
        "--aligned", action="store_true", help="the whole picture is a face as the networks know it"
    )
    add(
        "--face",
        type=_face,
        default="all",
        metavar="N|largest|all",
        help="of the faces found, the Nth from the left, the largest, or each that the hole "
        "touches, which is the default",
    )
    add(
        "--candidates",
        type=_whole(1, MOST),
        default=1,
        metavar="K",
        help="several answers: NAME.1.png …",
    )
    add("--method", choices=WAYS, help="default: as the networks' settings say")
    add("--compare", action="store_true", help="also write photo.jpg.compare.png, before and after")
    add("--png", action="store_true", help="write PNG, in which no known pixel changes")
    add("--invert", action="store_true", help="black is the hole, not white")
    add("--overwrite", action="store_true", help="replace what is in the output folder")
    add("--json", action="store_true", help="a line of JSON for each photograph")
    add("--seed", type=_whole(0, SEEDS - 1), help="of the search and of the grain")
    return parser


def _numbers(text: str, *counts: int) -> list[float]:
    try:
        numbers = [float(word) for word in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in counts or not all(map(math.isfinite, numbers)):
        wanted = " or ".join(map(str, counts))
        raise argparse.ArgumentTypeError(f"{text!r} is not {wanted} numbers with commas between")
    return numbers


def _eyes(text: str) -> tuple[complex, ...]:
    numbers = _numbers(text, 4, 6)
    points = [complex(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)]
    return (*sorted(points[:2], key=lambda point: point.real), *points[2:])


def _box(text: str) -> tuple[float, ...]:
    numbers = _numbers(text, 4)
    if min(numbers[2:]) <= 0:
        raise argparse.ArgumentTypeError(f"{text!r}: width and height must be above 0")
    return tuple(numbers)


def _face(text: str) -> int | str:
    if text not in ("all", "largest") and not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number nor largest nor all")
    return int(text) if text.isdecimal() else text


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {least} to {most}")
        return int(text)

    return read


def _restored(job: "Job", model: "Model", options: argparse.Namespace) -> str:
    """Restore one photograph, write what is asked for, and return the line that tells of it."""
    from dcgan_inpainting.restore.files import write
    from dcgan_inpainting.restore.photo import Place, restore_photo

    if not options.overwrite:
        job.refuse_to_overwrite(options.candidates)
    restored = restore_photo(
        job.photograph,
        job.mask,
        model,
        place=Place(options.eyes, options.box, options.aligned),
        face=options.face,
        invert=options.invert,
        method=options.method,
        candidates=options.candidates,
        seed=options.seed,
    )
    told = _told(job, restored, write(job, restored))
    return json.dumps(told, ensure_ascii=False) if options.json else _line(told, model.side)


def _told(job: "Job", restored: "Restored", written: Sequence[Path]) -> dict[str, Any]:
    """Return what there is to tell of a photograph, of values that JSON can hold."""
    from dcgan_inpainting.restore.files import as_named

    notes = [*restored.notes]
    if as_named(restored.photographs[0], job.output).format == "JPEG":
        notes.append("JPEG: writing it again changes known pixels a little, --png would not")
    return {
        "photograph": str(job.photograph),
        "written": [str(path) for path in written],
        "faces": [
            {
                "x": round(frame.centre.real, 1),
                "y": round(frame.centre.imag, 1),
                "width": round(frame.width, 1),
                "turned": round(frame.angle, 1),
                "stretched": round(frame.scale, 2),
            }
            for frame in restored.frames
        ],
        "hole": int(restored.hole.sum()),
        "outside": round(restored.outside, 4),
        "notes": notes,
    }


def _line(told: Mapping[str, Any], side: int) -> str:
    faces = told["faces"]
    widths = " and ".join(f"{face['width']:.0f}" for face in faces)
    scales = " and ".join(f"{face['stretched']:.1f}×" for face in faces)
    said = [
        f"{'face' if len(faces) == 1 else 'faces'} {widths} px wide, {side} px stretched {scales}"
    ]
    if share := 100 * told["outside"]:
        percent = f"{min(share, 99):.0f}" if share >= 10 else f"{max(0.1, share):.2g}"
        said.append(f"{percent} % of the hole lies beside, filled smoothly")
    return f"{', '.join(told['written'])}: {'; '.join([*said, *told['notes']])}"
