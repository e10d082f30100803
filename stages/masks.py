"""Draw the masks: data/masks/<kind>.npy, one mask for each image that is to be restored."""

import json
from pathlib import Path

import numpy as np

from dcgan_inpainting.common.files import write_text, writing
from dcgan_inpainting.common.images import columns_of, load_images, save_png
from dcgan_inpainting.masks.kinds import make_masks
from dcgan_inpainting.masks.own import read_masks
from dcgan_inpainting.masks.params import OWN, MasksParams
from dcgan_inpainting.running.stage import fresh_folder, run_stage

CROPPED = Path("data/cropped")
MASKS = Path("data/masks")
SHEET = Path("reports/masks.png")


def work(params: MasksParams) -> None:
    """Draw every kind, and a sheet with a column for each."""
    images = load_images(CROPPED / f"{params.split}.npy")
    count, size = min(len(images), params.images or len(images)), images.shape[1]
    fresh_folder(MASKS)
    columns = []
    for kind in params.kinds:
        if kind == OWN:
            known = read_masks(params.folder, count, size)
        else:
            known = make_masks(kind, count, size, params.stream)
        with writing(MASKS / f"{kind}.npy"):
            np.save(MASKS / f"{kind}.npy", known)
        columns.append(np.where(known[:8, ..., None], images[: len(known[:8])], np.uint8(255)))
    listing = {"split": params.split, "kinds": params.kinds}
    write_text(MASKS / "masks.json", json.dumps(listing, indent=2) + "\n")
    SHEET.parent.mkdir(parents=True, exist_ok=True)
    save_png(columns_of(columns), SHEET)


if __name__ == "__main__":
    run_stage("masks", MasksParams, work)
