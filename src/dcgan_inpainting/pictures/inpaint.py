"""What a search found, for people: faces, the way there as an animation, curves, answers."""

from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from dcgan_inpainting.common.files import write_csv, writing
from dcgan_inpainting.common.images import Images, Known, columns_of, grid, save_png
from dcgan_inpainting.inpaint.params import InpaintParams
from dcgan_inpainting.inpaint.results import KEPT, Restoration, mean_answer
from dcgan_inpainting.pictures.figures import save_figure
from dcgan_inpainting.pictures.galleries import gallery

SHOWN = 16  # faces on the sheet
CURVES = 200  # images whose objective is drawn
FRAME, LAST_FRAME = 150, 2500  # milliseconds
WIDEST_SPREAD = 64.0  # grey levels, at which the picture of the spread is brightest
HOLE = np.uint8(128)


def write_pictures(
    folder: Path, images: Images, known: Known, found: Restoration, params: InpaintParams
) -> None:
    """Write the pictures and curves of a kind of mask.

    Args:
        folder: where to.
        images: the whole images, N×H×W×3; the first ones are shown.
        known: N×H×W, True = known.
        found: what the search made of them; KEPT of them have frames, or all, if fewer.
        params: the settings, resolved.
    """
    images, known = images[:SHOWN], known[:SHOWN]
    damaged = np.where(known[..., None], images, HOLE)
    sets = [images, damaged, found.raw[:SHOWN], found.composite[:SHOWN]]
    save_png(columns_of(sets), folder / "sheet.png")
    _save_gif(list(_animation(damaged, known, found)), folder / "search.gif")
    _write_curve(found.trace, folder / "objective.csv")
    _plot_curves(found.trace, list(accumulate(params.phases))[:-1], folder / "objective.png")
    if params.candidates > 1:
        _write_candidates(damaged, found, folder / "candidates.png")


def spread(candidates: Images) -> NDArray[np.float64]:
    """Return how far several answers lie apart, pixel by pixel, N×H×W, in grey levels.

    It is the standard deviation over the K candidates of each image (uint8, N×K×H×W×3), as the
    root of the mean square of the three channels'.
    """
    return np.sqrt(candidates.astype(np.float64).var(axis=1).mean(axis=-1))


def _animation(damaged: Images, known: Known, found: Restoration) -> Iterator[Images]:
    """Yield pictures with a column for each face: damaged, generated, filled; the answer last."""
    faces = slice(found.frames.shape[1])
    damaged, known = damaged[faces], known[faces]
    if len(damaged) == 0:
        return
    generated = [*found.frames, found.raw[faces]]
    filled = [np.where(known[..., None], damaged, made) for made in found.frames]
    for above, below in zip(generated, [*filled, found.composite[faces]], strict=True):
        yield grid(np.concatenate([damaged, above, below]), columns=len(damaged))


def _save_gif(pictures: list[Images], path: Path) -> None:
    """Write pictures as an animation, all with the colours that suit them together best."""
    if not pictures:
        return
    colours = Image.fromarray(np.concatenate(pictures)).quantize(256)
    first, *others = (
        Image.fromarray(picture).quantize(palette=colours, dither=Image.Dither.NONE)
        for picture in pictures
    )
    times = [FRAME] * len(others) + [LAST_FRAME]
    with writing(path):
        first.save(path, save_all=True, append_images=others, duration=times, loop=0)


def _write_curve(trace: NDArray[np.float32], path: Path) -> None:
    curve = trace.astype(np.float64).mean(axis=1)
    rows = [(step, f"{objective:.6g}") for step, objective in enumerate(curve)]
    write_csv(path, ("step", "objective"), rows)


def _plot_curves(trace: NDArray[np.float32], freeings: list[int], path: Path) -> None:
    """Draw the objective of the first CURVES images by step, and the median of all.

    Args:
        trace: the objectives, (steps+1)×N.
        freeings: the steps after which one block's features more are free.
        path: where to.
    """
    drawn = trace[:, :CURVES]
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.plot(drawn, color="#d95f02", alpha=max(0.1, 1 / drawn.shape[1]), linewidth=0.7)
    axes.plot(np.median(trace, axis=1), color="black", label="median of all images")
    for number, step in enumerate(freeings):
        label = "features behind one block more are free" if number == 0 else None
        axes.axvline(step, color="grey", linestyle=":", label=label)
    axes.set(xlabel="step", ylabel="objective", title="The search, image by image")
    if trace.min() > 0:  # always, but for the prior that may be negative
        axes.set_yscale("log")
    axes.grid(alpha=0.3)
    axes.legend(loc="upper right")
    save_figure(figure, path)


def _write_candidates(damaged: Images, found: Restoration, path: Path) -> None:
    """Write a gallery of each face's answers, their mean, and how far they lie apart."""
    shown = found.candidates[:KEPT]
    heat = matplotlib.colormaps["inferno"](spread(shown) / WIDEST_SPREAD)[..., :3]
    columns = {
        "damaged": damaged[: len(shown)],
        **{str(place + 1): shown[:, place] for place in range(shown.shape[1])},
        "mean": mean_answer(shown),
        "spread": np.rint(heat * 255).astype(np.uint8),
    }
    gallery(columns, KEPT, path)
