"""Images trained on a second, beside the plain loop and the machine's limit.

`python -m benchmarks.train`

The plain loop is the textbook one with the same networks: float32, a DataLoader that transforms
image by image, Adam as it comes, losses on probabilities' logits.
"""

import argparse
from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torchvision import transforms

from benchmarks.limit import limit
from benchmarks.measuring import measured, now, show
from dcgan_inpainting.common.images import Images
from dcgan_inpainting.common.settings import load_params
from dcgan_inpainting.networks.dcgan import Discriminator, Generator, initialise
from dcgan_inpainting.networks.devices import device
from dcgan_inpainting.networks.distribution import start
from dcgan_inpainting.process.command_line import reporting
from dcgan_inpainting.train.loop import fit
from dcgan_inpainting.train.params import TrainParams
from dcgan_inpainting.train.validation import Validator
from dcgan_inpainting.training.history import Row

WARM_UP = 10  # steps before the clock starts
COUNT, SIDE = 2048, 64  # of random images: what they show does not change the speed


def settings(width: int, batch_size: int, generator_steps: int) -> TrainParams:
    """Return params.yaml's settings with the benchmark's own."""
    values = load_params()["train"]
    return TrainParams.model_validate(
        {**values, "width": width, "batch_size": batch_size, "generator_steps": generator_steps}
    )


def random_images(count: int = COUNT, side: int = SIDE) -> Images:
    """Return noise, uint8, count×side×side×3."""
    return np.random.default_rng(1).integers(0, 256, (count, side, side, 3), np.uint8)


class Clock:
    """An observer that notes when it is told of each step."""

    def __init__(self) -> None:
        self.marks: list[tuple[int, float]] = []

    def resumed(self, images: int, pictures: Mapping[int, bytes]) -> None:
        """Never happens: nothing is kept."""

    def progressed(self, progress: Row) -> None:
        """Note the time."""
        self.marks.append((int(progress["images"]), now()))

    def validated(self, validation: Row, picture: Images) -> None:
        """The last step's comes after the last mark."""


def ours(
    params: TrainParams, steps: int, count: int = COUNT, side: int = SIDE
) -> tuple[int, float]:
    """Train as the stage does, but for validations."""
    total = (WARM_UP + steps) * params.batch_size
    changes = {"images": total, "epochs": None, "validate_every": total, "samples": 1}
    length = params.model_copy(update=changes)
    images, clock = random_images(count, side), Clock()
    validator = Validator(images, images[:8], length)
    fabric = start(1, 1, "auto", params.precision)
    fit(images, validator, length, fabric, observer=clock)
    (first, began), (last, ended) = clock.marks[WARM_UP - 1], clock.marks[-1]
    return last - first, ended - began


def plain(params: TrainParams, steps: int) -> tuple[int, float]:
    """Train as a textbook does."""
    architecture = params.architecture(SIDE)
    generator, discriminator = Generator(architecture), Discriminator(architecture)
    for network in (generator, discriminator):
        initialise(network, torch.Generator().manual_seed(1))
        network.to(device())
    betas = (params.beta1, 0.999)
    g_adam = torch.optim.Adam(generator.parameters(), params.learning_rate, betas)
    d_adam = torch.optim.Adam(discriminator.parameters(), params.learning_rate, betas)
    criterion = nn.BCEWithLogitsLoss()
    transform = transforms.Compose(
        [
            transforms.ToPILImage(),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize((0.5,) * 3, (0.5,) * 3),
        ]
    )
    dataset = [(image, 0) for image in random_images()]
    loader: Iterable[Tensor] = torch.utils.data.DataLoader(
        dataset,  # type: ignore[arg-type]
        params.batch_size,
        shuffle=True,
        drop_last=True,
        collate_fn=lambda items: torch.stack([transform(image) for image, _ in items]),
    )
    ones = torch.ones(params.batch_size, device=device())
    began, done = now(), 0
    while done < WARM_UP + steps:
        for real in loader:
            if done == WARM_UP:
                began = now()
            d_adam.zero_grad()
            criterion(discriminator(real.to(device())), 0.9 * ones).backward()
            z = torch.randn(params.batch_size, params.latent_dim, device=device())
            fake = generator(z)
            criterion(discriminator(fake.detach()), 0 * ones).backward()
            d_adam.step()
            for update in range(params.generator_steps):
                g_adam.zero_grad()
                fake = fake if update == 0 else generator(torch.randn_like(z))
                loss = criterion(discriminator(fake), ones)
                loss.backward()
                g_adam.step()
            loss.item()
            done += 1
            if done == WARM_UP + steps:
                break
    return steps * params.batch_size, now() - began


def compare(title: str, params: TrainParams, *, steps: int, references: int) -> float:
    """Time ours beside the plain loop and the machine's limit, print it all, return ours's rate.

    Args:
        title: stands above the figures.
        params: the settings.
        steps: to time of ours.
        references: steps to time of the plain loop, and of ours in float32.

    Returns:
        Images a second.
    """
    name = f"ours, {params.precision}"
    exact = params.model_copy(update={"precision": "float32"})
    results = {
        "plain loop, float32": measured(plain, params, references),
        "ours, float32": measured(ours, exact, references),
        name: measured(ours, params, steps),
    }
    show(f"{title}; {torch.get_num_threads()} threads, {device().type}", results)
    bound, rate = limit(params), results[name].rate
    step = params.batch_size / rate
    print(
        f"  a step takes {1000 * step:.1f} ms, its convolutions alone "
        f"{1000 * bound.convolutions:.1f} ms ({bound.convolutions / step:.0%}); at the "
        f"{bound.peak / 1e9:.0f} GFLOP/s of a matrix product {1000 * bound.matrix:.1f} ms "
        f"({bound.matrix / step:.0%})"
    )
    return rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=60, help="steps to time, up to 400")
    steps = parser.parse_args().steps
    values = load_params()["train"]
    default = values["width"], values["batch_size"], values["generator_steps"]
    for width, batch_size, generator_steps in (default, (32, 32, 2), (64, 128, 2)):
        title = f"training: width {width}, batch {batch_size}, G steps a D step: {generator_steps}"
        timed = max(5, steps * 32 // batch_size // (width // 16))
        params = settings(width, batch_size, generator_steps)
        compare(title, params, steps=timed, references=timed)


if __name__ == "__main__":
    with reporting("train"):
        main()
