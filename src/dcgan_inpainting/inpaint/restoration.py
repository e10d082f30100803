"""From damaged images to restored ones, in batches.

Source: Yeh et al., "Semantic Image Inpainting with Deep Generative Models", CVPR 2017. For each
damaged image, a point of the generator's space is looked for whose image agrees with the known
pixels; that image then fills the hole.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from dcgan_inpainting.common.distance import distance_to_known
from dcgan_inpainting.common.images import Images, Known, Method
from dcgan_inpainting.inpaint import initialisation
from dcgan_inpainting.inpaint.augmented import predict
from dcgan_inpainting.inpaint.best_iterate import Found, best_iterate
from dcgan_inpainting.inpaint.blending import composite
from dcgan_inpainting.inpaint.frames import Frames
from dcgan_inpainting.inpaint.mixture import search_image, with_encoder
from dcgan_inpainting.inpaint.params import InpaintParams
from dcgan_inpainting.inpaint.problem import Problem
from dcgan_inpainting.inpaint.results import Restoration, mean_answer
from dcgan_inpainting.inpaint.search import Iterate, length
from dcgan_inpainting.networks.dcgan import Discriminator, Generator
from dcgan_inpainting.networks.devices import place
from dcgan_inpainting.networks.frozen import freeze
from dcgan_inpainting.networks.latent import render
from dcgan_inpainting.networks.tensors import to_uint8
from dcgan_inpainting.networks.unet import UNet


def restore(
    images: Images,
    known: Known,
    generator: Generator,
    discriminator: Discriminator,
    params: InpaintParams,
    *,
    encoder: UNet | None = None,
    with_frames: int = 0,
    on_images: Callable[[int], object] = lambda count: None,
    on_iterate: Callable[[Iterate], object] = lambda iterate: None,
) -> Restoration:
    """Fill the holes of images. Which images are restored together changes no result.

    Args:
        images: uint8, N×H×W×3. What stands in the holes is never looked at.
        known: boolean, N×H×W, True = known.
        generator: trained; its weights are not changed.
        discriminator: trained; used where the prior asks for it.
        params: the settings.
        encoder: trained for this generator; needed where the settings use it.
        with_frames: of so many images, from the first, frames of the search are kept too.
        on_images: called after each batch with the number of images that it held.
        on_iterate: called at each step of a batch's search, with an image's points together.

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
    for first in range(0, len(images), params.images_at_once):
        batch = slice(first, first + params.images_at_once)
        # Zeroed holes: the search can't use what it is meant to guess, not even by mistake.
        damaged = np.where(known[batch, ..., None], images[batch], np.uint8(0))
        problem = Problem.of(damaged, known[batch], *frozen, params)
        watched = max(0, min(with_frames - first, len(problem)))
        parts.append(_restored(problem, damaged, known[batch], guide, watched, on_iterate))
        on_images(len(problem))
    return Restoration.joined(parts)


def as_method(
    generator: Generator,
    discriminator: Discriminator,
    params: InpaintParams,
    *,
    encoder: UNet | None = None,
) -> Method:
    """Return the search with trained networks as a method, as the baselines are; see restore."""
    networks = generator, discriminator
    return lambda damaged, known: (
        restore(damaged, known, *networks, params, encoder=encoder).composite
    )


def _restored(
    problem: Problem,
    damaged: Images,
    known: Known,
    guide: UNet | None,
    watched: int,
    on_iterate: Callable[[Iterate], object],
) -> Restoration:
    """Return the restoration of one batch."""
    params, images, count = problem.params, len(problem), problem.params.candidates
    frames = Frames(watched * count, known.shape[1:], length(params))
    start = initialisation.several(problem, guide, count)

    def watch(iterate: Iterate) -> None:
        frames.note(iterate)
        on_iterate(iterate)

    found = best_iterate(_points(problem), start, watch)
    raw = _generated(problem, found, guide)
    each = np.arange(images).repeat(count)
    filled = composite(raw, damaged[each], known[each], params.blending)
    objectives = found.trace.min(0).reshape(images, count)
    order = objectives.argsort(1, kind="stable")
    points = order + count * np.arange(images)[:, None]  # of each image, the best first
    best = points[:, 0]
    candidates = filled[points]
    return Restoration(
        composite=candidates[:, 0] if params.answer == "best" else mean_answer(candidates),
        raw=to_uint8(raw)[best],
        z=found.point.z.cpu().numpy()[best],
        trace=found.trace[:, best],
        candidates=candidates,
        objectives=np.take_along_axis(objectives, order, 1),
        frames=frames.images[:, best[:watched]],
    )


def _points(problem: Problem) -> Problem:
    """Return the problem with each image as often as it has candidates, behind each other."""
    count = problem.params.candidates
    if count == 1:
        return problem
    images = torch.arange(len(problem), device=problem.target.device)
    return problem[images.repeat_interleave(count)]


@torch.no_grad()
def _generated(problem: Problem, found: Found, encoder: UNet | None) -> Tensor:
    """Return what is generated for each point, N×3×H×W."""
    params = problem.params
    distance = torch.from_numpy(distance_to_known(problem.known[:, 0].cpu().numpy()))[:, None]
    distance = distance.to(problem.target).repeat_interleave(params.candidates, 0)
    generated = render(problem.generator, found.point)
    if params.depth:
        generated = search_image(generated, render(problem.generator, found.by_z), distance)
    if encoder and params.encoder_share:
        predicted = predict(encoder, problem.target, problem.known, params.precision)
        predicted = predicted.repeat_interleave(params.candidates, 0)
        generated = with_encoder(generated, predicted, distance, params.encoder_share)
    return generated
