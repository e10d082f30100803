"""Whole faces found again through z: how much of the faces of the world a generator can make.

A generator whose samples look good may still leave faces out. What it can't make with every pixel
known, it will not restore with some of them missing.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dcgan_inpainting.common.images import Images
from dcgan_inpainting.networks.choices import Precision
from dcgan_inpainting.networks.dcgan import Generator
from dcgan_inpainting.networks.devices import autocast
from dcgan_inpainting.networks.frozen import freeze
from dcgan_inpainting.networks.schedules import half_cosine
from dcgan_inpainting.networks.tensors import to_tensor, to_uint8

STARTS = 256
STEPS = 60
LEARNING_RATE = 0.1  # Adam's first step of z, which falls to zero by half a cosine
PENALTY = 0.001  # of z's mean square, beside the mean squared error in units of 0…1: keeps z likely


@dataclass(frozen=True)
class Reconstruction:
    """What the search found for N images."""

    images: Images  # G(z), uint8, N×S×S×3
    psnr: NDArray[np.float64]  # of each against its image, in dB, shape N


def reconstruct(
    images: Images, generator: Generator, precision: Precision, seed: int
) -> Reconstruction:
    """Search, for each image, the z whose G(z) is nearest to all of it.

    The best of some random z, then Adam on the mean squared error and a penalty on long z, which
    is the maximum a posteriori of a normal prior (Bora et al., "Compressed Sensing using Generative
    Models", ICML 2017, section 6). Every training has the same budget, so figures compare; they
    are below what a longer search would reach.

    Args:
        images: uint8, N×S×S×3.
        generator: with the batch-norm statistics of its weights; not changed.
        precision: arithmetic of the search.
        seed: of the starts.
    """
    generator = freeze(generator)
    target = to_tensor(images).to(next(generator.parameters()).device)
    z = _starts(generator, target, precision, seed).requires_grad_(True)
    adam = torch.optim.Adam([z])
    for step in range(STEPS):
        adam.param_groups[0]["lr"] = LEARNING_RATE * half_cosine(step, STEPS)
        with autocast(precision):
            made = generator(z).float()
        # A quarter, because the squares are of values in −1…1. The sum over the images: each z
        # moves on its own. Not mean() of the pixels: see encoder.training.psnr_of.
        errors = (made - target).square().sum((1, 2, 3)) / target[0].numel()
        loss = (errors / 4 + PENALTY * z.square().mean(1)).sum()
        (z.grad,) = torch.autograd.grad(loss, z)
        adam.step()
    with torch.no_grad(), autocast(precision):
        found = to_uint8(generator(z))
    error = (found.astype(np.float64) - images) ** 2
    return Reconstruction(found, 10 * np.log10(255**2 / error.mean((1, 2, 3)).clip(1e-3)))


@torch.no_grad()
def _starts(generator: Generator, target: Tensor, precision: Precision, seed: int) -> Tensor:
    """Return, for each image, the nearest of STARTS random z, N×latent_dim."""
    rng = torch.Generator().manual_seed(seed)
    z = torch.randn(STARTS, generator.latent_dim, generator=rng).to(target.device)
    with autocast(precision):
        made = generator(z).float()
    return z[torch.cdist(target.flatten(1), made.flatten(1)).argmin(1)]
