"""What it does to Yeh et al.'s search to keep z within ±1: `python -m benchmarks.clipping`.

G was trained on z of a normal distribution, of whose components a third lie beyond ±1. It needs
what `make repro` leaves: the trained networks and the validation faces, which no result is reported
of. It prints a table as docs/data has them; `less ±1` is image by image.
"""

import argparse
import csv
import sys
from pathlib import Path

import numpy as np
import torch

from dcgan_inpainting.common.images import load_images
from dcgan_inpainting.common.settings import load_params
from dcgan_inpainting.evaluate.metrics import METRICS, hole_psnr, interval
from dcgan_inpainting.evaluate.pairs import Pairs, Truth, View
from dcgan_inpainting.inpaint.params import YEH, InpaintParams
from dcgan_inpainting.inpaint.restoration import restore
from dcgan_inpainting.masks.kinds import make_masks
from dcgan_inpainting.networks.devices import device
from dcgan_inpainting.networks.weights import load_trained
from dcgan_inpainting.process.command_line import reporting

MODELS, CROPPED = Path("models"), Path("data/cropped")
KINDS = ("center", "random")
BOUNDS = {"±1": 1.0, "±2": 2.0, "none": None}
HEADER = ("mask", "bound", "hole PSNR [dB]", "less ±1", "at the bound", "beyond ±1", "RMS of z")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=24, help="validation faces, of each kind")
    parser.add_argument("--steps", type=int, default=YEH["steps"], help="of the search")
    args = parser.parse_args()
    faces = np.array(load_images(CROPPED / "val.npy")[: args.images])
    networks = load_trained(MODELS)
    default = {**load_params()["inpaint"], **YEH, "method": "latent", "steps": args.steps}
    metric = METRICS["hole_psnr"]
    threads = torch.get_num_threads()
    print(f"{len(faces)} faces, {args.steps} steps, {threads} threads, {device()}", file=sys.stderr)
    lines = csv.writer(sys.stdout, lineterminator="\n")
    lines.writerow(HEADER)
    for kind in KINDS:
        known = make_masks(kind, len(faces), faces.shape[1], seed=0)
        within_1 = None
        for name, bound in BOUNDS.items():
            params = InpaintParams.model_validate({**default, "clip": bound})
            found = restore(faces, known, *networks, params)
            psnr = hole_psnr(Pairs(Truth(faces, known), View(found.composite)))
            within_1 = psnr if within_1 is None else within_1
            size = np.abs(found.z)
            lines.writerow(
                [
                    kind,
                    name,
                    f"{metric.text(psnr.mean())} ± {metric.text(interval(psnr))}",
                    metric.gain((psnr - within_1).mean(), interval(psnr - within_1)),
                    "–" if bound is None else f"{100 * (size >= bound).mean():.0f} %",
                    f"{100 * (size > 1).mean():.0f} %",
                    f"{np.sqrt((size**2).mean()):.2f}",
                ]
            )


if __name__ == "__main__":
    with reporting("clipping"):
        main()
