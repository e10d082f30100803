"""Stage crop: data/raw to one array of square crops for each split, in data/cropped."""

from pathlib import Path

from dcgan_inpainting.crop.archive import crop_archive
from dcgan_inpainting.crop.square import CropParams
from dcgan_inpainting.running.stage import run_stage

RAW = Path("data/raw")
CROPPED = Path("data/cropped")
REPORTS = Path("reports")


def work(params: CropParams) -> None:
    """Crop all images."""
    crop_archive(RAW / "images.zip", RAW / "partition.csv", params, CROPPED, REPORTS)


if __name__ == "__main__":
    run_stage("crop", CropParams, work)
