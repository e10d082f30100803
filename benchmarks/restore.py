"""How well faces in larger pictures are found and restored: `python -m benchmarks.restore`.

Faces whose place is known are put into pictures of smooth colours with grain, from 100 to 300 px
wide and turned by up to 15°, and damaged. The first table says how far the networks' frame is off,
the second how near the hole comes to what was there. Nothing is written.
"""

import argparse
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_dilation
from skimage.metrics import structural_similarity
from skimage.restoration import inpaint_biharmonic
from tqdm import tqdm

from dcgan_inpainting.common.decoding import decode
from dcgan_inpainting.download.drawn_faces.draw import draw_face
from dcgan_inpainting.process.command_line import reporting
from dcgan_inpainting.restore.colours import Colours
from dcgan_inpainting.restore.face import find_frames
from dcgan_inpainting.restore.frame import EYES_AND_MOUTH, Floats, Frame, reduce, stretch
from dcgan_inpainting.restore.hole import Hole
from dcgan_inpainting.restore.model import Model
from dcgan_inpainting.restore.paste import paste
from dcgan_inpainting.restore.refine import refined

Picture = NDArray[np.uint8]

SIDE = 64
WIDTHS, TILT = (100.0, 300.0), 15.0  # pixels, degrees
GRAIN = 4.0  # its deviation, in levels
OF_WIDTH = 108 / 178  # of an aligned face's width, what the pipeline cuts out of its middle

# Where a hole is, by the frame's columns and rows.
HOLES: Mapping[str, Callable[[Floats, Floats], Hole]] = {
    "centre": lambda x, y: (np.abs(x - 31.5) < 16) & (np.abs(y - 31.5) < 16),
    "mouth": lambda x, y: (np.abs(x - 31.5) < 14) & (np.abs(y - 57) < 7),
    "scratch": lambda x, y: (np.abs(x - 31.5 - 0.4 * (y - 31.5)) < 1.5) & (np.abs(y - 31.5) < 40),
}


def faces(archive: Path | None, count: int) -> Iterator[Picture]:
    """Yield aligned faces: drawn ones that no model was trained on, or the last of a CelebA zip."""
    if archive is None:
        yield from (draw_face(index, 10**6) for index in range(count))
        return
    with ZipFile(archive) as file:
        names = sorted(name for name in file.namelist() if name.endswith(".jpg"))
        yield from (decode(file.read(name)) for name in names[-count:])


