"""A zip of images as one array of crops for each split."""

import json
import logging
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from dcgan_inpainting.common import zips
from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.files import replacing, write_csv
from dcgan_inpainting.common.growing_array import growing_array
from dcgan_inpainting.common.images import grid, save_png
from dcgan_inpainting.common.partition import SPLITS, read_partition
from dcgan_inpainting.crop.square import CropParams, Crops, Unreadable, crop_files
from dcgan_inpainting.process import parallel
from dcgan_inpainting.process.cores import cores

log = logging.getLogger(__name__)

_CHUNK = 64  # images a task: few enough for a smooth bar, enough to hide the cost of a task
_A_FEW = 5  # unreadable images that stop no crop, however small the share that may be


def crop_archive(
    archive: Path,
    partition: Path,
    params: CropParams,
    folder: Path,
    reports: Path,
    *,
    threads: int | None = None,
) -> dict[str, int]:
    """Crop every image of a zip into one array for each split.

    Writes folder/{train,val,test}.npy (uint8, N×S×S×3), folder/index.csv (split, row, file),
    reports/crop.json (the counts), reports/unreadable.csv (file, reason) and reports/crop.png
    (36 crops). Images keep the partition's order, and the bytes don't depend on the number of
    threads. Memory doesn't depend on the number of images, but for the list of their names.

    Args:
        archive: the zip.
        partition: CSV of file and split.
        params: which square, how large, and how many images may be unreadable.
        folder: where the arrays go; made where it is missing.
        reports: where the reports go; made where it is missing.
        threads: how many to use; None = one for each core that the stage uses.

    Returns:
        the counts: images (cropped), unreadable, train, val, test.

    Raises:
        UserError: too many unreadable images, a split without any, or a missing input.
    """
    entries = read_partition(partition)
    kept: dict[str, list[str]] = {split: [] for split in SPLITS}
    unreadable: list[Unreadable] = []
    side = params.image_size
    with zips.opened(archive) as opened, tqdm(total=len(entries), unit="img") as bar:
        for split in SPLITS:
            files = [entry.file for entry in entries if entry.split == split]
            with growing_array(folder / f"{split}.npy", (side, side, 3), np.uint8) as append:
                for crops in _in_chunks(opened, files, params, threads or cores()):
                    append(crops.images)
                    kept[split] += crops.files
                    unreadable += crops.unreadable
                    bar.update(len(crops.files) + len(crops.unreadable))
                    _refuse_too_many(unreadable, int(bar.n), len(entries), params, reports)
            if not kept[split]:
                raise UserError(_empty(split))
    if unreadable:
        log.warning(
            "%d of %d images give no crop: %s; %s",
            *(len(unreadable), len(entries), _first(unreadable)),
            f"all of them: {reports / 'unreadable.csv'}",
        )
    rows = ((split, row, file) for split in SPLITS for row, file in enumerate(kept[split]))
    write_csv(folder / "index.csv", ("split", "row", "file"), rows)
    _write_unreadable(unreadable, reports)
    _write_picture(folder / "train.npy", reports / "crop.png")
    counts = {split: len(kept[split]) for split in SPLITS}
    counts = {"images": sum(counts.values()), "unreadable": len(unreadable), **counts}
    with replacing(reports / "crop.json") as temporary:
        temporary.write_text(json.dumps(counts, indent=2) + "\n", encoding="utf-8")
    return counts


def _in_chunks(
    archive: zipfile.ZipFile, files: Sequence[str], params: CropParams, threads: int
) -> Iterator[Crops]:
    # The threads share one ZipFile, which locks each read: its table of contents takes longer
    # to load, and more memory, than the locks cost. torch must not start threads in each thread.
    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        yield from parallel.in_order(
            pool,
            lambda chunk: crop_files(archive, chunk, params),
            parallel.chunks(files, _CHUNK),
            ahead=2 * threads,
        )


def _refuse_too_many(
    unreadable: list[Unreadable], seen: int, total: int, params: CropParams, reports: Path
) -> None:
    if len(unreadable) <= _allowed(total, params.max_unreadable):
        return
    _write_unreadable(unreadable, reports)
    raise UserError(
        f"{len(unreadable)} of the first {seen} images ({total} in all) give no crop: "
        f"{_first(unreadable)}; all of them so far: {reports / 'unreadable.csv'}. "
        f"What to do: {_advice(unreadable, params)}"
    )


def _allowed(total: int, share: float) -> int:
    """Return how many of `total` images may be unreadable: at least a few, but for a share of 0."""
    return max(int(share * total), min(_A_FEW, total // 2)) if share else 0


def _first(unreadable: list[Unreadable]) -> str:
    return "; ".join(f"{item.file}: {item.reason}" for item in unreadable[:3])


def _advice(unreadable: list[Unreadable], params: CropParams) -> str:
    advice = f"mend the source, or raise crop.max_unreadable (now {params.max_unreadable})"
    small = [item.fits for item in unreadable if item.fits]
    if small:
        advice = (
            f"set crop.size to {min(small)} or less (CelebA at half its size takes 54 where the "
            f"full size takes 108), or to null for the largest square of each image; or {advice}"
        )
    if any(item.fits == 0 for item in unreadable):
        now = f"now {params.offset_x}, {params.offset_y}"
        advice = f"bring crop.offset_x and crop.offset_y nearer to 0 ({now}); or {advice}"
    return advice


def _empty(split: str) -> str:
    share = (
        f"raise download.{split}_fraction" if split != "train" else "lower download.val_fraction"
    )
    return f"no image is left for the split '{split}': {share}, or use more images"


def _write_unreadable(unreadable: list[Unreadable], reports: Path) -> None:
    rows = ((item.file, item.reason) for item in unreadable)
    write_csv(reports / "unreadable.csv", ("file", "reason"), rows)


def _write_picture(array: Path, path: Path) -> None:
    images = np.load(array, mmap_mode="r")
    shown = np.linspace(0, len(images) - 1, min(36, len(images))).astype(int)
    with replacing(path) as temporary:
        save_png(grid(images[shown]), temporary)
