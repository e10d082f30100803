"""Compare with the baselines: reports/metrics.json, per_image.csv, paired.csv, galleries/ …"""

import json
import shutil
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
from tqdm import tqdm

from dcgan_inpainting.command_line import reporting
from dcgan_inpainting.evaluation import (
    EvaluateParams,
    Trial,
    as_tree,
    headline,
    measure,
    paired,
    summarise,
    with_baselines,
)
from dcgan_inpainting.galleries import gallery
from dcgan_inpainting.images import save_png
from dcgan_inpainting.masks import Kind
from dcgan_inpainting.quality_plots import before_and_after, plot_quality
from dcgan_inpainting.stage import fresh_folder, run_stage
from dcgan_inpainting.tracking.runs import Run

CROPPED = Path("data/cropped")
MASKS = Path("data/masks")
INPAINTED = Path("data/inpainted")
BY_KIND = (INPAINTED, Path("reports/inpaint"))  # what the stage inpaint writes
REPORTS = Path("reports")
RESTORED = REPORTS / "restored"
SQUARE = 3  # faces: with three pictures each they make a square, as MLflow shows pictures


def work(params: EvaluateParams, run: Run) -> None:
    """Measure every method on every kind of mask."""
    listing = _listing()
    split = listing["split"]
    images = np.load(CROPPED / f"{split}.npy", mmap_mode="r")
    train = np.load(CROPPED / "train.npy", mmap_mode="r")
    run.log_dataset(CROPPED / f"{split}.npy", split)
    galleries = fresh_folder(REPORTS / "galleries")
    fresh_folder(RESTORED / "faces")
    tables, faces = [], []
    for kind in tqdm(listing["kinds"], desc="evaluate", unit=" masks"):
        trial = _trial(kind, images, train)
        method = list(trial.restored)[-1]  # ours, after the baselines
        tables.append(measure(trial).assign(mask=kind))
        faces.append(_write_faces(trial, method, tables[-1], params.gallery))
        gallery(
            {"original": trial.original, "damaged": trial.damaged, **trial.restored},
            params.gallery,
            galleries / f"{kind}.png",
        )
    _write(pd.concat(tables), split, method, run)
    table = pd.concat(faces).to_dict(orient="list")
    (RESTORED / "faces.json").write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    run.log_table(RESTORED / "faces.json", RESTORED / "faces", "faces.json")
    for picture in sorted(galleries.iterdir()):
        run.log_artifact(picture, "galleries")


def _listing() -> dict[str, Any]:
    """Return what the stage masks wrote: the split, and the kinds in their order."""
    return json.loads((MASKS / "masks.json").read_text(encoding="utf-8"))


def forget_other_kinds() -> None:
    """Remove what was restored of kinds that are no longer asked for.

    DVC leaves the outputs of a matrix item that is gone, and this stage depends on their folder,
    which DVC hashes anew when the stage has ended. So dvc.lock becomes that of a fresh clone.
    """
    for kind in set(get_args(Kind)).difference(_listing()["kinds"]):
        for folder in BY_KIND:
            if (folder / kind).is_dir():
                shutil.rmtree(folder / kind)


def _trial(kind: str, images: np.ndarray, train: np.ndarray) -> Trial:
    known = np.load(MASKS / f"{kind}.npy")
    settings = json.loads((INPAINTED / kind / "settings.json").read_text(encoding="utf-8"))
    ours = {settings["method"]: np.load(INPAINTED / kind / "composite.npy")}
    return with_baselines(images[: len(known)], known, train, ours)


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
    index = pd.read_csv(CROPPED / "index.csv", dtype={"file": str})
    files = index[index.split == split].set_index("row").file
    per_image.insert(0, "file", per_image.row.map(files))
    columns = ["mask", "method", "row", "file"]
    per_image = per_image[[*columns, *per_image.columns.drop(columns)]]
    per_image.to_csv(REPORTS / "per_image.csv", index=False, float_format="%.6g")
    summary = summarise(per_image)
    tree = as_tree(summary)
    for name, content in (("metrics", tree), ("headline", headline(tree, method))):
        text = json.dumps(content, indent=2) + "\n"
        (REPORTS / f"{name}.json").write_text(text, encoding="utf-8")
    summary.reset_index().to_csv(REPORTS / "quality.csv", index=False, float_format="%.6g")
    differences = paired(per_image, method)
    differences.to_csv(REPORTS / "paired.csv", index=False, float_format="%.6g")
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