def picture_of(face: Picture, rng: np.random.Generator) -> tuple[Picture, Frame]:
    """Return a face in a larger picture, and its frame there."""
    width, angle = float(rng.uniform(*WIDTHS)), math.radians(rng.uniform(-TILT, TILT))
    size = (round(2.4 * width), round(2.2 * width))
    shift = complex(*rng.uniform(-0.1, 0.1, 2)) * width
    frame = Frame.about(complex(*size) / 2 - 0.5 - 0.5j + shift, width, SIDE, angle=angle)
    small = rng.integers(50, 200, (4, 4, 3), dtype=np.uint8)
    ground = Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)
    height, across = face.shape[:2]
    into = OF_WIDTH * across / SIDE / frame.turn
    start = complex(across // 2, height // 2) - into * (frame.centre + 0.5 + 0.5j)
    matrix = (into.real, -into.imag, start.real, into.imag, into.real, start.imag)
    options = (Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
    inner = Image.new("L", (across, height))
    inner.paste(255, (2, 2, across - 2, height - 2))
    ground.paste(
        Image.fromarray(face).transform(size, *options), (0, 0), inner.transform(size, *options)
    )
    grain = rng.normal(0, GRAIN, (size[1], size[0], 1))
    return np.rint(np.asarray(ground) + grain).clip(0, 255).astype(np.uint8), frame


def off(found: Frame, frame: Frame) -> float:
    """Return how far eyes and mouth are off on average, in pixels of the frame."""
    places = np.array(EYES_AND_MOUTH)
    apart = found.turn * places + found.origin - frame.turn * places - frame.origin
    return float(np.abs(apart).mean() / frame.scale)


def answers(
    picture: Picture,
    hole: Hole,
    frame: Frame,
    found: Frame,
    nearer: Frame,
    model: Model,
    method: str | None,
) -> Iterator[tuple[str, Picture]]:
    """Yield each way to fill the hole, and the picture that it makes."""
    damaged = np.where(hole[..., None], np.uint8(0), picture)
    for name, place in (("", nearer), (", not refined", found), (", frame known", frame)):
        square, known = reduce(damaged, ~hole, place)
        seen = np.rint(square).astype(np.uint8)[None]
        filled = model.fill(seen, known[None], method=method)[0, 0]
        small = [(place, np.where(known[..., None], square, filled))]
        yield f"ours{name}", np.asarray(paste(damaged, hole, small, seed=0), np.uint8)
        if not name:
            smooth = paste(damaged, hole, small, seed=0, grain=False)
            yield "ours, no grain", np.asarray(smooth, np.uint8)
            row, column = np.nonzero(hole)
            plain = damaged.copy()
            levels = stretch(filled.astype(float), place, column.astype(float), row.astype(float))
            plain[hole] = np.rint(levels).clip(0, 255)
            yield "plain paste", plain
    smooth = inpaint_biharmonic(damaged, hole, channel_axis=2)
    yield "biharmonic", np.rint(255 * smooth).clip(0, 255).astype(np.uint8)


def quality(made: Picture, truth: Picture, hole: Hole) -> tuple[float, float, float]:
    """Return PSNR and SSIM in the hole, and how steep its edge is against the truth's."""
    wrong = (made.astype(float) - truth)[hole]
    psnr = 10 * math.log10(255**2 / float((wrong**2).mean()))
    _, ssim = structural_similarity(
        truth, made, channel_axis=2, gaussian_weights=True, sigma=1.5, full=True
    )
    return psnr, float(ssim[hole].mean()), steepness(made, hole) / steepness(truth, hole)


def steepness(picture: Picture, hole: Hole) -> float:
    """Return the mean difference between neighbours of which one is in the hole."""
    steps = [np.abs(np.diff(picture.astype(float), axis=axis)) for axis in (0, 1)]
    across = [np.diff(hole, axis=axis) for axis in (0, 1)]
    return float(
        np.mean(np.concatenate([step[edge] for step, edge in zip(steps, across, strict=True)]))
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=Path("models"))
    parser.add_argument("--celeba", type=Path, help="a zip of aligned faces; default: drawn ones")
    parser.add_argument("--images", type=int, default=50)
    parser.add_argument("--method", help="as in `dcgan-inpainting restore`")
    options = parser.parse_args()
    model = Model.load(options.model)
    rng = np.random.default_rng(0)
    frames: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    figures: dict[tuple[str, str], list[tuple[float, float, float]]] = defaultdict(list)
    for face in tqdm(faces(options.celeba, options.images), total=options.images):
        picture, frame = picture_of(face, rng)
        rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(float)
        for kind, inside in HOLES.items():
            hole = binary_dilation(inside(*frame.inside(columns, rows)))
            seen = find_frames(picture, hole, SIDE)
            found = min(seen, key=lambda one: off(one, frame), default=None)
            if found is None:
                continue
            nearer = refined(found, picture, hole, Colours(None, 3, 255), model.encoder)
            for name, one in (("found", found), ("refined", nearer)):
                frames[kind, name].append((off(one, frame), abs(one.angle - frame.angle)))
            for name, made in answers(picture, hole, frame, found, nearer, model, options.method):
                figures[kind, name].append(quality(made, picture, hole))
    for (kind, name), errors in frames.items():
        pixels, degrees = np.mean(errors, 0)
        share = f"{len(errors)} of {options.images}"
        print(f"{kind:8} {name:8} {share}, {pixels:.1f} px and {degrees:.1f}° off")
    print(f"\n{'hole':8} {'':20} {'PSNR [dB]':>12} {'SSIM':>14} {'edge':>12}")
    for (kind, name), values in figures.items():
        mean, error = np.mean(values, 0), 1.96 * np.std(values, 0) / math.sqrt(len(values))
        cells = [f"{m:.{d}f} ± {e:.{d}f}" for m, e, d in zip(mean, error, (2, 3, 2), strict=True)]
        print(f"{kind:8} {name:20} {cells[0]:>12} {cells[1]:>14} {cells[2]:>12}")


if __name__ == "__main__":
    with reporting("restore"):
        main()
