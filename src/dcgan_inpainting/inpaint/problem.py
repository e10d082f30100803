"""A batch of damaged images, and how well points of the generator's space explain them."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dcgan_inpainting.common.images import Images, Known
from dcgan_inpainting.inpaint.objective import (
    context_loss,
    latent_loss,
    neighbour_weights,
    prior_loss,
    uniform_weights,
)
from dcgan_inpainting.inpaint.params import InpaintParams
from dcgan_inpainting.networks.dcgan import Discriminator, Generator
from dcgan_inpainting.networks.devices import autocast
from dcgan_inpainting.networks.latent import Latent, render
from dcgan_inpainting.networks.tensors import to_tensor


@dataclass(frozen=True)
class Problem:
    """N damaged images, and the frozen networks that judge a point of the space for them."""

    generator: Generator
    discriminator: Discriminator
    target: Tensor  # N×3×H×W, −1…1, zero in the holes
    known: Tensor  # N×1×H×W, boolean
    weights: Tensor  # N×1×H×W, of each pixel in the context loss
    params: InpaintParams

    @classmethod
    def of(
        cls,
        images: Images,
        known: Known,
        generator: Generator,
        discriminator: Discriminator,
        params: InpaintParams,
    ) -> "Problem":
        """Return the problem of images (uint8, N×H×W×3) and masks (N×H×W, True = known)."""
        place = next(generator.parameters()).device
        mask = torch.from_numpy(known)
        target = to_tensor(images) * mask[:, None]
        return cls(
            generator,
            discriminator,
            target.to(place),
            mask[:, None].to(place),
            _weights(mask, params).to(place),
            params,
        )

    def __getitem__(self, index: Tensor) -> "Problem":
        """Return the problem of the images that a boolean or integer tensor chooses."""
        return replace(
            self,
            target=self.target[index],
            known=self.known[index],
            weights=self.weights[index],
        )

    def __len__(self) -> int:
        return len(self.target)

    def generate(self, latent: Latent) -> Tensor:
        """Return the images of points of the space, in the precision of the search."""
        with autocast(self.params.precision):
            return render(self.generator, latent)

    def prior(self, z: Tensor, generated: Tensor) -> Tensor:
        """Return the weighted priors on z and on the images generated from it, shape N."""
        penalty = self.params.latent_weight * latent_loss(z)
        if self.params.prior == "none" or self.params.prior_weight == 0:
            return penalty
        with autocast(self.params.precision):
            logits = self.discriminator(generated).float()
        return penalty + self.params.prior_weight * prior_loss(logits, self.params.prior)

    def objective(self, latent: Latent, start: Latent) -> tuple[Tensor, Tensor]:
        """Return the objective of each image's point, shape N, and the points' images.

        Args:
            latent: the points.
            start: where the search began: corrections are held near those of the start.
        """
        generated = self.generate(latent)
        context = context_loss(generated.float(), self.target, self.weights, self.params.distance)
        total = context + self.prior(latent.z, generated)
        for correction, first in zip(latent.corrections, start.corrections, strict=True):
            moved = (correction - first).square().sum((1, 2, 3))
            total = total + self.params.correction_weight * moved
        return total, generated

    def clip(self, z: Tensor) -> Tensor:
        """Return z within the bounds that the settings give."""
        bound = self.params.clip
        return z if bound is None else z.clamp(-bound, bound)


def _weights(known: Tensor, params: InpaintParams) -> Tensor:
    """Return the weights of masks (N×H×W) in the context loss, as the settings have them."""
    if params.weights == "uniform":
        return uniform_weights(known)
    inside = params.weights == "neighbours_inside"
    return neighbour_weights(known, params.window, params.weight_floor, inside=inside)
