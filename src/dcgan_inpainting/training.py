"""Training of the DCGAN: the loop, and nothing of files, logs or DVC."""

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from dcgan_inpainting import augmentation, losses
from dcgan_inpainting.devices import Precision, autocast, device, place
from dcgan_inpainting.images import Images
from dcgan_inpainting.networks import (
    Activation,
    Architecture,
    Discriminator,
    Generator,
    average_into,
    initialise,
    recalibrate,
)
from dcgan_inpainting.params import Section
from dcgan_inpainting.tensors import scale, to_uint8

RECALIBRATION_BATCHES = 32  # 1,024 z at the default batch: the statistics are then within 1 %
SAMPLES_AT_ONCE = 256  # bounds the memory that samples take
CURVE_POINTS = 500  # rows of the loss curves, each the mean over the steps since the one before


class TrainParams(Section):
    """Section `train` of params.yaml, where each key is described."""

    images: Annotated[int, Field(ge=1, le=10**10)] | None
    epochs: Annotated[int, Field(ge=1, le=100_000)] | None
    batch_size: int = Field(ge=2, le=4096)
    learning_rate: float = Field(gt=0, le=0.1)
    beta1: float = Field(ge=0, le=0.999)
    generator_steps: int = Field(ge=1, le=10)
    loss: losses.Loss
    label_smoothing: float = Field(ge=0, le=0.5)
    latent_dim: int = Field(ge=1, le=1024)
    width: int = Field(ge=4, le=256)
    kernel_size: int = Field(ge=3, le=7)
    generator_activation: Activation
    discriminator_activation: Activation
    leaky_slope: float = Field(ge=0, le=1)
    flip: bool
    shift: int = Field(ge=0, le=16)
    ema_decay: float = Field(ge=0, le=0.99999)
    precision: Precision
    samples: int = Field(ge=1, le=256)
    sample_grids: int = Field(ge=1, le=1000)
    seed: int = Field(ge=0, lt=2**32)

    @model_validator(mode="after")
    def _one_length(self) -> "TrainParams":
        if (self.images is None) == (self.epochs is None):
            raise ValueError("set one of train.images and train.epochs, and the other to null")
        return self

    def architecture(self, image_size: int) -> Architecture:
        """Return the networks' description for images of this side in pixels."""
        keys = Architecture.model_fields.keys() - {"image_size"}
        return Architecture(image_size=image_size, **self.model_dump(include=set(keys)))

    def steps(self, available: int) -> int:
        """Return how many discriminator steps the training takes with `available` images."""
        if self.epochs is not None:
            return self.epochs * max(1, available // self.batch_size)
        assert self.images is not None
        return math.ceil(self.images / self.batch_size)


@dataclass(frozen=True)
class Progress:
    """Means over the steps since the last report."""

    step: int
    images: int  # seen so far
    g_loss: float
    d_loss: float
    d_real: float  # mean D(x), a probability
    d_fake: float  # mean D(G(z)), a probability
    g_grad_norm: float  # L2 norm of the loss's gradient in all of G's weights, at G's last update
    d_grad_norm: float  # the same of D

    def metrics(self) -> dict[str, float]:
        """Return what is worth a curve, by name."""
        return {key: value for key, value in asdict(self).items() if key not in ("step", "images")}


# How many → that many images, uint8.
Sampler = Callable[[int], Images]


@dataclass(frozen=True)
class Networks:
    """What a training yields."""

    generator: Generator
    average: Generator
    discriminator: Discriminator


def fit(
    images: Images,
    params: TrainParams,
    *,
    on_progress: Callable[[Progress], None],
    on_samples: Callable[[int, Sampler], None],
) -> Networks:
    """Train a DCGAN as Radford et al. 2016, with `generator_steps` updates of G for each of D.

    Args:
        images: the training set, uint8, N×S×S×3; may be memory-mapped, is never changed.
        params: the settings.
        on_progress: called about CURVE_POINTS times with the means since the last call.
        on_samples: called `sample_grids` times (or after each step, where these are fewer) with
            the step and a function that makes as many images as it is asked for with the averaged
            generator, of the same z each time that it is asked for so many. To be used before
            on_samples returns; it does not change the training.

    Returns:
        The networks, in evaluation mode. The average's batch-norm statistics are its own.
    """
    rng = torch.Generator().manual_seed(params.seed)
    trainer = _Trainer(params, images.shape[1], rng)
    steps = params.steps(len(images))
    report_every = max(1, steps // CURVE_POINTS)
    grids_at = {round(steps * (n + 1) / params.sample_grids) for n in range(params.sample_grids)}
    pending: list[Tensor] = []
    for step, batch in enumerate(_batches(images, params, steps, rng), start=1):
        pending.append(trainer.step(batch))
        if step % report_every == 0 or step == steps:
            means = torch.stack(pending).mean(0).tolist()
            on_progress(Progress(step, step * params.batch_size, *means))
            pending.clear()
        if step in grids_at:
            trainer.recalibrate()
            on_samples(step, trainer.sample)
    return trainer.networks()


def draw_z(count: int, latent_dim: int, rng: torch.Generator) -> Tensor:
    """Return z from the normal prior, count×latent_dim."""
    # Drawn on the CPU, so that every device sees the same z.
    return torch.randn(count, latent_dim, generator=rng).to(device())


class _Trainer:
    """The networks, their optimisers and the averaged generator."""

    def __init__(self, params: TrainParams, image_size: int, rng: torch.Generator) -> None:
        self.params = params
        self.rng = rng
        architecture = params.architecture(image_size)
        self.generator = Generator(architecture)
        self.discriminator = Discriminator(architecture)
        for network in (self.generator, self.discriminator):
            initialise(network, rng)
            place(network)
        self.average = copy.deepcopy(self.generator).requires_grad_(False)
        betas = (params.beta1, 0.999)
        self.g_adam = torch.optim.Adam(
            self.generator.parameters(), params.learning_rate, betas, fused=True
        )
        self.d_adam = torch.optim.Adam(
            self.discriminator.parameters(), params.learning_rate, betas, fused=True
        )
        self.taken = 0

    def step(self, real: Tensor) -> Tensor:
        """Update D once and G generator_steps times; return Progress's figures in its order."""
        fake = self._generate(len(real))
        d_loss, d_real, d_fake = self._update_discriminator(real, fake.detach())
        g_loss = self._update_generator(fake)
        for _ in range(self.params.generator_steps - 1):
            g_loss = self._update_generator(self._generate(len(real)))
        # The optimisers leave the gradients as they are, until the next update.
        norms = _gradient_norm(self.generator), _gradient_norm(self.discriminator)
        self.taken += 1
        # Early on the average forgets faster, or it would keep the random weights of the start.
        warm = min(self.params.ema_decay, self.taken / (10 + self.taken))
        average_into(self.average, self.generator, warm)
        return torch.stack([g_loss, d_loss, d_real, d_fake, *norms])

    def _generate(self, count: int) -> Tensor:
        with autocast(self.params.precision):
            return self.generator(draw_z(count, self.params.latent_dim, self.rng))

    def _judge(self, images: Tensor) -> Tensor:
        with autocast(self.params.precision):
            return self.discriminator(images).float()

    def _update_discriminator(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        params = self.params
        self.d_adam.zero_grad()
        on_real = self._judge(real)
        real_loss = losses.discriminator_loss_on_real(on_real, params.loss, params.label_smoothing)
        torch.autograd.backward(real_loss)
        on_fake = self._judge(fake)
        fake_loss = losses.discriminator_loss_on_fake(on_fake, params.loss)
        torch.autograd.backward(fake_loss)
        self.d_adam.step()
        d_loss = (real_loss + fake_loss).detach()
        return d_loss, on_real.detach().sigmoid().mean(), on_fake.detach().sigmoid().mean()

    def _update_generator(self, fake: Tensor) -> Tensor:
        # D's weights are held: only the gradient with respect to the images is needed.
        self.discriminator.requires_grad_(False)
        self.g_adam.zero_grad()
        loss = losses.generator_loss(self._judge(fake), self.params.loss)
        torch.autograd.backward(loss)
        self.g_adam.step()
        self.discriminator.requires_grad_(True)
        return loss.detach()

    def sample(self, count: int) -> Images:
        """Return what the averaged generator makes of `count` fixed z, uint8."""
        # A generator of its own, so that looking at samples does not change the training.
        rng = torch.Generator().manual_seed(self.params.seed)
        every = draw_z(count, self.params.latent_dim, rng)
        with torch.no_grad(), autocast(self.params.precision):
            made = [to_uint8(self.average(z)) for z in torch.split(every, SAMPLES_AT_ONCE)]
        return np.concatenate(made)

    def recalibrate(self) -> None:
        """Make the average's batch-norm statistics those of its present weights."""
        rng = torch.Generator().manual_seed(self.params.seed)  # of its own, as for the samples
        with autocast(self.params.precision):
            recalibrate(self.average, RECALIBRATION_BATCHES, self.params.batch_size, rng)

    def networks(self) -> Networks:
        """Return the networks in evaluation mode."""
        self.recalibrate()
        return Networks(self.generator.eval(), self.average.eval(), self.discriminator.eval())


def _gradient_norm(network: nn.Module) -> Tensor:
    """Return the L2 norm of the gradient in all of a network's weights, as one vector."""
    gradients = [weight.grad for weight in network.parameters() if weight.grad is not None]
    return get_total_norm(gradients)


def _batches(
    images: Images, params: TrainParams, steps: int, rng: torch.Generator
) -> Iterator[Tensor]:
    """Yield `steps` augmented batches, N×3×S×S in −1…1, in a new random order each epoch."""
    order: NDArray[np.int64] = np.empty(0, np.int64)
    for _ in range(steps):
        while len(order) < params.batch_size:
            fresh = torch.randperm(len(images), generator=rng).numpy()
            order = np.concatenate([order, fresh]) if len(images) < params.batch_size else fresh
        # Sorted, because a memory map is read faster in order; within a batch order is nothing.
        batch = torch.from_numpy(images[np.sort(order[: params.batch_size])]).to(device())
        order = order[params.batch_size :]
        if params.flip:
            batch = augmentation.flip(batch, rng)
        if params.shift:
            batch = augmentation.shift(batch, params.shift, rng)
        yield scale(batch)
