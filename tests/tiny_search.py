"""A search in the space of tiny networks, for the tests of its parts."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dcgan_inpainting.inpaint.initialisation import encoded
from dcgan_inpainting.inpaint.params import InpaintParams
from dcgan_inpainting.inpaint.problem import Problem
from dcgan_inpainting.inpaint.search import Iterate, optimise
from dcgan_inpainting.networks.frozen import freeze
from dcgan_inpainting.networks.latent import Latent
from tests.tiny_encoder import faces, holes, networks
from tests.tiny_model import SETTINGS

# Nothing that makes two ways of computing the same differ: no rounding, no blending.
PARAMS: dict[str, Any] = {
    **SETTINGS,
    "starts": 1,
    "correction_weight": 0.5,
    "encoder_share": 0.0,
    "blending": "paste",
    "batch_size": 8,
    "precision": "float32",
}


def settings(**changes: object) -> InpaintParams:
    """Return the tiny search's settings with changes."""
    return InpaintParams.model_validate({**PARAMS, **changes})


def problem(count: int = 4, **changes: object) -> tuple[Problem, Latent]:
    """Return a problem of faces that the tiny generator makes, and a start for each of them.

    It is at the z that the encoder believes them to have, with all features corrected at random.
    """
    generator, discriminator, encoder = networks()
    params = settings(**changes)
    images, known = faces(count, seed=9), holes(count)
    made = Problem.of(images, known, freeze(generator), freeze(discriminator), params)
    z = encoded(made, freeze(encoder))
    rng, features, corrections = torch.Generator().manual_seed(5), z[:, :, None, None], []
    for block in made.generator.blocks:
        features = block(features)
        corrections.append(0.1 * torch.randn(features.shape, generator=rng))
    return made, Latent.of([z, *corrections])


@dataclass
class Path:
    """All that a search passes."""

    steps: list[Iterate] = field(default_factory=list)

    def visit(self, step: Iterate) -> None:
        """Keep a copy of the step."""
        parts = [part.clone() for part in step.latent.parts]
        self.steps.append(replace(step, latent=Latent.of(parts)))

    def at(self, number: int, image: int) -> list[Tensor]:
        """Return the parts of an image's point at a step."""
        return [part[image] for part in self.steps[number].latent.parts]

    @property
    def objectives(self) -> np.ndarray:
        """The objective of each image at each step."""
        return np.stack([step.objective.numpy() for step in self.steps])


def whole(made: Problem, start: Latent) -> Path:
    """Search to the end."""
    path = Path()
    optimise(made, start, path.visit)
    return path
