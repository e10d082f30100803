"""Restore the holes of one kind of mask: data/inpainted/<kind>/, reports/inpaint/<kind>/."""

import argparse
import json
from pathlib import Path

import numpy as np
from tqdm import tqdm

from dcgan_inpainting.images import columns_of, save_png
from dcgan_inpainting.inpainting import InpaintParams, Restoration, restore
from dcgan_inpainting.networks import load_trained
from dcgan_inpainting.stage import fresh_folder, run_stage
from dcgan_inpainting.tracking.runs import Run

CROPPED = Path("data/cropped")
MASKS = Path("data/masks")
MODELS = Path("models")
INPAINTED = Path("data/inpainted")
REPORTS = Path("reports/inpaint")
SHEET_ROWS = 16


def work(kind: str, split: str, params: InpaintParams, run: Run) -> None:
    """Search z for every image, and write what was found."""
    known = np.load(MASKS / f"{kind}.npy")
    images = np.load(CROPPED / f"{split}.npy", mmap_mode="r")[: len(known)]
    run.log_dataset(CROPPED / f"{split}.npy", split)
    generator, discriminator = load_trained(MODELS)
    with tqdm(total=len(images), desc=f"inpaint {kind}", unit=" images") as bar:
        restoration = restore(images, known, generator, discriminator, params, on_images=bar.update)
        run.log_metrics({"images_per_second": bar.format_dict["rate"] or 0.0})
    for step, objective in enumerate(restoration.trace.mean(axis=1)):
        run.log_metrics({"objective": float(objective)}, step)
    folder = fresh_folder(INPAINTED / kind)
    for name in ("raw", "composite", "z", "trace"):
        np.save(folder / f"{name}.npy", getattr(restoration, name))
    settings = json.dumps(params.resolved().model_dump(), indent=2)
    (folder / "settings.json").write_text(settings + "\n", encoding="utf-8")
    _report(kind, images[:SHEET_ROWS], known[:SHEET_ROWS], restoration, run)


def _report(
    kind: str, images: np.ndarray, known: np.ndarray, restoration: Restoration, run: Run
) -> None:
    folder = fresh_folder(REPORTS / kind)
    damaged = np.where(known[..., None], images, np.uint8(128))
    rows = slice(len(images))
    sets = [images, damaged, restoration.raw[rows], restoration.composite[rows]]
    save_png(columns_of(sets), folder / "sheet.png")
    curve = restoration.trace.mean(axis=1)
    lines = [f"{step},{objective:.6g}" for step, objective in enumerate(curve)]
    text = "\n".join(["step,objective", *lines]) + "\n"
    (folder / "objective.csv").write_text(text, encoding="utf-8")
    run.log_artifact(folder / "sheet.png")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", help="the kind of mask, as in masks.kinds")
    parser.add_argument("split", help="which images: test or val, as in masks.split")
    arguments = parser.parse_args()
    run_stage(
        "inpaint",
        InpaintParams,
        lambda params, run: work(arguments.kind, arguments.split, params, run),
        item=arguments.kind,
    )
