"""Draw what the other stages found: galleries, curves, animations, faces before and after."""

import json
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from dcgan_inpainting.common.errors import DamagedError
from dcgan_inpainting.common.files import write_text
from dcgan_inpainting.common.frame import Run
from dcgan_inpainting.common.images import Images, load_images, save_png
from dcgan_inpainting.evaluate import trials
from dcgan_inpainting.evaluate.trials import Trial
from dcgan_inpainting.inpaint.results import load_results, load_settings
from dcgan_inpainting.pictures.galleries import gallery
from dcgan_inpainting.pictures.inpaint import write_pictures
from dcgan_inpainting.pictures.loss_curves import plot_losses
from dcgan_inpainting.pictures.params import PicturesParams
from dcgan_inpainting.pictures.quality import before_and_after, plot_quality
from dcgan_inpainting.running.stage import fresh_folder, run_stage

CROPPED = Path("data/cropped")
REPORTS = Path("reports")
RESTORED = REPORTS / "restored"
SEARCHES = REPORTS / "inpaint"
MOST = 64  # faces that any picture shows
SQUARE = 3  # faces: with three pictures each they make a square, as MLflow shows pictures


def work(params: PicturesParams, run: Run) -> None:
    """Draw everything."""
    plot_losses(REPORTS / "train/losses.csv", REPORTS / "train/losses.png")
    summary = _read(REPORTS / "quality.csv").set_index(["mask", "method"])
    plot_quality(summary, REPORTS / "quality.png")
    for picture in (REPORTS / "train/losses.png", REPORTS / "quality.png"):
        run.log_artifact(picture)
    listing = trials.read_listing()
    images = load_images(CROPPED / f"{listing['split']}.npy")
    measured = _read(REPORTS / "per_image.csv")
    for folder in (REPORTS / "galleries", RESTORED / "faces", SEARCHES):
        fresh_folder(folder)
    faces = []
    for kind in tqdm(listing["kinds"], desc="pictures", unit=" masks"):
        of_kind = measured[measured["mask"] == kind]
        faces.append(_draw(kind, images, of_kind, params.gallery, run))
    table = pd.concat(faces).to_dict(orient="list")
    write_text(RESTORED / "faces.json", json.dumps(table, indent=2) + "\n")
    run.log_table(RESTORED / "faces.json", RESTORED / "faces", "faces.json")


def _draw(kind: str, images: Images, measured: pd.DataFrame, count: int, run: Run) -> pd.DataFrame:
    """Draw what there is of a kind of mask; return the table of its faces."""
    methods = list(measured["method"].unique())  # ours is the last
    _, trial = next(trials.read_trials(kind, images, methods[:-1], MOST))
    sets = {"original": trial.original, "damaged": trial.damaged, **trial.restored}
    sheet = REPORTS / "galleries" / f"{kind}.png"
    gallery(sets, count, sheet)
    run.log_artifact(sheet, "galleries")
    folder = fresh_folder(SEARCHES / kind)
    source = trials.INPAINTED / kind
    found, settings = load_results(source), load_settings(source)
    for picture in write_pictures(folder, trial.original, trial.known, found, settings):
        run.log_artifact(picture, f"inpaint/{kind}")
    return _write_faces(trial, methods[-1], measured, count)


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


def _read(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except FileNotFoundError:
        raise DamagedError(path, "is missing") from None
    except ValueError as error:
        raise DamagedError(path, f"is no table ({error})") from None


if __name__ == "__main__":
    run_stage("pictures", PicturesParams, work)
