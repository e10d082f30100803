"""Where the search begins: at the encoder's z, or at the best of many random ones."""

import hashlib
import math

import torch
from torch import Tensor

from dcgan_inpainting.common.seeds import Purpose, generator_for
from dcgan_inpainting.inpaint.objective import squared_distances
from dcgan_inpainting.inpaint.problem import Problem
from dcgan_inpainting.networks.devices import autocast
from dcgan_inpainting.networks.latent import Latent, uncorrected
from dcgan_inpainting.networks.unet import UNet

START_BATCH = 512  # starts generated at once: bounds the memory whatever their number


@torch.no_grad()
def encoded(problem: Problem, encoder: UNet) -> Tensor:
    """Return the z that the encoder believes each image to have, N×latent_dim."""
    with autocast(problem.params.precision):
        z, _ = encoder.z_and_images(problem.target, problem.known.float())
    return problem.clip(z.float())


@torch.no_grad()
def best_random(problem: Problem, count: int = 1) -> Latent:
    """Return, for each image, the best of `starts` random z, with corrections of zero.

    With shared_starts all images choose from the same z, so that a start depends on the image and
    the seed alone. Without, each chooses from z of its own, which what is known of it and the seed
    decide: so neither its place nor what is restored beside it matters.
    Source: Pan et al., "Exploiting Deep Generative Prior", ECCV 2020 (best of 500).

    Args:
        problem: N images.
        count: how many points each image gets, the best first; at most `starts`.

    Returns:
        N·count points, those of an image behind each other.
    """
    seed = problem.params.seed
    if problem.params.shared_starts:
        best = _best(problem, count, torch.Generator().manual_seed(seed))
    else:
        alone = [problem[torch.tensor([place])] for place in range(len(problem))]
        each = ((one, generator_for(Purpose.START, seed, _number(one))) for one in alone)
        best = torch.cat([_best(one, count, rng) for one, rng in each])
    return uncorrected(best.flatten(0, 1), problem.generator, problem.params.depth)


def _number(problem: Problem) -> int:
    """Return a number of 64 bits that stands for one damaged image."""
    parts = problem.known, problem.target
    content = b"".join(part.cpu().contiguous().numpy().tobytes() for part in parts)
    return int.from_bytes(hashlib.sha256(content).digest()[:8])


def _best(problem: Problem, count: int, rng: torch.Generator) -> Tensor:
    """Return the best of `starts` z that N images choose from, N×count×latent_dim, best first."""
    params, target = problem.params, problem.target
    lowest = torch.full((len(target), count), math.inf, device=target.device)
    best = torch.zeros(len(target), count, problem.generator.latent_dim, device=target.device)
    for first in range(0, params.starts, START_BATCH):
        size = min(START_BATCH, params.starts - first)
        z = torch.randn(size, problem.generator.latent_dim, generator=rng).to(target.device)
        z = problem.clip(z)
        # The lot's own best first: few of it can be among the best of all.
        value, place = _losses(problem, z).topk(min(count, size), largest=False)
        values, points = torch.cat([lowest, value], 1), torch.cat([best, z[place]], 1)
        lowest, order = values.sort(dim=1, stable=True)
        lowest, order = lowest[:, :count], order[:, :count]
        best = points.gather(1, order[..., None].expand(-1, -1, points.shape[-1]))
    return best


@torch.no_grad()
def several(problem: Problem, encoder: UNet | None, count: int) -> Latent:
    """Return where the candidates of each image begin, N·count points, an image's together.

    The first begins where the settings say; the others at the best random z, as far apart as the
    generator's faces are that all fit the known pixels. Of what the encoder finds it is z alone,
    since its decoder is the generator no more.
    """
    if not encoder or problem.params.start == "random":
        return best_random(problem, count)
    z = encoded(problem, encoder)[:, None]
    if count > 1:
        others = best_random(problem, count - 1).z.reshape(len(problem), count - 1, -1)
        z = torch.cat([z, others], 1)
    return uncorrected(z.flatten(0, 1), problem.generator, problem.params.depth)


def _losses(problem: Problem, z: Tensor) -> Tensor:
    """Return the objective of each z (M×latent_dim) for each image by l2, N×M."""
    generated = problem.generate(Latent(z, ()))
    losses = squared_distances(generated.float(), problem.target, problem.weights)
    return losses + problem.prior(z, generated)
