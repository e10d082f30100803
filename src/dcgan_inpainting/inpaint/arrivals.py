"""Where a walk ends for each image: at its lowest objective, or where hidden pixels said."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dcgan_inpainting.inpaint.problem import Problem
from dcgan_inpainting.inpaint.search import Step, length, walk
from dcgan_inpainting.networks.latent import Latent

PATIENCE = 100  # steps without a better guess of the hidden pixels, after which an image stops


class Arrival(NamedTuple):
    """Where a walk ends for each of N images."""

    point: Latent
    by_z: Latent  # where it was when z alone had moved
    trace: NDArray[np.float32]  # the objective at each step, (steps+1)×N


class _Points:
    """One point for each image, chosen from those that a walk passes."""

    def __init__(self, start: Latent) -> None:
        self._parts = [part.clone() for part in start.parts]

    def take(self, step: Step, which: Tensor) -> None:
        """Choose the points of some of the images at this step; `which` are booleans."""
        for part, passed in zip(self._parts, step.latent.parts, strict=True):
            part[step.images[which]] = passed[which]

    @property
    def latent(self) -> Latent:
        return Latent.of(self._parts)


class _Trace:
    """The objective of each image at each step; after its last one it stays."""

    def __init__(self, problem: Problem) -> None:
        size = (length(problem.params) + 1, len(problem))
        self._rows = torch.full(size, math.nan, device=problem.target.device)
        self._last = 0

    def note(self, step: Step) -> None:
        self._rows[step.number] = self._rows[max(0, step.number - 1)]
        self._rows[step.number, step.images] = step.objective
        self._last = step.number

    def array(self) -> NDArray[np.float32]:
        """Return it, steps+1×N."""
        rows = self._rows.cpu().numpy()
        rows[self._last :] = rows[self._last]
        return rows


def _unwatched(_step: Step) -> None:
    pass


def lowest(problem: Problem, start: Latent, watch: Callable[[Step], None] = _unwatched) -> Arrival:
    """Return the best points that a walk over its whole length passes.

    Args:
        problem: N images.
        start: a point for each.
        watch: called at each step.
    """
    points, by_z, trace = _Points(start), _Points(start), _Trace(problem)
    best = torch.full((len(problem),), math.inf, device=start.z.device)

    def visit(step: Step) -> Tensor:
        watch(step)
        trace.note(step)
        better = step.objective < best[step.images]
        points.take(step, better)
        if step.number <= problem.params.steps:
            by_z.take(step, better)
        best[step.images[better]] = step.objective[better]
        return torch.ones_like(better)

    walk(problem, start, visit)
    return Arrival(points.latent, by_z.latent, trace.array())


def after(
    problem: Problem, start: Latent, steps: Tensor, watch: Callable[[Step], None] = _unwatched
) -> Arrival:
    """Return the points after each image's own number of steps (integers, N).

    `watch` is called at each step.
    """
    points, by_z, trace = _Points(start), _Points(start), _Trace(problem)

    def visit(step: Step) -> Tensor:
        watch(step)
        trace.note(step)
        goes_on = steps[step.images] > step.number
        points.take(step, ~goes_on)
        if step.number <= problem.params.steps:
            by_z.take(step, torch.ones_like(goes_on))
        return goes_on

    walk(problem, start, visit)
    return Arrival(points.latent, by_z.latent, trace.array())


def best_by_hidden(problem: Problem, start: Latent, truth: Tensor, hidden: Tensor) -> Tensor:
    """Return after how many steps each image's hidden pixels are guessed best.

    That is the rule which says how deep to go and when to stop: from known pixels alone, since the
    walk does not see them. An image that has guessed no better for PATIENCE steps stops there.

    Args:
        problem: N images, in which the hidden pixels count as missing.
        start: a point for each, found without the hidden pixels.
        truth: the images with their hidden pixels, N×3×H×W, −1…1.
        hidden: which pixels those are, N×1×H×W, 1 = hidden, else 0.

    Returns:
        Integers, shape N; 0 = best at the start.
    """
    place = start.z.device
    least = torch.full((len(problem),), math.inf, device=place)
    found = torch.zeros(len(problem), dtype=torch.long, device=place)

    def visit(step: Step) -> Tensor:
        wrong = (step.generated - truth[step.images]).square()
        error = (hidden[step.images] * wrong).sum((1, 2, 3))
        better = error < least[step.images]
        least[step.images[better]] = error[better]
        found[step.images[better]] = step.number
        return step.number - found[step.images] < PATIENCE

    walk(problem, start, visit)
    return found
