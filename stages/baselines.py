"""Fill the holes of one kind of mask by each baseline: data/baselines/<kind>/<name>.npy."""

from pathlib import Path

import numpy as np
from tqdm import tqdm

from dcgan_inpainting.baselines.methods import BASELINES
from dcgan_inpainting.baselines.params import BaselinesParams
from dcgan_inpainting.common.growing_array import growing_array
from dcgan_inpainting.common.images import load_images, load_masks
from dcgan_inpainting.running.stage import fresh_folder, kind_and_split, run_stage

CROPPED = Path("data/cropped")
MASKS = Path("data/masks")
FILLED = Path("data/baselines")
IMAGES_AT_ONCE = 4096  # some 500 MB at 64 pixels; `nearest` is fastest with many


def work(kind: str, split: str, params: BaselinesParams) -> None:
    """Fill all holes, in parts, so that the memory does not grow with the number of images."""
    images = load_images(CROPPED / f"{split}.npy")
    train = load_images(CROPPED / "train.npy", side=images.shape[1])
    known = load_masks(MASKS / f"{kind}.npy", images)
    folder = fresh_folder(FILLED / kind)
    for name in tqdm(params.methods, desc=f"baselines {kind}", unit=" methods"):
        fill = BASELINES[name](train)
        with growing_array(folder / f"{name}.npy", images.shape[1:], np.uint8) as append:
            for first in range(0, len(known), IMAGES_AT_ONCE):
                some = slice(first, min(first + IMAGES_AT_ONCE, len(known)))
                damaged = np.where(known[some, ..., None], images[some], np.uint8(0))
                append(fill(damaged, known[some]))


if __name__ == "__main__":
    arguments = kind_and_split(__doc__)
    run_stage(
        "baselines",
        BaselinesParams,
        lambda params: work(arguments.kind, arguments.split, params),
        item=arguments.kind,
    )
