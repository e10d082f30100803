"""The search: z is optimised first, then the features of deeper and deeper layers with it.

Source of the order: Daras et al., "Intermediate Layer Optimization for Inverse Problems using Deep
Generative Models", ICML 2021. Each image is optimised on its own: the sum of the objectives has no
term in which two images meet.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from dcgan_inpainting.inpaint.params import InpaintParams
from dcgan_inpainting.inpaint.problem import Problem
from dcgan_inpainting.networks.latent import Latent
from dcgan_inpainting.networks.schedules import half_cosine

MOMENTUM = 0.9  # of Nesterov's method


@dataclass(frozen=True)
class Iterate:
    """Where a search is before it moves on."""

    number: int  # of steps taken; 0 = the initialisation
    latent: Latent  # a point for each of N images
    objective: Tensor  # of each, shape N
    generated: Tensor  # the points' images, N×3×H×W


def length(params: InpaintParams) -> int:
    """Return how many steps the whole search has."""
    return sum(params.phases)


def optimise(problem: Problem, start: Latent, visit: Callable[[Iterate], None]) -> None:
    """Search from an initialisation for a lower objective.

    First z moves, for `steps` steps; then, `depth` times, the corrections behind one block more
    move with it, for `depth_steps` steps each. The learning rate begins anew each time.

    Args:
        problem: N images.
        start: a point for each.
        visit: called before each step and at the end.
    """
    params = problem.params
    parts = [part.clone() for part in start.parts]
    number = 0

    def look() -> Tensor:
        objective, generated = problem.objective(Latent.of(parts), start)
        latent = Latent.of([part.detach() for part in parts])
        visit(Iterate(number, latent, objective.detach(), generated.detach().float()))
        return objective

    for blocks, steps in enumerate(params.phases):
        free = parts[: 1 + blocks]
        for part in free:
            part.requires_grad_(True)
        optimizer = _optimizer(params, free)
        for step in range(steps):
            objective = look()
            optimizer.param_groups[0]["lr"] = _learning_rate(params, step, steps)
            slopes = torch.autograd.grad(objective.sum(), free)
            for part, slope in zip(free, slopes, strict=True):
                part.grad = slope
            optimizer.step()
            with torch.no_grad():
                parts[0].copy_(problem.clip(parts[0]))
            number += 1
    look()


def _optimizer(params: InpaintParams, free: list[Tensor]) -> torch.optim.Optimizer:
    if params.optimizer == "adam":
        return torch.optim.Adam(free, params.learning_rate)
    return torch.optim.SGD(free, params.learning_rate, MOMENTUM, nesterov=True)


def _learning_rate(params: InpaintParams, step: int, steps: int) -> float:
    """Return a step's rate: constant, or half a cosine from the full one to zero over `steps`."""
    if params.schedule == "constant":
        return params.learning_rate
    return params.learning_rate * half_cosine(step, steps)
