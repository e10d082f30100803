"""Where the time of a training's steps goes: `python -m benchmarks.step_parts`.

The three trainings with params.yaml's settings, on noise, a few steps each under PyTorch's
profiler: milliseconds an image by kind of work. Start it with OMP_NUM_THREADS=1: of several threads
the profiler sees the first one's waiting as work.
"""

import argparse
import csv
import sys
from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.filling import NAMES, rate
from benchmarks.train import SIDE, WARM_UP
from dcgan_inpainting.common.settings import load_params
from dcgan_inpainting.networks.distribution import start
from dcgan_inpainting.process.command_line import reporting
from dcgan_inpainting.train.params import TrainParams
from dcgan_inpainting.train.updates import Trainer

# By the names of PyTorch's operators. Muon's work is all the matrix products that there are.
KINDS = {
    "convolutions, forward": ("aten::mkldnn_convolution", "aten::_convolution"),
    "convolutions, backward": ("aten::convolution_backward",),
    "batch norm": ("aten::native_batch_norm", "aten::native_batch_norm_backward"),
    "Adam": ("aten::_fused_adam_",),
    "Muon's matrix products": ("aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm"),
}
REST = "all else"


def train_gan(params: TrainParams, steps: int) -> None:
    """Take so many steps of the DCGAN's training, without its validations."""
    trainer = Trainer(params, SIDE, start(1, 1, "auto", params.precision))
    noise = torch.randn(params.batch_size, 3, SIDE, SIDE).to(memory_format=torch.channels_last)
    for _ in range(steps):
        trainer.step(noise)


def profiled(train: Callable[[], object], images: int) -> Mapping[str, float]:
    """Return the milliseconds an image of each kind of work, and of all.

    Args:
        train: does all of the work.
        images: how many it sees.
    """
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        train()
    kind_of = {operator: kind for kind, operators in KINDS.items() for operator in operators}
    spent = dict.fromkeys([*KINDS, REST], 0.0)
    for event in seen.key_averages():
        spent[kind_of.get(event.key, REST)] += event.self_cpu_time_total / 1000 / images
    return spent | {"together": sum(spent.values())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20, help="of each training")
    steps = parser.parse_args().steps
    values = load_params()
    gan = TrainParams.model_validate(values["train"])
    taken = WARM_UP + steps
    trainings = {"DCGAN": profiled(lambda: train_gan(gan, taken), taken * gan.batch_size)}
    seen = taken * values["encoder"]["batch_size"]
    for name in NAMES:
        trainings[name] = profiled(partial(rate, name, steps), seen)
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["ms an image", *trainings])
    for kind in trainings["DCGAN"]:
        table.writerow([kind, *(f"{spent[kind]:.2f}" for spent in trainings.values())])


if __name__ == "__main__":
    with reporting("step_parts"):
        main()
