"""Each part of the search alone and left out: `python -m benchmarks.ablation`, then the queue.

It queues one experiment of DVC's for each, on the first validation faces, which no result is
reported of. `dvc queue start -j 2` works them off. What each gave, beside all parts together, says

    dvc exp apply ablation-all
    python -m benchmarks.compare $(python -m benchmarks.ablation --names)
"""

import argparse
import subprocess

from dcgan_inpainting.common.errors import FaultError
from dcgan_inpainting.common.settings import load_params
from dcgan_inpainting.process.command_line import reporting

PARTS = {  # part: the setting of params.yaml that is it, and the value without it
    "many-starts": ("starts", "1"),
    "cosine": ("schedule", "constant"),
    "weight-floor": ("weight_floor", "0"),
    "weight-of-z": ("latent_weight", "0"),
    "squares": ("distance", "l1"),
    "deeper-layers": ("depth", "0"),
    "encoder": ("encoder_share", "0"),
    "blending": ("blending", "paste"),
}


def experiments() -> dict[str, list[str]]:
    """Return the settings of each experiment by its name; a part is there as params.yaml has it."""
    default = load_params()["inpaint"]
    with_all = {part: f"{key}={default[key]}" for part, (key, _) in PARTS.items()}
    with_none = {part: f"{key}={without}" for part, (key, without) in PARTS.items()}
    return {
        "ablation-all": [*with_all.values()],
        "ablation-none": [*with_none.values()],
        **{
            f"ablation-only-{part}": [*{**with_none, part: with_all[part]}.values()]
            for part in PARTS
        },
        **{
            f"ablation-without-{part}": [*{**with_all, part: with_none[part]}.values()]
            for part in PARTS
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=60, help="validation faces, of each kind")
    parser.add_argument("--names", action="store_true", help="print the experiments' names alone")
    args = parser.parse_args()
    if args.names:
        print(" ".join(experiments()))
        return
    shared = ["masks.split=val", f"masks.images={args.images}"]
    for name, settings in experiments().items():
        overrides = [*shared, *(f"inpaint.{setting}" for setting in settings)]
        options = [option for override in overrides for option in ("-S", override)]
        command = ["dvc", "exp", "run", "--queue", "--name", name, *options]
        if subprocess.run(command).returncode:
            raise FaultError(f"{name} was not queued")


if __name__ == "__main__":
    with reporting("ablation"):
        main()
