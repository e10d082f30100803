"""From damaged images to restored ones, in batches.

Source: Yeh et al., "Semantic Image Inpainting with Deep Generative Models", CVPR 2017. For each
damaged image, a point of the generator's space is looked for whose image agrees with the known
pixels; that image then fills the hole.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dcgan_inpainting.blending import BLENDINGS, Blending
from dcgan_inpainting.devices import place
from dcgan_inpainting.encoder.network import Encoder
from dcgan_inpainting.images import Images, Known
from dcgan_inpainting.inpainting import starts
from dcgan_inpainting.inpainting.arrivals import after, best_by_hidden, lowest
from dcgan_inpainting.inpainting.params import InpaintParams
from dcgan_inpainting.inpainting.probes import hide
from dcgan_inpainting.inpainting.problem import Problem
from dcgan_inpainting.latent import Latent, render
from dcgan_inpainting.networks import Discriminator, Generator, freeze
from dcgan_inpainting.tensors import to_uint8


@dataclass(frozen=True)
class Restoration:
    """What the search found for N images."""

    raw: Images  # the generated images, uint8, N×H×W×3
    composite: Images  # the damaged images with their holes filled, uint8, N×H×W×3
    z: NDArray[np.float32]  # N×latent_dim
    trace: NDArray[np.float32]  # the objective at each step, (steps+1)×N

    @classmethod
    def joined(cls, parts: Sequence["Restoration"]) -> "Restoration":
        """Return the restorations of several batches as one."""
        axes = {"trace": 1}
        return cls(
            **{
                field.name: np.concatenate(
                    [getattr(part, field.name) for part in parts], axis=axes.get(field.name, 0)
                )
                for field in fields(cls)
            }
        )


def restore(
    images: Images,
    known: Known,
    generator: Generator,
    discriminator: Discriminator,
    params: InpaintParams,
    *,
    encoder: Encoder | None = None,
    on_images: Callable[[int], object] = lambda _done: None,
) -> Restoration:
    """Restore the holes of images.

    Args:
        images: uint8, N×H×W×3. What stands in the holes is never looked at.
        known: boolean, N×H×W, True = known.
        generator: trained; its weights are not changed.
        discriminator: trained; used where the prior asks for it.
        params: the settings.
        encoder: trained for this generator; needed where the settings use it.
        on_images: called after each batch with the number of images that it held.

    Raises:
        ValueError: images and masks don't match in number or size, or there is no encoder.
    """
    if images.shape[:3] != known.shape:
        raise ValueError(f"images {images.shape} and masks {known.shape} don't match")
    params = params.resolved()
    if params.uses_encoder and encoder is None:
        raise ValueError("the settings use an encoder, and there is none")
    frozen = place(freeze(generator)), place(freeze(discriminator))
    guide = place(freeze(encoder)) if encoder and params.uses_encoder else None
    parts = []
    for first in range(0, len(images), params.batch_size):
        batch = slice(first, first + params.batch_size)
        # Zeroed holes: the search can't use what it is meant to guess, not even by mistake.
        damaged = np.where(known[batch, ..., None], images[batch], np.uint8(0))
        problem = Problem.of(damaged, known[batch], *frozen, params)
        latent, trace = _search(problem, damaged, known[batch], guide)
        raw = _generated(problem, latent, guide)
        composite = _composite(raw, damaged, known[batch], params.blending)
        z = latent.z.cpu().numpy()
        parts.append(Restoration(to_uint8(raw), composite, z, trace))
        on_images(len(problem))
    return Restoration.joined(parts)


def _search(
    problem: Problem, images: Images, known: Known, encoder: Encoder | None
) -> tuple[Latent, NDArray[np.float32]]:
    """Return a point for each image, and the objective's trace."""
    start, params = _start(problem, encoder), problem.params
    if params.probe == 0:
        return lowest(problem, start)
    hidden = hide(known, params.probe, params.seed)
    networks = problem.generator, problem.discriminator
    partial = Problem.of(images, known & ~hidden, *networks, params)
    where = torch.from_numpy(hidden)[:, None].to(problem.target)
    steps = best_by_hidden(partial, _start(partial, encoder), problem.target, where)
    return after(problem, start, steps)


def _start(problem: Problem, encoder: Encoder | None) -> Latent:
    if encoder and problem.params.start == "encoder":
        return starts.encoded(problem, encoder)
    return starts.best_random(problem)


def _generated(problem: Problem, latent: Latent, encoder: Encoder | None) -> Tensor:
    """Return what is generated for each image, N×3×H×W: the search's image and the encoder's.

    The two err differently: the search's is a sharp face, which may be another one's, the
    encoder's the blurred mean of those that there may be. Their mean is nearer to the truth than
    either, as a mean of independent guesses is.
    """
    share = problem.params.encoder_share
    with torch.no_grad():
        found = render(problem.generator, latent)
        if not encoder or share == 0:
            return found
        believed = render(problem.generator, starts.encoded(problem, encoder))
    return (1 - share) * found + share * believed


def _composite(raw: Tensor, damaged: Images, known: Known, blending: Blending) -> Images:
    generated = (raw.permute(0, 2, 3, 1).double().cpu().numpy() + 1) * 127.5
    blended = BLENDINGS[blending](generated, damaged.astype(np.float64), known)
    return np.rint(blended).clip(0, 255).astype(np.uint8)
