"""How fast the encoder and the U-Net learn: `python -m benchmarks.filling`.

In turns, so that whatever else the machine does hits both alike; on noise, since no step's time
depends on what is in the images. The networks have params.yaml's width.
"""

import argparse

import torch

from benchmarks.measuring import Measurement, show
from benchmarks.train import WARM_UP, Clock, random_images
from dcgan_inpainting.common.settings import load_params
from dcgan_inpainting.encoder.params import EncoderParams
from dcgan_inpainting.encoder.training import train_encoder
from dcgan_inpainting.encoder.validation import Validator
from dcgan_inpainting.networks.dcgan import Discriminator, Generator, initialise
from dcgan_inpainting.networks.devices import device
from dcgan_inpainting.process.command_line import reporting
from dcgan_inpainting.train.params import TrainParams
from dcgan_inpainting.unet.training import train_unet

NAMES = ("encoder", "unet")


def rate(name: str, steps: int, width: int | None = None, side: int = 64) -> tuple[int, float]:
    """Train one of them for so many steps; return how many images that were, and the seconds."""
    values = load_params()
    size = values["encoder"]["batch_size"]
    length = {"images": (WARM_UP + steps) * size, "validate_every": 10**9}
    params = EncoderParams.model_validate({**values["encoder"], **length})
    images, clock = random_images(side=side), Clock()
    validator = Validator(images[:1], ["center"], params.precision, 0)
    widths = {**values["train"], "width": width or values["train"]["width"]}
    architecture = TrainParams.model_validate(widths).architecture(side)
    if name == "unet":
        train_unet(images, validator, architecture, params, observer=clock)
    else:
        generator, discriminator = Generator(architecture), Discriminator(architecture)
        for network in (generator, discriminator):
            initialise(network, torch.Generator().manual_seed(0))
        train_encoder(images, validator, generator, discriminator, params, observer=clock)
    began, last = (
        next(mark for mark in clock.marks if mark[0] >= WARM_UP * size),
        clock.marks[-1],
    )
    return last[0] - began[0], last[1] - began[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=40, help="of each, each time")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    images, seconds = dict.fromkeys(NAMES, 0), dict.fromkeys(NAMES, 0.0)
    for _ in range(arguments.repeats):
        for name in NAMES:
            count, spent = rate(name, arguments.steps)
            images[name] += count
            seconds[name] += spent
    title = f"{torch.get_num_threads()} threads, {device().type}"
    show(title, {name: Measurement(images[name] / seconds[name], 0) for name in NAMES})


if __name__ == "__main__":
    with reporting("filling"):
        main()
