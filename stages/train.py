"""Train the DCGAN: data/cropped/{train,val}.npy → models/, reports/train/."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from tqdm import tqdm

from dcgan_inpainting.images import Images, grid, save_png
from dcgan_inpainting.loss_curves import plot_losses
from dcgan_inpainting.networks import save_weights
from dcgan_inpainting.sliced_wasserstein import MAX_IMAGES, sliced_wasserstein
from dcgan_inpainting.stage import fresh_folder, run_stage
from dcgan_inpainting.tracking.runs import Run
from dcgan_inpainting.training import Progress, Sampler, TrainParams, fit

CROPPED = Path("data/cropped")
MODELS = Path("models")
REPORTS = Path("reports/train")
Row = Mapping[str, float]


def work(params: TrainParams, run: Run) -> None:
    """Train, and write weights, curves, sample grids and the samples' distance from real images."""
    images = np.load(CROPPED / "train.npy", mmap_mode="r")
    run.log_dataset(CROPPED / "train.npy", "train")
    real, others = _real_images(images, params.seed)
    run.log_dataset(CROPPED / "val.npy", "val")
    floor = sliced_wasserstein(real, others, params.seed).mean
    samples = fresh_folder(REPORTS / "samples")
    curves: list[Row] = []
    distances: list[Row] = []
    steps = params.steps(len(images))
    with tqdm(total=steps * params.batch_size, desc="train", unit=" images") as bar:

        def on_progress(progress: Progress) -> None:
            curves.append({"step": progress.step, "images": progress.images, **progress.metrics()})
            bar.update(progress.images - bar.n)
            bar.set_postfix(G=f"{progress.g_loss:.2f}", D=f"{progress.d_loss:.2f}")
            rate = bar.format_dict["rate"] or 0.0
            run.log_metrics({**progress.metrics(), "images_per_second": rate}, progress.step)

        def on_samples(step: int, sample: Sampler) -> None:
            picture = grid(sample(params.samples))
            save_png(picture, samples / f"{step:07d}.png")
            run.log_image(picture, "samples", step)
            distance = sliced_wasserstein(real, sample(len(real)), params.seed)
            run.log_metrics({"swd": distance.mean}, step)
            levels = {f"swd_{side}": value for side, value in distance.levels.items()}
            seen = {"step": step, "images": step * params.batch_size}
            distances.append({**seen, "swd": distance.mean, "swd_floor": floor, **levels})

        networks = fit(images, params, on_progress=on_progress, on_samples=on_samples)

    fresh_folder(MODELS)
    params.architecture(images.shape[1]).save(MODELS / "architecture.json")
    save_weights(networks.generator, MODELS / "generator.safetensors")
    save_weights(networks.average, MODELS / "generator_average.safetensors")
    save_weights(networks.discriminator, MODELS / "discriminator.safetensors")
    _write_reports(curves, distances, run)


def _real_images(train: Images, seed: int) -> tuple[Images, Images]:
    """Return as many validation images and, for the floor, training images; drawn where cut."""
    validation = np.load(CROPPED / "val.npy", mmap_mode="r")
    count = min(len(validation), len(train), MAX_IMAGES)
    rng = np.random.default_rng(seed)
    # In order, because a memory map is read faster so.
    chosen = [np.sort(rng.choice(len(images), count, False)) for images in (validation, train)]
    return validation[chosen[0]], train[chosen[1]]


def _write_reports(curves: list[Row], distances: list[Row], run: Run) -> None:
    _write_csv(REPORTS / "losses.csv", curves)
    plot_losses(REPORTS / "losses.csv", REPORTS / "losses.png")
    _write_csv(REPORTS / "swd.csv", distances)
    metrics = {name: round(distances[-1][name], 3) for name in ("swd", "swd_floor")}
    text = json.dumps(metrics, indent=2) + "\n"
    (REPORTS / "metrics.json").write_text(text, encoding="utf-8")
    run.log_metrics({"swd_floor": distances[-1]["swd_floor"]})
    for name in ("losses.png", "losses.csv", "swd.csv"):
        run.log_artifact(REPORTS / name)


def _write_csv(path: Path, rows: list[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        for row in rows:
            writer.writerow(
                {name: v if isinstance(v, int) else f"{v:.6g}" for name, v in row.items()}
            )


if __name__ == "__main__":
    run_stage("train", TrainParams, work, resumable=True)
