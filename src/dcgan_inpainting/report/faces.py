"""Faces in one picture for each kind of mask, from which the page cuts what it shows."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from dcgan_inpainting.common.errors import DamagedError
from dcgan_inpainting.common.images import Images, load_images
from dcgan_inpainting.evaluate import trials
from dcgan_inpainting.evaluate.metrics import HEADLINE, METRICS
from dcgan_inpainting.evaluate.trials import Trial

CROPPED = Path("data/cropped")
FIRST = 8  # faces that are shown whatever came of them
EXTREME = 10  # of the best and of the worst
GAP = 1  # pixels between pieces of a sheet
ORIGINAL, DAMAGED = "original", "damaged"


@dataclass(frozen=True)
class Face:
    """A face: its row in the sheet, and how well each method restored it."""

    row: int
    name: str  # of its file
    figures: Mapping[str, Mapping[str, str]]  # method, label of a HEADLINE metric


@dataclass(frozen=True)
class Gallery:
    """The faces of one kind of mask.

    The sheet has a row for each face and a column for each picture, with GAP clear pixels between
    them. Only the first column, the originals, is whole. The others hold the hole alone, and are
    clear where the image is known.
    """

    kind: str
    ours: str  # the method by which best and worst are told
    pictures: Sequence[str]  # original, damaged, and the methods
    side: int  # of a face in pixels
    faces: Sequence[Face]  # by their rows
    groups: Mapping[str, Sequence[Face]]  # the first, the best, the worst
    sheet: str  # a data URI

    @property
    def step(self) -> int:
        """How far a piece of the sheet lies from the next, in pixels."""
        return self.side + GAP

    @property
    def content(self) -> dict[str, Any]:
        """What the page's script needs, of values that JSON can hold."""
        faces = [
            {
                "row": face.row,
                "name": face.name,
                "figures": [text for each in face.figures.values() for text in each.values()],
            }
            for face in self.faces
        ]
        return {"step": self.step, "pictures": [*self.pictures], "faces": faces}


def read_gallery(kind: str, per_image: pd.DataFrame, count: int = FIRST) -> Gallery:
    """Return the faces of a kind of mask: the first, and those that ours restored best and worst.

    Args:
        kind: of the masks.
        per_image: its rows of per_image.csv.
        count: how many faces from the first.

    Raises:
        DamagedError: a file is missing or damaged, or the figures are not of what is there.
    """
    *others, ours = per_image["method"].unique()
    images = load_images(CROPPED / f"{trials.read_listing()['split']}.npy")
    ranked = per_image[per_image["method"] == ours].sort_values(next(iter(HEADLINE)))
    extreme = min(EXTREME, len(ranked) // 2)
    chosen = {
        "The first": sorted(ranked["row"])[:count],
        "Restored best": [*ranked["row"][::-1][:extreme]],
        "Restored worst": [*ranked["row"][:extreme]],
    }
    rows = sorted({int(row) for some in chosen.values() for row in some})
    trial = _trial(kind, images, others, rows)
    if ours not in trial.restored:
        raise DamagedError(trials.INPAINTED / kind, f"holds no restorations by {ours}")
    by_row = per_image.groupby("row")
    faces = {row: _face(place, by_row.get_group(row)) for place, row in enumerate(rows)}
    return Gallery(
        kind=kind,
        ours=ours,
        pictures=[ORIGINAL, DAMAGED, *trial.restored],
        side=images.shape[1],
        faces=[*faces.values()],
        groups={name: [faces[int(row)] for row in some] for name, some in chosen.items()},
        sheet=data_uri(sheet(trial)),
    )


def _trial(kind: str, images: Images, others: list[str], rows: Sequence[int]) -> Trial:
    """Return some images of a kind of mask, by their rows, which must rise."""
    found = []
    for first, part in trials.read_trials(kind, images, others):
        some = [row - first for row in rows if 0 <= row - first < len(part.known)]
        filled = {name: restored[some] for name, restored in part.restored.items()}
        found.append(Trial(part.original[some], part.known[some], filled))
    joined = {
        name: np.concatenate([part.restored[name] for part in found]) for name in found[0].restored
    }
    known = np.concatenate([part.known for part in found])
    if len(known) < len(rows):
        raise DamagedError(trials.MASKS / f"{kind}.npy", f"has no row {rows[-1]}")
    return Trial(np.concatenate([part.original for part in found]), known, joined)


def _face(place: int, figures: pd.DataFrame) -> Face:
    return Face(
        row=place,
        name=str(figures["file"].iloc[0]),
        figures={
            str(method): {METRICS[name].label: METRICS[name].text(row[name]) for name in HEADLINE}
            for method, row in figures.set_index("method").iterrows()
        },
    )


def sheet(trial: Trial) -> NDArray[np.uint8]:
    """Return the picture that Gallery describes, uint8, N·(S+GAP)×C·(S+GAP)×4."""
    hole = np.where(trial.known, 0, 255).astype(np.uint8)[..., None]
    original = np.concatenate([trial.original, np.full_like(hole, 255)], axis=-1)
    filled = [
        np.concatenate([np.where(hole, images, 0), hole], axis=-1)
        for images in (trial.damaged, *trial.restored.values())
    ]
    # Without gaps a browser that scales a piece mixes its neighbour into its edge.
    apart = ((0, 0), (0, GAP), (0, GAP), (0, 0))
    rows = np.concatenate([np.pad(column, apart) for column in (original, *filled)], axis=2)
    return rows.reshape(-1, *rows.shape[2:])


def data_uri(picture: NDArray[np.uint8]) -> str:
    """Return a picture (uint8, H×W×3 or H×W×4) as a lossless WebP in an address of its own."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="WEBP", lossless=True, quality=80)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
