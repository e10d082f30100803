"""Stage crop: data/raw to one array of square crops for each split, in data/cropped."""

import time
from pathlib import Path

from dcgan_inpainting.common.frame import Run
from dcgan_inpainting.crop.archive import crop_archive
from dcgan_inpainting.crop.square import CropParams
from dcgan_inpainting.running.stage import run_stage

RAW = Path("data/raw")
CROPPED = Path("data/cropped")
REPORTS = Path("reports")


def work(params: CropParams, run: Run) -> None:
    """Crop all images and log the counts, the speed and a picture."""
    start = time.perf_counter()
    counts = crop_archive(RAW / "images.zip", RAW / "partition.csv", params, CROPPED, REPORTS)
    seconds = time.perf_counter() - start
    run.log_metrics({key: float(value) for key, value in counts.items()})
    run.log_metrics({"images_per_second": counts["images"] / seconds})
    run.log_image(REPORTS / "crop.png", "crop", 0)
    run.log_artifact(REPORTS / "unreadable.csv")
    run.log_dataset(RAW / "images.zip", "images")


if __name__ == "__main__":
    run_stage("crop", CropParams, work)
