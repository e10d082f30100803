"""One step of a training: the updates of the two networks, and all that changes with them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.seeds import Purpose, generator_for
from dcgan_inpainting.networks.augmentation import diff_augment
from dcgan_inpainting.networks.averaging import average_into, recalibrate
from dcgan_inpainting.networks.dcgan import (
    Discriminator,
    Generator,
    initialise,
    normalise_spectrally,
)
from dcgan_inpainting.networks.devices import CPU, Network, autocast, place
from dcgan_inpainting.networks.distribution import Rank
from dcgan_inpainting.networks.frozen import plain
from dcgan_inpainting.networks.replayed import Replayed
from dcgan_inpainting.train import losses
from dcgan_inpainting.train.params import TrainParams

if TYPE_CHECKING:
    from lightning_fabric import Fabric

RECALIBRATION_BATCHES = 32  # 1,024 z at the default batch: the statistics are then within 1 %
ADAM_SECOND_MOMENT = 0.999  # Adam's own, which Radford et al. 2016 leave as it is

# What a step is told of by: means over its batch.
FIGURES = (
    "g_loss",
    "d_loss",
    "d_real",  # D(x), a probability
    "d_fake",  # D(G(z)), a probability
    "g_grad_norm",  # L2 norm of the loss's gradient in all of G's weights, at G's last update
    "d_grad_norm",  # the same of D
)


@dataclass(frozen=True)
class Networks:
    """What a training yields."""

    generator: Generator
    average: Generator
    discriminator: Discriminator

    def state_dict(self) -> dict[str, dict[str, Tensor]]:
        """Return the weights of each, by its name here, on the CPU."""
        return {
            name: {key: value.cpu() for key, value in network.state_dict().items()}
            for name, network in vars(self).items()
        }


class Trainer:
    """The networks, their optimisers and the averaged generator.

    With several ranks each of them holds the same weights and computes its share of a batch;
    gradients are averaged in the backward pass.
    """

    def __init__(self, params: TrainParams, image_size: int, fabric: "Fabric") -> None:
        """Draw the weights.

        Args:
            params: the settings.
            image_size: side of the images in pixels.
            fabric: started; says where the networks are and in which arithmetic they compute.
        """
        self.params = params
        self._fabric = fabric
        self._rank = Rank.of(fabric)
        rng = generator_for(Purpose.WEIGHTS, params.seed)
        architecture = self._architecture = params.architecture(image_size)
        generator = _prepared(Generator(architecture), rng, self._rank)
        spectral = params.discriminator_norm == "spectral"
        discriminator = _prepared(Discriminator(architecture), rng, self._rank, spectral=spectral)
        self.average = self._copy(Generator, generator).requires_grad_(False)
        g_rate, d_rate = params.learning_rates
        self.generator, self._g_adam = fabric.setup(generator, self._adam(generator, g_rate))
        d_adam = self._adam(discriminator, d_rate)
        self.discriminator, self._d_adam = fabric.setup(discriminator, d_adam)
        # Not where anything but z is drawn at random, not all steps do the same, or ranks meet.
        alone = self._rank.world_size == 1 and params.strategy == "auto"
        alike = alone and not params.augment and not params.r1_weight
        self._update = Replayed(self._updates, self._rank.device if alike else CPU)
        self.taken = 0  # steps

    def _adam(self, network: nn.Module, rate: float) -> torch.optim.Adam:
        betas, replayed = (self.params.beta1, ADAM_SECOND_MOMENT), self._rank.device.type == "cuda"
        return torch.optim.Adam(network.parameters(), rate, betas, fused=True, capturable=replayed)

    def step(self, real: Tensor) -> Tensor:
        """Update D once and G generator_steps times (Radford et al. 2016; the article).

        Args:
            real: this rank's share of the batch, N×3×S×S in −1…1.

        Returns:
            FIGURES in their order, of this rank.
        """
        self.taken += 1
        self._rng = generator_for(Purpose.STEP, self.params.seed, self.taken, self._rank.number)
        size = (len(real), self.params.latent_dim)
        zs = [torch.randn(size, generator=self._rng) for _ in range(self.params.generator_steps)]
        figures = self._update(real, *zs)
        # Early on the average forgets faster, or it would keep the random weights of the start.
        warm = min(self.params.ema_decay, self.taken / (10 + self.taken))
        average_into(self.average, self.generator, warm)
        return figures

    def _updates(self, real: Tensor, *zs: Tensor) -> Tensor:
        """Update D once, and G with each z; return FIGURES."""
        first, *others = (z.to(self._rank.device) for z in zs)
        fake = self.generator(first)
        d_loss, d_real, d_fake = self._update_discriminator(real, fake.detach())
        g_loss = self._update_generator(fake)
        for z in others:
            g_loss = self._update_generator(self.generator(z))
        # The optimisers leave the gradients as they are, until the next update.
        norms = _gradient_norm(self.generator), _gradient_norm(self.discriminator)
        return torch.stack([g_loss, d_loss, d_real, d_fake, *norms])

    def _judge(self, images: Tensor) -> Tensor:
        """Return D's logits of real or generated images, changed at random for D's eyes only."""
        return self.discriminator(diff_augment(images, self.params.augment, self._rng))

    def _judge_alone(self, images: Tensor) -> Tensor:
        """Return D's logits, past the ranks' wrapper.

        The wrapper has no second derivative. And called outside of D's own update it would get
        ready to average D's gradients, and do so at the next backward pass, wanted or not.
        """
        with autocast(self.params.precision):
            return self.discriminator.module(images).float()

    def _update_discriminator(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        params = self.params
        self._d_adam.zero_grad()
        # Each forward pass is followed by its own backward pass, and the ranks' gradients are
        # averaged in the last of them.
        with self._fabric.no_backward_sync(self.discriminator, enabled=self._rank.world_size > 1):
            on_real = self._judge(real)
            real_loss = losses.discriminator_loss_on_real(
                on_real, params.loss, params.label_smoothing
            )
            self._fabric.backward(real_loss)
            if params.r1_weight and self.taken % params.r1_every == 0:
                self._fabric.backward(self._r1(real))
        on_fake = self._judge(fake)
        fake_loss = losses.discriminator_loss_on_fake(on_fake, params.loss)
        self._fabric.backward(fake_loss)
        self._d_adam.step()
        d_loss = (real_loss + fake_loss).detach()
        return d_loss, on_real.detach().sigmoid().mean(), on_fake.detach().sigmoid().mean()

    def _r1(self, real: Tensor) -> Tensor:
        """Return R1's penalty, which stands for that of r1_every steps (lazy regularisation)."""
        images = real.detach().requires_grad_(True)
        logits = self._judge_alone(images)
        return self.params.r1_every * losses.r1_penalty(logits, images, self.params.r1_weight)

    def _update_generator(self, fake: Tensor) -> Tensor:
        # D's weights are held: only the gradient with respect to the images is needed.
        self.discriminator.requires_grad_(False)
        self._g_adam.zero_grad()
        logits = self._judge_alone(diff_augment(fake, self.params.augment, self._rng))
        loss = losses.generator_loss(logits, self.params.loss)
        self._fabric.backward(loss)
        self._g_adam.step()
        self.discriminator.requires_grad_(True)
        return loss.detach()

    def networks(self, real: Iterable[Tensor]) -> Networks:
        """Return copies of the networks for use: plain, in evaluation mode, on the device.

        Batch norm's statistics are worked out anew from the present weights. So they depend
        neither on how many ranks there are nor on what each of them has seen; and any rank can do
        it alone.

        Args:
            real: batches of images, N×3×S×S in −1…1. D's statistics are those over them and over as
                many generated ones, which is what it is trained on.
        """
        rng = generator_for(Purpose.RECALIBRATION, self.params.seed)
        size = (RECALIBRATION_BATCHES, self.params.batch_size, self.params.latent_dim)
        zs = torch.randn(size, generator=rng).to(self._rank.device)
        generator = self._copy(Generator, self.generator)
        average = self._copy(Generator, self.average)
        discriminator = self._copy(Discriminator, plain(self.discriminator.module))
        with autocast(self.params.precision), torch.no_grad():
            for network in (generator, average):
                recalibrate(network, zs)
            pairs = zip(real, zs, strict=False)
            recalibrate(discriminator, (half for x, z in pairs for half in (x, generator(z))))
        return Networks(generator, average, discriminator)

    def _copy(self, kind: type[Network], network: nn.Module) -> Network:
        # Not a deep copy, which would share its batch norm with the other ranks.
        copied = kind(self._architecture)
        copied.load_state_dict(network.state_dict())
        return place(copied)

    def sound(self) -> bool:
        """Return whether all that was learned is finite."""
        networks = (self.generator, self.average, self.discriminator)
        return all(bool(w.isfinite().all()) for network in networks for w in network.parameters())

    def state_dict(self) -> dict[str, Any]:
        """Return all that the next step depends on."""
        parts = {
            "generator": self.generator,
            "average": self.average,
            "discriminator": self.discriminator,
            "g_adam": self._g_adam,
            "d_adam": self._d_adam,
        }
        return {**{name: part.state_dict() for name, part in parts.items()}, "taken": self.taken}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what state_dict returned, in this or in another process."""
        self.generator.load_state_dict(state["generator"])
        self.discriminator.load_state_dict(state["discriminator"])
        self.average.load_state_dict(state["average"])
        self._g_adam.load_state_dict(state["g_adam"])
        self._d_adam.load_state_dict(state["d_adam"])
        self.taken = state["taken"]


def refuse_unshareable(params: TrainParams, rank: Rank) -> None:
    """Refuse settings that so many processes can't train with; any of them can say so.

    Raises:
        UserError: the batch can't be shared evenly, or R1 asks for a second derivative, which batch
            norm over several GPUs does not have.
    """
    rank.share(params.batch_size)
    several_gpus = rank.world_size > 1 and rank.device.type == "cuda"
    if several_gpus and params.r1_weight and params.discriminator_norm == "batch":
        raise UserError(
            f"train.r1_weight is {params.r1_weight:g}, and batch norm over several GPUs has no "
            "second derivative, which R1 needs: set train.discriminator_norm to spectral or none, "
            "or train.r1_weight to 0, or train.devices to 1"
        )


def _prepared(network: Any, rng: torch.Generator, rank: Rank, *, spectral: bool = False) -> Any:
    """Return a network with new weights, in the layout in which its convolutions are fastest."""
    initialise(network, rng)
    if spectral:
        normalise_spectrally(network, rng)
    if rank.world_size > 1 and rank.device.type == "cuda":
        # One batch norm over all ranks' images; on CPUs PyTorch has none.
        convert: Any = nn.SyncBatchNorm.convert_sync_batchnorm  # not typed
        network = convert(network)
    return network.to(rank.device).to(memory_format=torch.channels_last)


def _gradient_norm(network: nn.Module) -> Tensor:
    """Return the L2 norm of the gradient in all of a network's weights, as one vector."""
    gradients = [weight.grad for weight in network.parameters() if weight.grad is not None]
    return get_total_norm(gradients)
