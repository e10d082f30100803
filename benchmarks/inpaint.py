"""Images restored a second, beside the plain search: `python -m benchmarks.inpaint`.

The plain search is Yeh et al.'s as one writes it down first: one image at a time, 1,500 steps of
Adam on z, float32, the networks as they were trained. The networks here are untrained: what they
generate does not change the speed.
"""

import argparse

import numpy as np
import torch

from benchmarks.measuring import measured, now, show
from dcgan_inpainting.common.settings import load_params, read_section
from dcgan_inpainting.inpaint.objective import context_loss, neighbour_weights, prior_loss
from dcgan_inpainting.inpaint.params import InpaintParams
from dcgan_inpainting.inpaint.restoration import restore
from dcgan_inpainting.masks.kinds import make_masks
from dcgan_inpainting.networks.dcgan import Discriminator, Generator, initialise
from dcgan_inpainting.networks.devices import device
from dcgan_inpainting.networks.tensors import to_tensor
from dcgan_inpainting.networks.unet import UNet, initialise_unet
from dcgan_inpainting.process.command_line import reporting
from dcgan_inpainting.train.params import TrainParams


def networks(width: int | None, side: int) -> tuple[Generator, Discriminator, UNet]:
    """Return networks of params.yaml's architecture, or of another width, untrained."""
    params = read_section("train", TrainParams)
    architecture = params.model_copy(update={"width": width or params.width}).architecture(side)
    generator, discriminator = Generator(architecture), Discriminator(architecture)
    for network in (generator, discriminator):
        initialise(network, torch.Generator().manual_seed(1))
        network.eval().to(device())
    encoder = UNet(architecture)
    initialise_unet(encoder, torch.Generator().manual_seed(1))
    return generator, discriminator, encoder.eval()


def problem(count: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return noise images and their center masks."""
    images = np.random.default_rng(1).integers(0, 256, (count, side, side, 3), np.uint8)
    return images, make_masks("center", count, side, 1)


def plain(steps: int) -> tuple[int, float]:
    """Restore one image."""
    generator, discriminator, _ = networks(None, 64)
    images, known = problem(1, 64)
    target = to_tensor(images).to(device())
    weights = neighbour_weights(torch.from_numpy(known), 7, 0.0, inside=True).to(device())
    z = torch.randn(1, generator.latent_dim, device=device()).requires_grad_(True)
    adam = torch.optim.Adam([z], 0.01)
    start = now()
    for _ in range(steps):
        adam.zero_grad()
        generated = generator(z)
        loss = context_loss(generated, target, weights, "l1")
        loss = loss + 0.003 * prior_loss(discriminator(generated), "log_one_minus_d")
        torch.autograd.backward(loss.sum())
        adam.step()
        with torch.no_grad():
            z.clamp_(-1, 1)
    return 1, now() - start


def ours(
    params: InpaintParams, count: int, width: int | None = None, side: int = 64
) -> tuple[int, float]:
    """Restore `count` images as the stage does."""
    generator, discriminator, encoder = networks(width, side)
    images, known = problem(count, side)
    start = now()
    restore(images, known, generator, discriminator, params, encoder=encoder)
    return count, now() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=128, help="images of the default method")
    parser.add_argument("--yeh", type=int, default=64, help="images of the method yeh")
    args = parser.parse_args()
    values = load_params()["inpaint"]
    latent = InpaintParams.model_validate({**values, "method": "latent"})
    yeh = InpaintParams.model_validate({**values, "method": "yeh"})
    results = {
        "plain: one image at a time, 1,500 steps": measured(plain, 1500),
        "ours, method yeh: 1,500 steps, batched": measured(ours, yeh, args.yeh),
        f"ours, method latent: {latent.steps} steps": measured(ours, latent, args.images),
    }
    show(f"restoring center holes, {torch.get_num_threads()} threads, {device().type}", results)


if __name__ == "__main__":
    with reporting("inpaint"):
        main()
