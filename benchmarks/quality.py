"""Quality against time of each method, in one run: `python -m benchmarks.quality`.

It needs what `make repro` leaves: the trained networks, the training faces for the baselines, and
the validation faces, which no result is reported of. Each search is tried with ever more steps, so
that it shows as a curve.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from benchmarks.measuring import now
from dcgan_inpainting.baselines.methods import BASELINES
from dcgan_inpainting.common.images import Images, Method, load_images
from dcgan_inpainting.common.settings import load_params
from dcgan_inpainting.evaluate.metrics import HEADLINE, METRICS, quality
from dcgan_inpainting.evaluate.pairs import Pairs, Truth, View
from dcgan_inpainting.inpaint import params as settings
from dcgan_inpainting.inpaint.params import InpaintParams
from dcgan_inpainting.inpaint.restoration import as_method
from dcgan_inpainting.masks.kinds import make_masks
from dcgan_inpainting.networks.devices import device
from dcgan_inpainting.networks.unet import ENCODER, load_unet
from dcgan_inpainting.networks.weights import load_trained
from dcgan_inpainting.process.command_line import reporting

MODELS, CROPPED = Path("models"), Path("data/cropped")
KINDS = ("center", "pattern", "random", "half")


def searches() -> Iterator[tuple[str, InpaintParams]]:
    """Yield the name and the settings of each point of each curve."""
    default = InpaintParams.model_validate(load_params()["inpaint"])

    def changed(**changes: object) -> InpaintParams:
        return InpaintParams.model_validate({**default.model_dump(), **changes})

    for steps in (50, 150, 500, 1500):
        yield f"yeh, {steps} steps", changed(**{**settings.YEH, "steps": steps})
    alone = {"encoder_share": 0.0, "start": "random"}
    for steps in (10, 30, 100, 200):
        yield f"z alone, {steps} steps", changed(**alone, depth=0, steps=steps)
    for depth in (1, 2, 3):
        yield f"z, then {depth} blocks", changed(**alone, depth=depth)
    for steps in (0, 10, 30, 60, 100):
        depth_steps = max(1, steps * default.depth_steps // max(1, default.steps))
        yield f"latent, {steps} steps", changed(steps=steps, depth_steps=depth_steps)
    yield "encoder alone", changed(encoder_share=1.0, steps=0, depth=0, starts=1)


def measure(faces: Images, method: Method) -> tuple[float, list[str]]:
    """Return seconds an image, and the means of the HEADLINE metrics for each kind of hole."""
    figures, spent = [], 0.0
    for kind in KINDS:
        known = make_masks(kind, len(faces), faces.shape[1], seed=0)
        damaged = np.where(known[..., None], faces, np.uint8(0))
        start = now()
        restored = method(damaged, known)
        spent += now() - start
        found = quality(Pairs(Truth(faces, known), View(restored)))
        means = (METRICS[name].text(found[name].mean()).rjust(5) for name in HEADLINE)
        figures.append(" ".join(means).rjust(12))
    return spent / len(KINDS) / len(faces), figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=32, help="validation faces, of each kind")
    parser.add_argument("--without-yeh", action="store_true", help="which takes most of the time")
    args = parser.parse_args()
    faces = np.array(load_images(CROPPED / "val.npy")[: args.images])
    train = load_images(CROPPED / "train.npy")
    networks, encoder = load_trained(MODELS), load_unet(MODELS, ENCODER)
    methods = [
        *((name, make(train)) for name, make in BASELINES.items()),
        *((name, as_method(*networks, params, encoder=encoder)) for name, params in searches()),
    ]
    names = ", ".join(METRICS[name].label for name in HEADLINE)
    print(f"{len(faces)} faces, {torch.get_num_threads()} threads, {device().type}; {names}")
    print(f"{'':<24}{'s an image':>11}  " + "  ".join(f"{kind:<12}" for kind in KINDS))
    for name, method in methods:
        if not (args.without_yeh and name.startswith("yeh")):
            seconds, figures = measure(faces, method)
            print(f"{name:<24}{seconds:>11.3f}  " + "  ".join(figures), flush=True)


if __name__ == "__main__":
    with reporting("quality"):
        main()
