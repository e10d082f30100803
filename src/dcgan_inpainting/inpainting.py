"""Restoring holes by searching the latent space of a frozen generator.

Source: Yeh et al., "Semantic Image Inpainting with Deep Generative Models", CVPR 2017. For each
damaged image, z is moved until G(z) agrees with the known pixels; G(z) then fills the hole.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, field_validator
from torch import Tensor

from dcgan_inpainting.blending import BLENDINGS, Blending
from dcgan_inpainting.devices import Devices, Precision, autocast, device, place
from dcgan_inpainting.images import Images, Known
from dcgan_inpainting.networks import Discriminator, Generator, freeze
from dcgan_inpainting.objective import (
    Distance,
    Prior,
    context_loss,
    latent_loss,
    neighbour_weights,
    prior_loss,
    squared_distances,
    uniform_weights,
)
from dcgan_inpainting.params import Section
from dcgan_inpainting.tensors import to_tensor, to_uint8

SHARING = {"devices", "nodes"}  # settings on which no result depends
START_BATCH = 512  # starts generated at once: bounds the memory whatever their number


class InpaintParams(Section):
    """Section `inpaint` of params.yaml, where each key is described."""

    method: Literal["latent", "yeh"]
    steps: int = Field(ge=0, le=100_000)
    starts: int = Field(ge=1, le=100_000)
    optimizer: Literal["adam", "nesterov"]
    learning_rate: float = Field(gt=0, le=10)
    schedule: Literal["cosine", "constant"]
    distance: Distance
    weights: Literal["neighbours", "uniform"]
    window: int = Field(ge=3, le=63)
    weight_floor: float = Field(ge=0, le=1)
    prior: Prior
    prior_weight: float = Field(ge=0, le=100)
    latent_weight: float = Field(ge=0, le=1000)
    clip: Annotated[float, Field(ge=0.1, le=100)] | None
    blending: Blending
    batch_size: int = Field(ge=1, le=4096)
    precision: Precision
    devices: Devices = 1
    nodes: int = Field(default=1, ge=1, le=10_000)
    seed: int = Field(ge=0, lt=2**32)

    @field_validator("window")
    @classmethod
    def _has_a_middle(cls, window: int) -> int:
        if window % 2 == 0:
            raise ValueError("the window's side must be odd, so that it has a middle")
        return window

    def resolved(self) -> "InpaintParams":
        """Return the settings to use: those of Yeh et al. for the method `yeh`, else these."""
        return self.model_copy(update=YEH) if self.method == "yeh" else self


# Section 4 of the paper: one random start, 1,500 steps of Adam, 7×7 weights without a floor, prior
# weight 0.003, z kept within ±1, Poisson blending. It does not give Adam's step; 0.01 is what
# public implementations use.
YEH = {
    "steps": 1500,
    "starts": 1,
    "optimizer": "adam",
    "learning_rate": 0.01,
    "schedule": "constant",
    "distance": "l1",
    "weights": "neighbours",
    "window": 7,
    "weight_floor": 0.0,
    "prior": "log_one_minus_d",
    "prior_weight": 0.003,
    "latent_weight": 0.0,
    "clip": 1.0,
    "blending": "poisson",
    "precision": "float32",
}


@dataclass(frozen=True)
class Restoration:
    """What the search found for N images."""

    raw: Images  # G(z), uint8, N×H×W×3
    composite: Images  # the damaged images with their holes filled, uint8, N×H×W×3
    z: NDArray[np.float32]  # N×latent_dim
    trace: NDArray[np.float32]  # the objective at each step, (steps+1)×N

    @classmethod
    def joined(cls, parts: Sequence["Restoration"]) -> "Restoration":
        """Return the restorations of several batches as one."""
        return cls(
            np.concatenate([part.raw for part in parts]),
            np.concatenate([part.composite for part in parts]),
            np.concatenate([part.z for part in parts]),
            np.concatenate([part.trace for part in parts], axis=1),
        )


@dataclass(frozen=True)
class _Problem:
    """A batch of damaged images and the frozen networks that judge a z for them."""

    generator: Generator
    discriminator: Discriminator
    target: Tensor  # N×3×H×W, −1…1
    weights: Tensor  # N×1×H×W
    params: InpaintParams

    def generate(self, z: Tensor) -> Tensor:
        """Return G(z), in the precision of the search."""
        with autocast(self.params.precision):
            return self.generator(z)

    def prior(self, z: Tensor, generated: Tensor) -> Tensor:
        """Return the weighted priors on z and on the images generated from it, shape N."""
        penalty = self.params.latent_weight * latent_loss(z)
        if self.params.prior == "none" or self.params.prior_weight == 0:
            return penalty
        with autocast(self.params.precision):
            logits = self.discriminator(generated).float()
        return penalty + self.params.prior_weight * prior_loss(logits, self.params.prior)

    def objective(self, z: Tensor) -> Tensor:
        """Return the objective of each z (N×latent_dim) for its image, shape N."""
        generated = self.generate(z)
        distance = self.params.distance
        context = context_loss(generated.float(), self.target, self.weights, distance)
        return context + self.prior(z, generated)

    def clip(self, z: Tensor) -> Tensor:
        """Return z within the bounds that the settings give."""
        bound = self.params.clip
        return z if bound is None else z.clamp(-bound, bound)


def restore(
    images: Images,
    known: Known,
    generator: Generator,
    discriminator: Discriminator,
    params: InpaintParams,
    *,
    on_images: Callable[[int], object] = lambda _done: None,
) -> Restoration:
    """Restore the holes of images.

    Args:
        images: uint8, N×H×W×3. What stands in the holes is never looked at.
        known: boolean, N×H×W, True = known.
        generator: trained; its weights are not changed.
        discriminator: trained; used where the prior asks for it.
        params: the settings.
        on_images: called after each batch with the number of images that it held.

    Raises:
        ValueError: images and masks don't match in number or size.
    """
    if images.shape[:3] != known.shape:
        raise ValueError(f"images {images.shape} and masks {known.shape} don't match")
    params = params.resolved()
    frozen = place(freeze(generator)), place(freeze(discriminator))
    parts = []
    for first in range(0, len(images), params.batch_size):
        batch = slice(first, first + params.batch_size)
        # Zeroed holes: the search can't use what it is meant to guess, not even by mistake.
        damaged = np.where(known[batch][..., None], images[batch], np.uint8(0))
        parts.append(_restore_batch(damaged, known[batch], *frozen, params))
        on_images(len(damaged))
    return Restoration.joined(parts)


def _restore_batch(
    damaged: Images,
    known: Known,
    generator: Generator,
    discriminator: Discriminator,
    params: InpaintParams,
) -> Restoration:
    mask = torch.from_numpy(known)
    weights = (
        neighbour_weights(mask, params.window, params.weight_floor)
        if params.weights == "neighbours"
        else uniform_weights(mask)
    )
    target = to_tensor(damaged).to(device())
    problem = _Problem(generator, discriminator, target, weights.to(device()), params)
    z, trace = _optimise(problem, _best_start(problem))
    with torch.no_grad():
        raw = generator(z)
    composite = _composite(raw, damaged, known, params.blending)
    return Restoration(to_uint8(raw), composite, z.cpu().numpy(), trace)


@torch.no_grad()
def _best_start(problem: _Problem) -> Tensor:
    """Return, for each image, the best of `starts` random z, N×latent_dim.

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
        generated = problem.generate(z)
        losses = squared_distances(generated.float(), target, problem.weights)
        value, place = (losses + problem.prior(z, generated)).min(1)
        better = value < lowest
        lowest = torch.where(better, value, lowest)
        best = torch.where(better[:, None], z[place], best)
    return best


