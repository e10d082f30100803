"""Where the search begins."""

import math

import torch
from torch import Tensor

from dcgan_inpainting.devices import autocast
from dcgan_inpainting.encoder.network import Encoder
from dcgan_inpainting.inpainting.problem import Problem
from dcgan_inpainting.latent import Latent, uncorrected
from dcgan_inpainting.objective import squared_distances

START_BATCH = 512  # starts generated at once: bounds the memory whatever their number


@torch.no_grad()
def encoded(problem: Problem, encoder: Encoder) -> Latent:
    """Return where the encoder believes each image to lie."""
    with autocast(problem.params.precision):
        latent, _ = encoder(problem.target, problem.known.float(), problem.generator)
    z, *corrections = (part.float() for part in latent.parts)
    return Latent.of([problem.clip(z), *corrections])


@torch.no_grad()
def best_random(problem: Problem) -> Latent:
    """Return, for each image, the best of `starts` random z, with corrections of zero.

    All images choose from the same z, so that a start depends on the image and the seed alone.
    Source: Pan et al., "Exploiting Deep Generative Prior", ECCV 2020 (best of 500).
    """
    params, target = problem.params, problem.target
    rng = torch.Generator().manual_seed(params.seed)
    lowest = torch.full((len(target),), math.inf, device=target.device)
    best = torch.zeros(len(target), problem.generator.latent_dim, device=target.device)
    for first in range(0, params.starts, START_BATCH):
        size = min(START_BATCH, params.starts - first)
        z = torch.randn(size, problem.generator.latent_dim, generator=rng).to(target.device)
        z = problem.clip(z)
        value, place = _losses(problem, z).min(1)
        better = value < lowest
        lowest = torch.where(better, value, lowest)
        best = torch.where(better[:, None], z[place], best)
    return uncorrected(best, problem.generator, params.depth)


def _losses(problem: Problem, z: Tensor) -> Tensor:
    """Return the objective of each z (M×latent_dim) for each image by l2, N×M."""
    generated = problem.generate(Latent(z, ()))
    losses = squared_distances(generated.float(), problem.target, problem.weights)
    return losses + problem.prior(z, generated)
