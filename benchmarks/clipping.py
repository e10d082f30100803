"""What it does to Yeh et al.'s search to keep z within ±1: `python -m benchmarks.clipping`.

G was trained on z of a normal distribution, of whose components a third lie beyond ±1. It needs
what `make repro` leaves: the trained networks and the validation faces, which no result is reported
of. It prints a table in Markdown.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from benchmarks.tables import table
from dcgan_inpainting.common.images import load_images
from dcgan_inpainting.common.settings import load_params
from dcgan_inpainting.evaluate.metrics import METRICS, Pairs, hole_psnr, interval
from dcgan_inpainting.inpaint.params import YEH, InpaintParams
from dcgan_inpainting.inpaint.restoration import restore
from dcgan_inpainting.masks.kinds import make_masks
from dcgan_inpainting.networks.devices import device
from dcgan_inpainting.networks.weights import load_trained
from dcgan_inpainting.process.command_line import reporting

MODELS, CROPPED = Path("models"), Path("data/cropped")
KINDS = ("center", "random")
BOUNDS = (1.0, 2.0, None)
HEADER = ["mask", "clip", "hole PSNR [dB]", "less clip 1", "at the bound", "beyond ±1", "RMS of z"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=24, help="validation faces, of each kind")
    parser.add_argument("--steps", type=int, default=YEH["steps"], help="of the search")
    args = parser.parse_args()
    faces = np.array(load_images(CROPPED / "val.npy")[: args.images])
    networks = load_trained(MODELS)
    default = load_params()["inpaint"]
    metric, rows = METRICS["hole_psnr"], []
    for kind in KINDS:
        known = make_masks(kind, len(faces), faces.shape[1], seed=0)
        first = None
        for bound in BOUNDS:
            settings = {**default, **YEH, "method": "latent", "steps": args.steps, "clip": bound}
            found = restore(faces, known, *networks, InpaintParams.model_validate(settings))
            psnr = hole_psnr(Pairs(faces, found.composite, known))
            first = psnr if first is None else first
            size = np.abs(found.z)
            rows.append(
                [
                    kind,
                    "none" if bound is None else f"±{bound:g}",
                    f"{metric.text(psnr.mean())} ± {metric.text(interval(psnr))}",
                    metric.gain((psnr - first).mean(), interval(psnr - first)),
                    "–" if bound is None else f"{(size >= bound).mean():.1%}",
                    f"{(size > 1).mean():.1%}",
                    f"{np.sqrt((found.z**2).mean()):.2f}",
                ]
            )
    print(
        f"{len(faces)} faces, {args.steps} steps, {torch.get_num_threads()} threads, {device()}\n"
    )
    print(table(HEADER, iter(rows)))


if __name__ == "__main__":
    with reporting("clipping"):
        main()
