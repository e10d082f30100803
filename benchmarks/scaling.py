"""What a step of each training and the search cost by width, batch, side and number of images.

`python -m benchmarks.scaling`. Each row changes one thing of the first of its block.
"""

import argparse
from typing import Any

import torch

from benchmarks import filling
from benchmarks.inpaint import ours as restoring
from benchmarks.measuring import measured
from benchmarks.train import COUNT, SIDE, ours
from dcgan_inpainting.common.settings import load_params, read_section
from dcgan_inpainting.inpaint.params import InpaintParams
from dcgan_inpainting.networks.devices import device
from dcgan_inpainting.process.command_line import reporting
from dcgan_inpainting.train.params import TrainParams

ROWS: tuple[dict[str, Any], ...] = (
    {},
    {"width": 12},
    {"width": 48},
    {"width": 96},
    {"batch_size": 8},
    {"batch_size": 128},
    {"side": 32},
    {"side": 128},
    {"count": 20_000},
    {"count": 200_000},
    {"generator_steps": 1},
    {"kernel_size": 5},
    {"precision": "float32"},
    {"augment": ("color", "translation", "cutout")},
    {"discriminator_norm": "spectral"},
    {"r1_weight": 1.0},
)


# Of the encoder's training and of the search: width and side.
OTHERS = ((None, 64), (48, 64), (96, 64), (None, 32), (None, 128))
RESTORED = 64  # images of a search


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=40, help="steps to time at batch 32")
    steps = parser.parse_args().steps
    trainings(steps)
    inpaint = read_section("inpaint", InpaintParams)
    print("the encoder's training, and the search")
    for width, side in OTHERS:
        name = f"width {width}" if width else f"side {side}"
        for what, found in (
            ("encoder", measured(filling.rate, "encoder", max(5, steps // 4), width, side)),
            ("search", measured(restoring, inpaint, RESTORED, width, side)),
        ):
            print(
                f"{f'{what}, {name}':55}{1000 / found.rate:23.2f}{found.memory:10.0f}", flush=True
            )


def trainings(steps: int) -> None:
    """Print what the DCGAN's training costs."""
    base = TrainParams.model_validate(load_params()["train"])
    print(f"{torch.get_num_threads()} threads, {device().type}; base: {_shown(base.model_dump())}")
    print(f"{'changed':44} {'images/s':>9} {'ms a step':>10} {'ms an image':>12} {'MiB more':>9}")
    for row in ROWS:
        changes = {key: value for key, value in row.items() if key not in ("side", "count")}
        params = base.model_copy(update=changes)
        timed = max(5, steps * 32 // params.batch_size)
        rate, memory = measured(ours, params, timed, row.get("count", COUNT), row.get("side", SIDE))
        name = ", ".join(f"{key} {value}" for key, value in row.items()) or "–"
        print(
            f"{name:44} {rate:9.1f} {1000 * params.batch_size / rate:10.1f} {1000 / rate:12.2f} "
            f"{memory:9.0f}",
            flush=True,
        )


def _shown(values: dict[str, Any]) -> str:
    keys = ("width", "batch_size", "generator_steps", "kernel_size", "precision")
    return ", ".join(f"{key} {values[key]}" for key in keys)


if __name__ == "__main__":
    with reporting("scaling"):
        main()
