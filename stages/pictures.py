"""Draw what the other stages found: galleries, curves, animations, faces before and after."""

import json
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from dcgan_inpainting.common.files import write_text
from dcgan_inpainting.common.images import Images, load_images
from dcgan_inpainting.evaluate import trials
from dcgan_inpainting.evaluate.reports import read_table
from dcgan_inpainting.inpaint.results import load_results, load_settings
from dcgan_inpainting.pictures.faces import write_faces
from dcgan_inpainting.pictures.galleries import gallery
from dcgan_inpainting.pictures.inpaint import write_pictures
from dcgan_inpainting.pictures.loss_curves import plot_losses
from dcgan_inpainting.pictures.params import PicturesParams
from dcgan_inpainting.pictures.quality import plot_quality
from dcgan_inpainting.running.stage import fresh_folder, run_stage

CROPPED = Path("data/cropped")
REPORTS = Path("reports")
RESTORED = REPORTS / "restored"
MOST = 64  # faces that any picture shows


def work(params: PicturesParams) -> None:
    """Draw everything."""
    plot_losses(REPORTS / "train/losses.csv", REPORTS / "train/losses.png")
    summary = read_table(REPORTS / "quality.csv").set_index(["mask", "method"])
    plot_quality(summary, REPORTS / "quality.png")
    listing = trials.read_listing()
    images = load_images(CROPPED / f"{listing['split']}.npy")
    measured = read_table(REPORTS / "per_image.csv")
    for folder in (REPORTS / "galleries", RESTORED / "faces", REPORTS / "inpaint"):
        fresh_folder(folder)
    faces = []
    for kind in tqdm(listing["kinds"], desc="pictures", unit=" masks"):
        faces.append(_draw(kind, images, measured[measured["mask"] == kind], params.gallery))
    table = pd.concat(faces).to_dict(orient="list")
    write_text(RESTORED / "faces.json", json.dumps(table, indent=2) + "\n")


def _draw(kind: str, images: Images, measured: pd.DataFrame, count: int) -> pd.DataFrame:
    """Draw what there is of a kind of mask; return the table of its faces."""
    *others, ours = measured["method"].unique()
    _, trial = next(trials.read_trials(kind, images, others, MOST))
    sets = {"original": trial.original, "damaged": trial.damaged, **trial.restored}
    gallery(sets, count, REPORTS / "galleries" / f"{kind}.png")
    folder, source = fresh_folder(REPORTS / "inpaint" / kind), trials.INPAINTED / kind
    found, settings = load_results(source), load_settings(source)
    write_pictures(folder, trial.original, trial.known, found, settings)
    return write_faces(RESTORED, trial, ours, measured, count)


if __name__ == "__main__":
    run_stage("pictures", PicturesParams, work)
