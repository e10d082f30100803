"""Fill the holes of one kind of mask by one pass of each network: data/feedforward/<kind>/."""

from pathlib import Path

from tqdm import tqdm

from dcgan_inpainting.common.images import load_images, load_masks
from dcgan_inpainting.common.settings import read_section
from dcgan_inpainting.encoder.params import EncoderParams
from dcgan_inpainting.feedforward.methods import FEEDFORWARD, as_method
from dcgan_inpainting.inpaint.params import InpaintParams
from dcgan_inpainting.running.filled import write_filled
from dcgan_inpainting.running.stage import fresh_folder, kind_and_split, run_stage
from dcgan_inpainting.unet.params import UNetParams

CROPPED = Path("data/cropped")
MASKS = Path("data/masks")
MODELS = Path("models")
FILLED = Path("data/feedforward")


def work(kind: str, split: str) -> None:
    """Fill all holes with each network that was trained."""
    params = read_section("inpaint", InpaintParams).resolved()
    images = load_images(CROPPED / f"{split}.npy")
    known = load_masks(MASKS / f"{kind}.npy", images)
    folder = fresh_folder(FILLED / kind)
    images_seen = {
        "unet": read_section("unet", UNetParams).images,
        "encoder": read_section("encoder", EncoderParams).images,
    }
    trained = [name for name in FEEDFORWARD if images_seen[name]]
    for name in tqdm(trained, desc=f"feedforward {kind}", unit=" networks"):
        method = as_method(FEEDFORWARD[name](MODELS), params)
        write_filled(method, images, known, folder / f"{name}.npy")


if __name__ == "__main__":
    asked = kind_and_split(__doc__)
    run_stage("feedforward", None, lambda _: work(asked.kind, asked.split), item=asked.kind)
