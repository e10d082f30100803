"""The article's experiment over seeds: `python -m benchmarks.article`, then the queue.

It queues an experiment of DVC's for each choice of activations, each number of G's updates for
each of D's, and each seed. `dvc queue start -j 2` works them off. What each of them gave, a row for
each as CSV for docs/data, says

    python -m benchmarks.article --figures > docs/data/article/drawn.csv

No encoder and no U-Net is trained: holes are filled by the search of z alone, so that all they show
is how good the generator is. Settings of the data (such as those of CelebA) are added by -S, as DVC
takes them, with a --prefix of their own. 1:1 is trained twice: on as many images as 1:2, and for as
much time.
"""

import argparse
import csv
import subprocess
import sys
from collections.abc import Iterator
from itertools import product

from dcgan_inpainting.commands.results import json_of, of_revision
from dcgan_inpainting.common.errors import FaultError
from dcgan_inpainting.evaluate.metrics import HEADLINE, METRICS
from dcgan_inpainting.process.command_line import reporting

ACTIVATIONS = {"paper": ("relu", "leaky_relu"), "article": ("leaky_relu", "relu")}  # of G and D
MASKS = ("center", "half")
SHARED = (
    "encoder.images=0",
    "unet.images=0",
    "inpaint.encoder_share=0",
    "inpaint.depth=0",
    f"masks.kinds=[{','.join(MASKS)}]",
    "masks.images=120",
    "train.select=last",
)
COST = 1.45  # of a step of 1:2, in steps of 1:1: measured 1.41 and 1.49
TRAININGS = {"1:1": (1, 1.0), "1:1, as long": (1, COST), "1:2": (2, 1.0)}  # G's updates, images
LAST = 0.1  # share of the training whose losses are averaged


def name_of(prefix: str, activations: str, training: str, seed: int) -> str:
    """Return the name of an experiment: of two with the same name DVC keeps one."""
    words = training.replace(":", "-").replace(", as long", "-long")
    return f"{prefix}-{activations}-{words}-{seed}"


def queue(prefix: str, seeds: int, chosen: list[str], images: int, further: list[str]) -> None:
    """Queue all experiments, seed by seed, so that whatever is done first is whole."""
    for seed, activations, training in product(range(1, seeds + 1), chosen, TRAININGS):
        (of_g, of_d), (updates, times) = ACTIVATIONS[activations], TRAININGS[training]
        settings = [
            f"train.images={round(images * times)}",
            f"train.generator_steps={updates}",
            f"train.generator_activation={of_g}",
            f"train.discriminator_activation={of_d}",
            f"train.seed={seed}",
        ]
        options = [part for one in (*SHARED, *settings, *further) for part in ("-S", one)]
        name = name_of(prefix, activations, training, seed)
        if subprocess.run(["dvc", "exp", "run", "--queue", "--name", name, *options]).returncode:
            raise FaultError(f"{name} was not queued")


def of_one(name: str) -> dict[str, float]:
    """Return the figures of an experiment."""
    losses = of_revision(name, "reports/train/losses.csv")
    end = losses[losses.images > (1 - LAST) * losses.images.max()].mean()
    figures = {"D's loss": end.d_loss, "G's loss": end.g_loss, "G's gradient": end.g_grad_norm}
    figures["SWD"] = json_of(name, "reports/train/metrics.json")["swd"]
    headline = json_of(name, "reports/headline.json")
    for mask, metric in product(MASKS, HEADLINE):
        figures[f"{mask}: {METRICS[metric].label}"] = headline[metric][mask]
    return figures


def rows(prefix: str, seeds: int, chosen: list[str]) -> Iterator[dict[str, str]]:
    """Yield what each training gave, seed by seed.

    Raises:
        UserError: one of them is not done.
    """
    for seed, activations, training in product(range(1, seeds + 1), chosen, TRAININGS):
        figures = of_one(name_of(prefix, activations, training, seed))
        which = {"activations": activations, "G:D": training, "seed": str(seed)}
        yield which | {key: f"{value:.6g}" for key, value in figures.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--images", type=int, default=110_000, help="of each training, but as long")
    parser.add_argument("--activations", nargs="+", choices=ACTIVATIONS, default=[*ACTIVATIONS])
    parser.add_argument("--prefix", default="article", help="of the experiments' names")
    parser.add_argument("--figures", action="store_true", help="print what they gave")
    parser.add_argument("-S", "--set", action="append", default=[], metavar="KEY=VALUE")
    asked = parser.parse_args()
    which = asked.prefix, asked.seeds, asked.activations
    if asked.figures:
        first, *rest = rows(*which)
        table = csv.DictWriter(sys.stdout, [*first], lineterminator="\n")
        table.writeheader()
        table.writerows([first, *rest])
    else:
        queue(*which, asked.images, asked.set)


if __name__ == "__main__":
    with reporting("article"):
        main()
