"""Images cropped a second, and peak memory, beside the plain way: `python -m benchmarks.crop`.

The plain way is torchvision's ImageFolder over unpacked files, with Pillow, CenterCrop and Resize.
Each measurement runs in a process of its own, so that each has its own peak memory.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from dcgan_inpainting import packing, parallel
from dcgan_inpainting.crop_archive import crop_archive
from dcgan_inpainting.cropping import CropParams
from dcgan_inpainting.drawing import draw_faces
from dcgan_inpainting.partition import Entry, by_position, write_partition


def peak_memory() -> float:
    """Return the most memory that this process has held, in MiB (Linux and macOS)."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def measured(work: Callable[[Path, int], int], folder: Path, size: int) -> tuple[float, float]:
    """Run `work` in a fresh process; return images a second and the MiB that it added."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_measure, work, folder, size).result()


def _measure(work: Callable[[Path, int], int], folder: Path, size: int) -> tuple[float, float]:
    before = peak_memory()
    start = time.perf_counter()
    count = work(folder, size)
    return count / (time.perf_counter() - start), peak_memory() - before


def plain(folder: Path, size: int) -> int:
    """Crop the unpacked files one after the other into one .npy."""
    from torchvision import transforms
    from torchvision.datasets import ImageFolder

    steps = transforms.Compose([transforms.CenterCrop(size), transforms.Resize(64)])
    images = ImageFolder(str(folder / "unpacked"), transform=steps)
    crops = np.empty((len(images), 64, 64, 3), np.uint8)
    for row, (image, _) in enumerate(images):
        crops[row] = np.asarray(image)
    np.save(folder / "plain.npy", crops)
    return len(images)


def ours(folder: Path, size: int, threads: int | None = None) -> int:
    """Crop the zip as the stage does."""
    params = CropParams(size=size, offset_x=0, offset_y=0, image_size=64, max_unreadable=0)
    raw = (folder / "images.zip", folder / "partition.csv")
    return crop_archive(*raw, params, folder / "ours", folder, threads=threads)["images"]


def ours_on_one_core(folder: Path, size: int) -> int:
    """Crop the zip as the stage does, with one thread."""
    return ours(folder, size, 1)


def prepare(folder: Path, archive: Path | None, count: int) -> None:
    """Put images.zip (at most `count` images), its partition and the unpacked files in `folder`."""
    if archive is None:
        draw_faces(folder / "images.zip", count, seed=1)
    else:
        with packing.opened(archive) as opened:
            names = packing.image_names(opened)[:count]
            packing.pack(((name, opened.read(name)) for name in names), folder / "images.zip")
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
            "ours, 1 core": measured(ours_on_one_core, folder, args.size),
            f"ours, {parallel.cores()} cores": measured(ours, folder, args.size),
        }
    reference = next(iter(results.values()))[0]
    print(f"cropping {args.images} images: square of {args.size} px, scaled to 64")
    for title, (rate, memory) in results.items():
        ratio = rate / reference
        print(f"  {title:36} {rate:8.0f} images/s  ({ratio:5.2f} ×)  {memory:6.0f} MiB more")


if __name__ == "__main__":
    main()
