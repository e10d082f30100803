"""The training of networks that fill holes in one pass, on faces with drawn holes.

The encoder begins as the trained DCGAN, and the discriminator's features are part of its loss. The
U-Net's training (room unet) is the same but for these two.
"""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.frame import Memory
from dcgan_inpainting.common.images import Images
from dcgan_inpainting.common.seeds import Purpose, generator_for
from dcgan_inpainting.encoder.holes import Holes
from dcgan_inpainting.encoder.params import EncoderParams
from dcgan_inpainting.encoder.validation import Validator
from dcgan_inpainting.networks.batches import Batches
from dcgan_inpainting.networks.dcgan import Discriminator, Generator
from dcgan_inpainting.networks.devices import autocast, device, place
from dcgan_inpainting.networks.distribution import Rank
from dcgan_inpainting.networks.frozen import freeze
from dcgan_inpainting.networks.muon import Muon, hidden
from dcgan_inpainting.networks.replayed import Replayed
from dcgan_inpainting.networks.unet import UNet, begin_as_dcgan, initialise_unet
from dcgan_inpainting.networks.weights import not_finite
from dcgan_inpainting.training.history import History, Row
from dcgan_inpainting.training.loop import DivergedError, Observer, Schedule, Training

WARM_UP = 100  # steps over which the rates rise: the first ones are as long whatever the gradient
ADAM_SHARE = 0.05  # of Muon's rate, for the weights that are not Muon's
BETAS = (0.9, 0.99)  # Adam's
PEAK = 2.0  # the width of the range of pixels, −1…1
LEAST_ERROR = 1e-3  # mean square; what is better than this is good enough
FEATURE_LAYERS = 3  # of D: at 64 pixels, down to 8×8; coarser ones judge the whole face
REPORTS = 200  # about how often a training reports its PSNR
FIGURES = ("psnr",)  # of the holes in the step's own images, in dB


def train_encoder(
    images: Images,
    validator: Validator,
    generator: Generator,
    discriminator: Discriminator,
    params: EncoderParams,
    *,
    observer: Observer | None = None,
    memory: Memory | None = None,
    interrupted: Callable[[], bool] = lambda: False,
) -> tuple[UNet, History]:
    """Train an encoder that begins as a DCGAN, from where an earlier process left off.

    Args:
        images: the training set, uint8, N×S×S×3; may be memory-mapped, is never changed.
        validator: tries the encoder on other images.
        generator, discriminator: trained together, not changed. The encoder begins as both, and the
            discriminator says what makes faces unlike.
        params: the settings.
        observer: told of everything.
        memory: keeps the state.
        interrupted: asked after each step; True saves the state and ends the training.

    Returns:
        The encoder, in evaluation mode, and what its training told.

    Raises:
        KeyboardInterrupt: `interrupted` said so; the state is saved.
        UserError: the training diverged.
    """
    encoder = UNet(generator.architecture)
    initialise_unet(encoder, generator_for(Purpose.ENCODER, params.seed))
    begin_as_dcgan(encoder, generator, discriminator)
    pupil = _Judged(place(encoder), place(freeze(discriminator)), params)
    history = train_to_fill(
        pupil, images, validator, params, observer=observer, memory=memory, interrupted=interrupted
    )
    return encoder.eval(), history


class Pupil(Protocol):
    """A network that learns to fill holes."""

    @property
    def network(self) -> UNet:
        """What is trained, on the device."""

    def attempt(self, faces: Tensor, known: Tensor, /) -> tuple[Tensor, Tensor]:
        """Fill the holes of a step's faces.

        Returns:
            The whole images, and what it costs beside their error: one number, in dB.
        """


def train_to_fill(
    pupil: Pupil,
    images: Images,
    validator: Validator,
    params: EncoderParams,
    *,
    observer: Observer | None = None,
    memory: Memory | None = None,
    interrupted: Callable[[], bool] = lambda: False,
) -> History:
    """Train a network to fill holes, from where an earlier process left off; see train_encoder.

    Args:
        pupil: fresh from its start.
        images, validator, observer, memory, interrupted: as there.
        params: the settings; the weights of what only the encoder has count nothing here.

    Raises:
        KeyboardInterrupt, UserError: as there.
    """
    schedule = Schedule(params.steps, params.batch_size, params.steps_between_validations, REPORTS)
    learner = _Learner(pupil, images, validator, params)
    training = Training(learner, schedule, Rank(device=device()), observer, memory)
    if not training.history.validations:
        training.validate()  # what there is before it has learned anything
    training.run(interrupted)
    if training.diverged:
        raise UserError(
            f"the training diverged: {training.diverged}; try a lower encoder.learning_rate"
        )
    return training.history


