"""Published protocols of inpainting, repeated: `python -m benchmarks.protocols > docs/data/…csv`.

It measures what the pipeline has restored, so first

    dvc exp run -S 'masks.kinds=[center_19,center_20,random_70,random_80]'

Each protocol has its own number of images, from the first of the test, and says of which image the
PSNR is: of the whole one, with the known pixels pasted back or as it was generated. The encoder has
a share of the latter, and its known pixels are the image's own: with `-S inpaint.encoder_share=0`
all of it is the generator's.
"""

import csv
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.images import load_images, load_masks
from dcgan_inpainting.evaluate import trials
from dcgan_inpainting.evaluate.comparison import measure
from dcgan_inpainting.evaluate.metrics import METRICS, interval
from dcgan_inpainting.inpaint.results import load_results
from dcgan_inpainting.process.command_line import reporting

CROPPED = Path("data/cropped")
SHOWN = ("psnr", "ssim", "hole_psnr")


@dataclass(frozen=True)
class Protocol:
    """What one publication measures."""

    source: str
    kind: str  # of mask
    images: int | None  # from the first; None = all


# Asim et al., "Invertible Generative Models for Inverse Problems", ICML 2020, has 12 images. Martin
# et al., "PnP-Flow", ICLR 2025, has 100 of 128 pixels with a box of 40: here its twin of 20.
PROTOCOLS = (
    Protocol("GlowIP", "center_19", 12),
    Protocol("GlowIP", "center_19", None),
    Protocol("PnP-Flow, box", "center_20", 100),
    Protocol("PnP-Flow, random", "random_70", 100),
    Protocol("FIRM, random", "random_80", 100),
)


def rows(protocol: Protocol) -> list[list[str]]:
    """Return the table's rows of a protocol, one for each method and way to paste."""
    split = trials.read_listing()["split"]
    images = load_images(CROPPED / f"{split}.npy")
    known = load_masks(trials.MASKS / f"{protocol.kind}.npy", images)
    count = min(protocol.images or len(known), len(known))
    others = trials.others_of([protocol.kind])
    _, trial = next(trials.read_trials(protocol.kind, images, others, count))
    found = load_results(trials.INPAINTED / protocol.kind)
    ours = f"{trials.our_method(protocol.kind)}, not pasted"
    trial = replace(trial, restored={**trial.restored, ours: np.array(found.raw[:count])})
    lines = []
    for name, figures in measure(trial).groupby("method", sort=False):
        cells = [
            f"{METRICS[metric].text(figures[metric].mean())} ± "
            f"{METRICS[metric].text(interval(figures[metric]))}"
            for metric in SHOWN
        ]
        lines.append([protocol.source, protocol.kind, str(count), str(name), *cells])
    return lines


def main() -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    labels = (METRICS[metric].label for metric in SHOWN)
    writer.writerow(["protocol", "mask", "images", "method", *labels])
    there = [protocol for protocol in PROTOCOLS if protocol.kind in trials.read_listing()["kinds"]]
    if not there:
        kinds = ",".join(dict.fromkeys(protocol.kind for protocol in PROTOCOLS))
        raise UserError(f"none of their masks is there: run -S 'masks.kinds=[{kinds}]' first")
    for protocol in there:
        writer.writerows(rows(protocol))


if __name__ == "__main__":
    with reporting("protocols"):
        main()
