"""Images cropped a second, and peak memory, beside the plain way: `python -m benchmarks.crop`.

The plain way is torchvision's ImageFolder over unpacked files, with Pillow, CenterCrop and Resize.
"""

import argparse
import importlib
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np

from benchmarks.measuring import measured, show
from dcgan_inpainting.common import zips
from dcgan_inpainting.common.decoding import MAX_PIXELS
from dcgan_inpainting.common.partition import Entry, by_position, write_partition
from dcgan_inpainting.crop.archive import crop_archive
from dcgan_inpainting.crop.square import CropParams
from dcgan_inpainting.download.drawn_faces.write import draw_faces
from dcgan_inpainting.process.command_line import reporting
from dcgan_inpainting.process.cores import cores


def plain(folder: Path, size: int) -> tuple[int, float]:
    """Crop the unpacked files one after the other into one .npy."""
    from torchvision import transforms
    from torchvision.datasets import ImageFolder

    start = time.perf_counter()
    steps = transforms.Compose([transforms.CenterCrop(size), transforms.Resize(64)])
    images = ImageFolder(str(folder / "unpacked"), transform=steps)
    crops = np.empty((len(images), 64, 64, 3), np.uint8)
    for row, (image, _) in enumerate(images):
        crops[row] = np.asarray(image)
    np.save(folder / "plain.npy", crops)
    return len(images), time.perf_counter() - start


def ours(folder: Path, size: int, threads: int) -> tuple[int, float]:
    """Crop the zip as the stage does, torchvision's 2 s of import left out here as there."""
    importlib.import_module("torchvision")

    start = time.perf_counter()
    params = CropParams(
        size=size,
        offset_x=0,
        offset_y=0,
        image_size=64,
        max_pixels=MAX_PIXELS,
        max_unreadable=0,
    )
    raw = (folder / "images.zip", folder / "partition.csv")
    count = crop_archive(*raw, params, folder / "ours", folder, threads=threads)["images"]
    return count, time.perf_counter() - start


def prepare(folder: Path, archive: Path | None, count: int) -> None:
    """Put images.zip (at most `count` images), its partition and the unpacked files in `folder`."""
    if archive is None:
        draw_faces(folder / "images.zip", count, seed=1)
    else:
        with zips.opened(archive) as opened:
            names = zips.image_names(opened)[:count]
            zips.pack(((name, opened.read(name)) for name in names), folder / "images.zip")
    with zipfile.ZipFile(folder / "images.zip") as packed:
        names = packed.namelist()
        packed.extractall(folder / "unpacked" / "class")
    splits = by_position(len(names), 0.04, 0.04)
    write_partition(map(Entry, names, splits), folder / "partition.csv")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--archive", type=Path, help="a zip of images; drawn faces without it")
    parser.add_argument("--images", type=int, default=3000, help="how many")
    parser.add_argument("--size", type=int, default=108, help="side of the square in pixels")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, args.archive, args.images)
        results = {
            "plain: ImageFolder, Pillow, 1 core": measured(plain, folder, args.size),
            "ours, 1 core": measured(ours, folder, args.size, 1),
            f"ours, {cores()} cores": measured(ours, folder, args.size, cores()),
        }
    show(f"cropping {args.images} images: square of {args.size} px, scaled to 64", results)


if __name__ == "__main__":
    with reporting("crop"):
        main()
