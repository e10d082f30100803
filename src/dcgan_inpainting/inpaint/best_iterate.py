"""The best iterate of a search: where each image's objective was lowest."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dcgan_inpainting.inpaint.problem import Problem
from dcgan_inpainting.inpaint.search import Iterate, length, optimise
from dcgan_inpainting.networks.latent import Latent


class Found(NamedTuple):
    """What a search found for each of N images."""

    point: Latent
    by_z: Latent  # the best while z alone moved
    trace: NDArray[np.float32]  # the objective at each step, (steps+1)×N


class _Points:
    """One point for each image, chosen from those that a search passes."""

    def __init__(self, start: Latent) -> None:
        self._parts = [part.clone() for part in start.parts]

    def take(self, iterate: Iterate, which: Tensor) -> None:
        """Choose the points of some of the images at this step; `which` are booleans."""
        for part, passed in zip(self._parts, iterate.latent.parts, strict=True):
            part[which] = passed[which]

    @property
    def latent(self) -> Latent:
        return Latent.of(self._parts)


def _unwatched(_iterate: Iterate) -> None:
    pass


def best_iterate(
    problem: Problem, start: Latent, watch: Callable[[Iterate], None] = _unwatched
) -> Found:
    """Return the best points that a search over its whole length passes: of least objective.

    Yeh et al. 2017 do not say which iterate is their answer; the authors' published code takes the
    last image that it made, which a constant step leaves anywhere around the best.

    Args:
        problem: N images.
        start: a point for each.
        watch: called at each step.
    """
    points, by_z = _Points(start), _Points(start)
    place = start.z.device
    lowest = torch.full((len(problem),), math.inf, device=place)
    trace = torch.full((length(problem.params) + 1, len(problem)), math.nan, device=place)

    def visit(iterate: Iterate) -> None:
        watch(iterate)
        trace[iterate.number] = iterate.objective
        better = iterate.objective < lowest
        points.take(iterate, better)
        if iterate.number <= problem.params.steps:
            by_z.take(iterate, better)
        lowest[better] = iterate.objective[better]

    optimise(problem, start, visit)
    return Found(points.latent, by_z.latent, trace.cpu().numpy())
