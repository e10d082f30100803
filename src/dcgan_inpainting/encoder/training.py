"""The training of the encoder, through the frozen generator, on faces with drawn holes."""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

import torch
from torch import Tensor

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
from dcgan_inpainting.networks.encoder import Encoder, initialise_encoder
from dcgan_inpainting.networks.schedules import half_cosine
from dcgan_inpainting.networks.weights import not_finite
from dcgan_inpainting.training.history import History, Row
from dcgan_inpainting.training.loop import DivergedError, Observer, Schedule, Training

WARM_UP = 100  # steps over which Adam's rate rises: its first ones are large whatever the gradient
BETAS = (0.9, 0.99)
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
) -> tuple[Encoder, History]:
    """Train an encoder for a generator, from where an earlier process left off.

    Args:
        images: the training set, uint8, N×S×S×3; may be memory-mapped, is never changed.
        validator: tries the encoder on other images.
        generator: frozen; on the device.
        discriminator: the generator's, frozen; says what makes faces unlike.
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
    filler = _Filler(images, validator, generator, discriminator, params)
    schedule = Schedule(params.steps, params.batch_size, params.steps_between_validations, REPORTS)
    training = Training(filler, schedule, Rank(device=device()), observer, memory)
    if not training.history.validations:
        training.validate()  # what there is before it has learned anything
    training.run(interrupted)
    if training.diverged:
        raise UserError(
            f"the training diverged: {training.diverged}; try a lower encoder.learning_rate"
        )
    return filler.encoder.eval(), training.history


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
    squares = (made - faces).square().mean(1, keepdim=True)
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
        total = total + (mine.float() - wanted.float()).abs().mean()
    return total


class _Filler:
    """An encoder that learns to fill holes."""

    figures = FIGURES

    def __init__(
        self,
        images: Images,
        validator: Validator,
        generator: Generator,
        discriminator: Discriminator,
        params: EncoderParams,
    ) -> None:
        self.params = params
        self.generator = generator
        self.discriminator = discriminator
        self.validator = validator
        encoder = Encoder(generator.architecture)
        initialise_encoder(encoder, generator_for(Purpose.ENCODER, params.seed))
        self.encoder = place(encoder)
        self.adam = torch.optim.Adam(
            self.encoder.parameters(), params.learning_rate, BETAS, fused=True
        )
        self.batches = Batches(images, params, Rank(device=device()))
        self.holes = Holes(images.shape[1], params.kinds, params.seed)

    def step(self, number: int) -> Tensor:
        """Take a step; return the PSNR of what the encoder made before it."""
        self.encoder.train()
        faces = self.batches(number)
        known = self.holes(number, len(faces)).to(faces.device)
        with autocast(self.params.precision):
            latent, made = self.encoder(faces, known, self.generator)
            unlike = feature_loss(made, faces, self.discriminator)
        psnr = psnr_of(made.float(), faces, known)
        loss = self.params.feature_weight * unlike - psnr
        loss = loss + self.params.latent_weight * latent.z.float().square().mean()
        self.adam.param_groups[0]["lr"] = self._learning_rate(number)
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        return psnr.detach()[None]

    def complaint(self, _progress: Row) -> str:
        """Return nothing: an encoder whose figures are finite is never hopeless."""
        return ""

    def validate(self, place: Row) -> tuple[Row, Images]:
        """Try the encoder on validation faces."""
        if name := not_finite(self.encoder.state_dict()):
            raise DivergedError(f"{name} is not finite")
        psnr, picture = self.validator(self.encoder.eval(), self.generator)
        return {**place, **psnr}, picture

    def sound(self) -> bool:
        return not not_finite(self.encoder.state_dict())

    def state_dict(self) -> dict[str, Any]:
        return {"encoder": self.encoder.state_dict(), "adam": self.adam.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.encoder.load_state_dict(state["encoder"])
        self.adam.load_state_dict(state["adam"])

    def _learning_rate(self, number: int) -> float:
        """Return a step's rate: it rises over the first steps and falls by half a cosine."""
        rise = min(1.0, number / WARM_UP)
        fall = half_cosine(number - 1, self.params.steps)
        return self.params.learning_rate * rise * fall
