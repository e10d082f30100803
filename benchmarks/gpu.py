"""All figures of training that want a GPU, in one short call: `python -m benchmarks.gpu`.

Images a second beside the plain float32 loop and the limit of the machine, for the default networks
and the article's; how long ten epochs of CelebA would take in the article's setting, multiplied out
from a run of at least 1,000 steps; and a profile of what a step spends its time on.
"""

import argparse

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.train import SIDE, WARM_UP, compare, random_images
from dcgan_inpainting.commands.presets import applied, read_preset
from dcgan_inpainting.common.settings import load_params
from dcgan_inpainting.networks.batches import Batches
from dcgan_inpainting.networks.devices import device
from dcgan_inpainting.networks.distribution import Rank, start
from dcgan_inpainting.process.command_line import reporting
from dcgan_inpainting.train.params import TrainParams
from dcgan_inpainting.train.updates import Trainer

CELEBA, EPOCHS = 202_599, 10
PROFILED = 20  # steps


def article() -> TrainParams:
    """Return the article's settings, in the processor's own precision."""
    values = applied(read_preset("article"), load_params())["train"]
    return TrainParams.model_validate({**values, "precision": "auto"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1000, help="steps to time of ours")
    steps = parser.parse_args().steps
    print(torch.cuda.get_device_name() if device().type == "cuda" else "no GPU: CPU")
    default = TrainParams.model_validate(load_params()["train"])
    for name, params in (("default", default), ("article", article())):
        title = f"{name}: width {params.width}, batch {params.batch_size}"
        rate = compare(title, params, steps=steps, references=max(5, steps // 5))
    seconds = CELEBA * EPOCHS / rate
    print(
        f"{EPOCHS} epochs of CelebA's {CELEBA} images: {seconds / 60:.1f} minutes, multiplied out"
    )
    _profile(article())


def _profile(params: TrainParams) -> None:
    fabric = start(1, 1, "auto", params.precision)
    trainer = Trainer(params, SIDE, fabric)
    batches = Batches(random_images(), params, Rank.of(fabric))
    for step in range(1, WARM_UP + 1):
        trainer.step(batches(step))
    kinds = [ProfilerActivity.CPU]
    order = "self_cpu_time_total"
    if device().type == "cuda":
        kinds.append(ProfilerActivity.CUDA)
        order = "self_cuda_time_total"
    with profile(activities=kinds) as profiled:
        for step in range(WARM_UP + 1, WARM_UP + 1 + PROFILED):
            trainer.step(batches(step))
    print(profiled.key_averages().table(sort_by=order, row_limit=15, max_name_column_width=50))


if __name__ == "__main__":
    with reporting("gpu"):
        main()
