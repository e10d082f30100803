"""A store as a sweep leaves it, in seconds: drawn faces, whose holes are filled without a network.

It is written by the code that writes the real one.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageFilter

from dcgan_inpainting.common.images import Images, Known, save_png
from dcgan_inpainting.common.settings import load_params
from dcgan_inpainting.crop.square import cut_square, scale
from dcgan_inpainting.download.drawn_faces.draw import draw_face
from dcgan_inpainting.evaluate.comparison import as_tree, headline, measure, summarise
from dcgan_inpainting.evaluate.trials import Trial
from dcgan_inpainting.masks.kinds import make_masks
from dcgan_inpainting.pictures.faces import before_and_after
from dcgan_inpainting.tracking.experiment import BASELINE, Experiment, shown
from dcgan_inpainting.tracking.stage_runs import log_picture
from dcgan_inpainting.tracking.store import PARENT, ROW, Point, Store

FACES = 3
SIDE = 64
KINDS = ("center", "pattern", "random", "half")
PARAMS = Path(__file__).parents[2] / "params.yaml"
MINUTE = 60_000  # milliseconds

Figures = dict[str, float]


@dataclass(frozen=True)
class Made:
    """An experiment to be made up. strength: 0 = a blur fills the hole, 1 = the original does."""

    name: str
    swept: Mapping[str, str]
    strength: float


SWEEP = (
    Made("baseline · 3f2a91c", {}, 0.45),
    Made("steps=50 · sedgy-plow", {"inpaint.steps": "50"}, 0.15),
    Made("steps=100 · moody-kerb", {"inpaint.steps": "100"}, 0.30),
    Made("steps=400 · gaunt-pint", {"inpaint.steps": "400"}, 0.50),
    Made("steps=400 width=32 · loyal-wren", {"inpaint.steps": "400", "train.width": "32"}, 0.60),
)


def build(store: Store, folder: Path, sweep: Sequence[Made] = SWEEP) -> dict[str, Figures]:
    """Log a sweep; return each experiment's headline figures by its name.

    Args:
        store: where to.
        folder: for pictures on their way.
        sweep: the experiments; the first is the oldest.
    """
    original = np.stack(
        [scale(cut_square(draw_face(n, 1), 108)[None], SIDE)[0] for n in range(FACES)]
    )
    known = {kind: make_masks(kind, FACES, SIDE, 1) for kind in KINDS}
    now = int(time.time() * 1000)
    figures = {}
    for age, made in enumerate(reversed(sweep), start=1):
        start = now - 10 * age * MINUTE
        row = store.row(made_up(made), start)
        trials = {kind: _trial(original, known[kind], made.strength) for kind in KINDS}
        for kind, trial in trials.items():
            save_png(before_and_after(trial, "latent", slice(FACES)), folder / f"{kind}.png")
            log_picture(store, row, folder / f"{kind}.png", f"restored/{kind}", 0)
        figures[made.name] = _figures(trials)
        points = [Point(name, value, 0, start) for name, value in figures[made.name].items()]
        store.log_points(row, points)
        _log_stage(store, row, "train", start)
        _log_stage(store, row, "inpaint center", start + 5 * MINUTE)
        store.close(row, "FINISHED", end=start + 8 * MINUTE)
    return figures


def made_up(made: Made) -> Experiment:
    """Return the experiment as the pipeline would have found it out."""
    swept = " ".join(f"{name}={value}" for name, value in made.swept.items())
    return Experiment(
        key=made.name,
        name=made.name,
        tags={"kind": ROW, "swept": swept or BASELINE, "process": "none"},
        params={**shown(load_params(PARAMS)), **made.swept},
        patch="",
    )


def _trial(original: Images, known: Known, strength: float) -> Trial:
    blur = ImageFilter.GaussianBlur(9)
    blurred = np.stack([np.asarray(Image.fromarray(face).filter(blur)) for face in original])
    filled = strength * original + (1 - strength) * blurred
    restored = np.where(known[..., None], original, filled).astype(np.uint8)
    return Trial(original, known, {"latent": restored})


def _figures(trials: Mapping[str, Trial]) -> Figures:
    tables = [measure(trial).assign(mask=kind) for kind, trial in trials.items()]
    tree = as_tree(summarise(pd.concat(tables)))
    return {
        f"{metric}/{mask}": value
        for metric, by_mask in headline(tree, "latent").items()
        for mask, value in by_mask.items()
    }


def _log_stage(store: Store, row: str, name: str, start: int) -> None:
    tags = {"kind": "stage", "stage": name.partition(" ")[0], PARENT: row}
    run = store.create(name, start, tags, {}).info.run_id
    store.log_points(run, [Point("loss", 1 / (step + 1), step, start) for step in range(20)])
    store.close(run, "FINISHED", end=start + MINUTE)
