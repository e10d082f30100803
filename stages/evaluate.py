"""Compare with the baselines: reports/metrics.json, per_image.csv, paired.csv, galleries/ …"""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from dcgan_inpainting.baselines.methods import BASELINES, Method
from dcgan_inpainting.common.errors import DamagedError
from dcgan_inpainting.common.files import write_text, writing
from dcgan_inpainting.common.frame import Run
from dcgan_inpainting.common.images import Images, load_images, load_masks, save_png
from dcgan_inpainting.evaluate.comparison import (
    EvaluateParams,
    Trial,
    as_tree,
    headline,
    measure,
    paired,
    summarise,
    with_baselines,
)
from dcgan_inpainting.masks.kinds import KINDS
from dcgan_inpainting.masks.params import OWN
from dcgan_inpainting.pictures.galleries import gallery
from dcgan_inpainting.pictures.quality import before_and_after, plot_quality
from dcgan_inpainting.process.command_line import reporting
from dcgan_inpainting.running.stage import fresh_folder, run_stage

CROPPED = Path("data/cropped")
MASKS = Path("data/masks")
INPAINTED = Path("data/inpainted")
BY_KIND = (INPAINTED, Path("reports/inpaint"))  # what the stage inpaint writes
REPORTS = Path("reports")
RESTORED = REPORTS / "restored"
IMAGES_AT_ONCE = 4096  # some 500 MB at 64 pixels; `nearest` is fastest with many
SQUARE = 3  # faces: with three pictures each they make a square, as MLflow shows pictures


def work(params: EvaluateParams, run: Run) -> None:
    """Measure every method on every kind of mask."""
    listing = _listing()
    split = listing["split"]
    images = load_images(CROPPED / f"{split}.npy")
    train = load_images(CROPPED / "train.npy", side=images.shape[1])
    run.log_dataset(CROPPED / f"{split}.npy", split)
    galleries = fresh_folder(REPORTS / "galleries")
    fresh_folder(RESTORED / "faces")
    baselines = {name: make(train) for name, make in BASELINES.items()}
    tables, faces = [], []
    for kind in tqdm(listing["kinds"], desc="evaluate", unit=" masks"):
        for first, trial in _trials(kind, images, baselines):
            measured = measure(trial).assign(mask=kind)
            measured["row"] += first
            tables.append(measured)
            if first == 0:
                method = list(trial.restored)[-1]  # ours, after the baselines
                faces.append(_write_faces(trial, method, measured, params.gallery))
                gallery(
                    {"original": trial.original, "damaged": trial.damaged, **trial.restored},
                    params.gallery,
                    galleries / f"{kind}.png",
                )
    _write(pd.concat(tables), split, method, run)
    table = pd.concat(faces).to_dict(orient="list")
    write_text(RESTORED / "faces.json", json.dumps(table, indent=2) + "\n")
    run.log_table(RESTORED / "faces.json", RESTORED / "faces", "faces.json")
    for picture in sorted(galleries.iterdir()):
        run.log_artifact(picture, "galleries")


def _listing() -> dict[str, Any]:
    """Return what the stage masks wrote: the split, and the kinds in their order."""
    return _read_json(MASKS / "masks.json", split=str, kinds=list)


def forget_other_kinds() -> None:
    """Remove what was restored of kinds that are no longer asked for.

    DVC leaves the outputs of a matrix item that is gone, and this stage depends on their folder,
    which DVC hashes anew when the stage has ended. So dvc.lock becomes that of a fresh clone.
    """
    for kind in {*KINDS, OWN}.difference(_listing()["kinds"]):
        for folder in BY_KIND:
            if (folder / kind).is_dir():
                shutil.rmtree(folder / kind)


