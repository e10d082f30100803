"""Train the DCGAN: data/cropped/train.npy → models/, reports/train/."""

import csv
from pathlib import Path

import numpy as np
from tqdm import tqdm

from dcgan_inpainting.images import Images, grid, save_png
from dcgan_inpainting.loss_curves import plot_losses
from dcgan_inpainting.networks import save_weights
from dcgan_inpainting.stage import fresh_folder, run_stage
from dcgan_inpainting.tracking.runs import Run
from dcgan_inpainting.training import Progress, TrainParams, fit

IMAGES = Path("data/cropped/train.npy")
MODELS = Path("models")
REPORTS = Path("reports/train")


def work(params: TrainParams, run: Run) -> None:
    """Train, and write weights, loss curves and sample grids."""
    images = np.load(IMAGES, mmap_mode="r")
    run.log_dataset(IMAGES, "train")
    samples = fresh_folder(REPORTS / "samples")
    curves: list[Progress] = []
    steps = params.steps(len(images))
    with tqdm(total=steps * params.batch_size, desc="train", unit=" images") as bar:

        def on_progress(progress: Progress) -> None:
            curves.append(progress)
            bar.update(progress.images - bar.n)
            bar.set_postfix(G=f"{progress.g_loss:.2f}", D=f"{progress.d_loss:.2f}")
            rate = bar.format_dict["rate"] or 0.0
            run.log_metrics({**progress.metrics(), "images_per_second": rate}, progress.step)

        def on_samples(step: int, faces: Images) -> None:
            picture = grid(faces)
            save_png(picture, samples / f"{step:07d}.png")
            run.log_image(picture, "samples", step)

        networks = fit(images, params, on_progress=on_progress, on_samples=on_samples)

    fresh_folder(MODELS)
    params.architecture(images.shape[1]).save(MODELS / "architecture.json")
    save_weights(networks.generator, MODELS / "generator.safetensors")
    save_weights(networks.average, MODELS / "generator_average.safetensors")
    save_weights(networks.discriminator, MODELS / "discriminator.safetensors")
    _write_curves(curves)
    run.log_artifact(REPORTS / "losses.png")
    run.log_artifact(REPORTS / "losses.csv")


def _write_curves(curves: list[Progress]) -> None:
    with (REPORTS / "losses.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["step", "images", *curves[0].metrics()])
        writer.writeheader()
        for point in curves:
            metrics = {name: f"{value:.6g}" for name, value in point.metrics().items()}
            writer.writerow({"step": point.step, "images": point.images, **metrics})
    plot_losses(REPORTS / "losses.csv", REPORTS / "losses.png")


if __name__ == "__main__":
    run_stage("train", TrainParams, work)