def _optimise(problem: _Problem, start: Tensor) -> tuple[Tensor, NDArray[np.float32]]:
    """Return the best z that gradient descent passes, and the objective at each of its steps.

    Args:
        problem: the images.
        start: N×latent_dim.

    Returns:
        z, N×latent_dim, and the trace, (steps+1)×N. Each image's z moves on its own: the sum of
        the objectives has no term in which two images meet.
    """
    params = problem.params
    z = start.clone().requires_grad_(True)
    optimizer = _optimizer(z, params)
    best, lowest = start.clone(), torch.full((len(z),), math.inf, device=z.device)
    trace = []
    for step in range(params.steps + 1):
        objective = problem.objective(z)
        losses = objective.detach()
        trace.append(losses)
        better = losses < lowest
        lowest = torch.where(better, losses, lowest)
        best = torch.where(better[:, None], z.detach(), best)
        if step == params.steps:
            break
        optimizer.param_groups[0]["lr"] = _learning_rate(params, step)
        (z.grad,) = torch.autograd.grad(objective.sum(), z)
        optimizer.step()
        with torch.no_grad():
            z.copy_(problem.clip(z))
    return best, torch.stack(trace).cpu().numpy()


def _optimizer(z: Tensor, params: InpaintParams) -> torch.optim.Optimizer:
    if params.optimizer == "adam":
        return torch.optim.Adam([z], params.learning_rate)
    return torch.optim.SGD([z], params.learning_rate, momentum=0.9, nesterov=True)


def _learning_rate(params: InpaintParams, step: int) -> float:
    """Return the step's learning rate: constant, or half a cosine from the full one to zero."""
    if params.schedule == "constant":
        return params.learning_rate
    return params.learning_rate * 0.5 * (1 + math.cos(math.pi * step / params.steps))


def _composite(raw: Tensor, damaged: Images, known: Known, blending: Blending) -> Images:
    generated = (raw.permute(0, 2, 3, 1).double().cpu().numpy() + 1) * 127.5
    blended = BLENDINGS[blending](generated, damaged.astype(np.float64), known)
    return np.rint(blended).clip(0, 255).astype(np.uint8)