def _trials(
    kind: str, images: Images, baselines: Mapping[str, Method]
) -> Iterator[tuple[int, Trial]]:
    """Yield the restorations of a kind of mask in parts, each with the number of its first image.

    So the memory that they take does not grow with the number of images.
    """
    known = load_masks(MASKS / f"{kind}.npy", images)
    method = _read_json(INPAINTED / kind / "settings.json", method=str)["method"]
    path = INPAINTED / kind / "composite.npy"
    restored = load_images(path, side=images.shape[1])
    if len(restored) != len(known):
        raise DamagedError(path, f"holds {len(restored)} images, but there are {len(known)} masks")
    for first in range(0, len(known), IMAGES_AT_ONCE):
        some = slice(first, min(first + IMAGES_AT_ONCE, len(known)))
        ours = {method: np.array(restored[some])}
        yield first, with_baselines(np.array(images[some]), known[some], baselines, ours)


def _read_json(path: Path, **kinds: type) -> dict[str, Any]:
    """Return what another stage wrote as JSON, which must have keys of these types."""
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise DamagedError(path, "is missing") from None
    except ValueError as error:
        raise DamagedError(path, f"is no JSON ({error})") from None
    if not isinstance(content, dict):
        raise DamagedError(path, "holds no JSON object")
    for key, kind in kinds.items():
        if not isinstance(content.get(key), kind):
            raise DamagedError(path, f"has no {key} that is a {kind.__name__}")
    return content


def _read_index(path: Path, split: str) -> pd.Series:
    """Return the name of each image's file by its row in a split."""
    try:
        index = pd.read_csv(path, dtype={"file": str})
        return index[index.split == split].set_index("row").file
    except FileNotFoundError:
        raise DamagedError(path, "is missing") from None
    except (ValueError, KeyError, AttributeError) as error:
        raise DamagedError(path, f"is no table of split, row and file ({error})") from None


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    with writing(path):
        table.to_csv(path, index=False, float_format="%.6g")


def _write_faces(trial: Trial, method: str, measured: pd.DataFrame, count: int) -> pd.DataFrame:
    """Write pictures of the first faces before and after; return a table of them."""
    kind = measured["mask"].iloc[0]
    save_png(before_and_after(trial, method, slice(SQUARE)), RESTORED / f"{kind}.png")
    table = measured[measured.method == method].head(count)
    names = [f"{kind}-{row:04d}" for row in table.row]
    for row, name in zip(table.row, names, strict=True):
        picture = before_and_after(trial, method, slice(row, row + 1))
        save_png(picture, RESTORED / "faces" / f"{name}.png")
    pictures = [f"{name}.png" for name in names]
    # MLflow groups by the first column and compares the second.
    figures = table[["hole_psnr", "hole_ssim"]].round(3)
    return pd.DataFrame({"face": names, "picture": pictures}).join(figures.reset_index(drop=True))


def _write(per_image: pd.DataFrame, split: str, method: str, run: Run) -> None:
    files = _read_index(CROPPED / "index.csv", split)
    per_image.insert(0, "file", per_image.row.map(files))
    columns = ["mask", "method", "row", "file"]
    per_image = per_image[[*columns, *per_image.columns.drop(columns)]]
    _write_csv(per_image, REPORTS / "per_image.csv")
    summary = summarise(per_image)
    tree = as_tree(summary)
    for name, content in (("metrics", tree), ("headline", headline(tree, method))):
        text = json.dumps(content, indent=2) + "\n"
        write_text(REPORTS / f"{name}.json", text)
    _write_csv(summary.reset_index(), REPORTS / "quality.csv")
    _write_csv(paired(per_image, method), REPORTS / "paired.csv")
    plot_quality(summary, REPORTS / "quality.png")
    for mask, methods in tree.items():
        for method, figures in methods.items():
            run.log_metrics({f"{mask}/{method}/{name}": v for name, v in figures.items()})
    for name in ("per_image.csv", "metrics.json", "quality.png"):
        run.log_artifact(REPORTS / name)


if __name__ == "__main__":
    with reporting("evaluate"):
        forget_other_kinds()  # first, since the run notes by what it is known in dvc.lock
    run_stage("evaluate", EvaluateParams, work)