def psnr_of(made: Tensor, faces: Tensor, known: Tensor) -> Tensor:
    """Return the mean PSNR of the holes of images.

    The mean is one of decibels: an image counts by the share of its error, so that scattered holes,
    whose errors are small anyway, are learned no worse than halves of faces. Source: Chen, Lu,
    Zhang, Chu and Chen, "HINet: Half Instance Normalization Network for Image Restoration", CVPR
    Workshops 2021 (its PSNR loss).

    Args:
        made: N×3×S×S, −1…1.
        faces: the whole images, N×3×S×S, −1…1.
        known: N×1×S×S, 1 = known, 0 = hole; no image is known whole.

    Returns:
        One number in dB; each image counts the same, however large its hole, and none for more
        than some 36 dB.
    """
    hole = 1 - known
    # Not mean(): its gradient loses the layout in which convolutions are fastest.
    squares = (made - faces).square().sum(1, keepdim=True) / made.shape[1]
    errors = (hole * squares).sum((1, 2, 3)) / hole.sum((1, 2, 3))
    return 10 * torch.log10(PEAK**2 / (errors + LEAST_ERROR)).mean()


def feature_loss(restored: Tensor, faces: Tensor, discriminator: Discriminator) -> Tensor:
    """Return how differently a discriminator sees restored faces and whole ones.

    Squared errors alone make of several plausible faces their blurred mean. Edges and textures,
    which D's finer features tell, are what that lacks. Source: Larsen, Sønderby, Larochelle and
    Winther, "Autoencoding beyond pixels using a learned similarity metric", ICML 2016; here as mean
    absolute differences, added up over D's first layers.

    Args:
        restored: N×3×S×S.
        faces: the whole images, N×3×S×S.
        discriminator: frozen.

    Returns:
        One number.
    """
    total = torch.zeros((), device=faces.device)
    both = zip(discriminator.features(restored), discriminator.features(faces), strict=True)
    for mine, wanted in islice(both, FEATURE_LAYERS):
        # Not mean(), as in psnr_of.
        total = total + (mine.float() - wanted.float()).abs().sum() / mine.numel()
    return total


class _Judged:
    """The encoder: a frozen discriminator compares what it makes."""

    def __init__(self, network: UNet, discriminator: Discriminator, params: EncoderParams) -> None:
        self.network = network
        self.discriminator = discriminator
        self.params = params

    def attempt(self, faces: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        z, made = self.network.z_and_images(faces, known)
        unlike = feature_loss(made, faces, self.discriminator)
        length = z.float().square().mean()
        return made, self.params.feature_weight * unlike + self.params.latent_weight * length


class _Learner:
    """A pupil in its training."""

    figures = FIGURES

    def __init__(
        self, pupil: Pupil, images: Images, validator: Validator, params: EncoderParams
    ) -> None:
        self.params = params
        self.pupil = pupil
        self.network = pupil.network
        self.validator = validator
        self.optimisers = _optimisers(self.network)
        self.batches = Batches(images, params, Rank(device=device()))
        self.holes = Holes(images.shape[1], params.kinds, params.seed)
        self._replayed = Replayed(self._update, device())

    def step(self, number: int) -> Tensor:
        """Take a step; return the PSNR of what the network made before it."""
        self.network.train()
        faces = self.batches(number)
        known = self.holes(number, len(faces))
        return self._replayed(faces, known, self._learning_rate(number))

    def _update(self, faces: Tensor, known: Tensor, rate: Tensor | float) -> Tensor:
        with autocast(self.params.precision):
            made, penalty = self.pupil.attempt(faces, known)
        psnr = psnr_of(made.float(), faces, known)
        loss = penalty - psnr
        self.network.zero_grad()
        torch.autograd.backward(loss)
        for share, optimiser in self.optimisers:
            optimiser.param_groups[0]["lr"] = share * rate
            optimiser.step()
        return psnr.detach()[None]

    def complaint(self, _progress: Row) -> str:
        """Return nothing: a network whose figures are finite is never hopeless."""
        return ""

    def validate(self, place: Row) -> tuple[Row, Images]:
        """Try the network on validation faces."""
        if name := not_finite(self.network.state_dict()):
            raise DivergedError(f"{name} is not finite")
        self.network.eval()
        psnr, picture = self.validator(self.network)
        return {**place, **psnr}, picture

    def sound(self) -> bool:
        return not not_finite(self.network.state_dict())

    def state_dict(self) -> dict[str, Any]:
        optimisers = [optimiser.state_dict() for _, optimiser in self.optimisers]
        return {"network": self.network.state_dict(), "optimisers": optimisers}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        for (_, optimiser), saved in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)

    def _learning_rate(self, number: int) -> float:
        """Return a step's rate: it rises over the first steps, and falls evenly to nothing."""
        rise = min(1.0, number / WARM_UP)
        fall = 1 - (number - 1) / self.params.steps
        return self.params.learning_rate * rise * fall


def _optimisers(network: nn.Module) -> list[tuple[float, torch.optim.Optimizer]]:
    """Return what trains a network: Adam and, for what it is for, Muon; with shares of the rate."""
    by_muon = hidden(network)
    chosen = set(map(id, by_muon))
    others = [weight for weight in network.parameters() if id(weight) not in chosen]
    adam = torch.optim.Adam(others, betas=BETAS, fused=True, capturable=device().type == "cuda")
    return [(ADAM_SHARE, adam)] + ([(1.0, Muon(by_muon, 0.0))] if by_muon else [])
