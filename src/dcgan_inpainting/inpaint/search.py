"""The walk of a point through the generator's space: z first, then deeper and deeper layers.

Source of the order: Daras et al., "Intermediate Layer Optimization for Inverse Problems using Deep
Generative Models", ICML 2021. Each image walks on its own: the sum of the objectives has no term in
which two images meet.
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
class Step:
    """Where a walk is before it moves on."""

    number: int  # 0 = the start
    images: Tensor  # integers, shape M: which images are still on their way
    latent: Latent  # their points
    objective: Tensor  # of each, shape M
    generated: Tensor  # the points' images, M×3×H×W


def legs(params: InpaintParams) -> list[int]:
    """Return the steps of each leg of the walk: z alone, then one block's features more each."""
    return [params.steps, *[params.depth_steps] * params.depth]


def length(params: InpaintParams) -> int:
    """Return how many steps the whole walk has."""
    return sum(legs(params))


def walk(problem: Problem, start: Latent, visit: Callable[[Step], Tensor]) -> None:
    """Walk from a start towards a lower objective.

    First z moves, for `steps` steps; then, `depth` times, the corrections behind one block more
    move with it, for `depth_steps` steps each. The learning rate begins anew each time.

    Args:
        problem: N images.
        start: a point for each.
        visit: called before each step and at the end; returns, as booleans of shape M, which of
            the images on their way go on. The others cost nothing from then on.
    """
    walkers = _Walkers(problem, start)
    params = problem.params
    number = 0
    for blocks, steps in enumerate(legs(params)):
        walkers.free(1 + blocks)
        for step in range(steps):
            objective, going = walkers.look(number, visit)
            if not going.any():
                return
            walkers.move(objective, _learning_rate(params, step, steps))
            if not going.all():
                walkers.keep(going)
            number += 1
    walkers.look(number, visit)


class _Walkers:
    """The points of the images that are on their way."""

    def __init__(self, problem: Problem, start: Latent) -> None:
        self._problem = problem
        self._start = start
        self._images = torch.arange(len(problem), device=start.z.device)
        self._parts = [part.clone() for part in start.parts]

    def free(self, parts: int) -> None:
        """Let so many parts of the points move from here on: z, and the corrections."""
        self._free = self._parts[:parts]
        for part in self._free:
            part.requires_grad_(True)
        params = self._problem.params
        self._optimizer: torch.optim.Optimizer = (
            torch.optim.Adam(self._free, params.learning_rate)
            if params.optimizer == "adam"
            else torch.optim.SGD(self._free, params.learning_rate, MOMENTUM, nesterov=True)
        )

    def look(self, number: int, visit: Callable[[Step], Tensor]) -> tuple[Tensor, Tensor]:
        """Return the objective and who goes on, both of shape M."""
        objective, generated = self._problem.objective(Latent.of(self._parts), self._start)
        latent = Latent.of([part.detach() for part in self._parts])
        step = Step(number, self._images, latent, objective.detach(), generated.detach().float())
        return objective, visit(step)

    def move(self, objective: Tensor, learning_rate: float) -> None:
        """Move the free parts one step down the objective's slope."""
        self._optimizer.param_groups[0]["lr"] = learning_rate
        for part, slope in zip(
            self._free, torch.autograd.grad(objective.sum(), self._free), strict=True
        ):
            part.grad = slope
        self._optimizer.step()
        with torch.no_grad():
            z = self._parts[0]
            z.copy_(self._problem.clip(z))

    def keep(self, going: Tensor) -> None:
        """Leave the other images behind, with what the optimiser remembers of them."""
        self._problem = self._problem[going]
        self._start = self._start[going]
        self._images = self._images[going]
        kept = []
        for part in self._parts:
            moving = part.requires_grad
            narrowed = part.detach()[going].requires_grad_(moving)
            if moving:
                memory = self._optimizer.state.pop(part)
                self._optimizer.state[narrowed] = {
                    name: value[going] if value.shape == part.shape else value
                    for name, value in memory.items()
                }
            kept.append(narrowed)
        self._parts = kept
        self._free = kept[: len(self._free)]
        self._optimizer.param_groups[0]["params"] = self._free


def _learning_rate(params: InpaintParams, step: int, steps: int) -> float:
    """Return a step's rate: constant, or half a cosine from the full one to zero over `steps`."""
    if params.schedule == "constant":
        return params.learning_rate
    return params.learning_rate * half_cosine(step, steps)
