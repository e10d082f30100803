"""Fill the holes of one kind of mask by each baseline: data/baselines/<kind>/<name>.npy."""

from pathlib import Path

from tqdm import tqdm

from dcgan_inpainting.baselines.methods import BASELINES
from dcgan_inpainting.baselines.params import BaselinesParams
from dcgan_inpainting.common.images import load_images, load_masks
from dcgan_inpainting.running.filled import write_filled
from dcgan_inpainting.running.stage import fresh_folder, kind_and_split, run_stage

CROPPED = Path("data/cropped")
MASKS = Path("data/masks")
FILLED = Path("data/baselines")


def work(kind: str, split: str, params: BaselinesParams) -> None:
    """Fill all holes by each of them."""
    images = load_images(CROPPED / f"{split}.npy")
    train = load_images(CROPPED / "train.npy", side=images.shape[1])
    known = load_masks(MASKS / f"{kind}.npy", images)
    folder = fresh_folder(FILLED / kind)
    for name in tqdm(params.methods, desc=f"baselines {kind}", unit=" methods"):
        write_filled(BASELINES[name](train), images, known, folder / f"{name}.npy")


if __name__ == "__main__":
    asked = kind_and_split(__doc__)
    run_stage(
        "baselines",
        BaselinesParams,
        lambda params: work(asked.kind, asked.split, params),
        item=asked.kind,
    )
