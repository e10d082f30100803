"""The training of the encoder, through the frozen generator, on faces with drawn holes."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any, Protocol

import torch
from torch import Tensor

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.frame import Memory
from dcgan_inpainting.common.images import Images
from dcgan_inpainting.common.seeds import Purpose, generator_for
from dcgan_inpainting.encoder.holes import Holes
from dcgan_inpainting.encoder.params import EncoderParams
from dcgan_inpainting.encoder.validation import Validation, Validator
from dcgan_inpainting.networks.batches import Batches
from dcgan_inpainting.networks.dcgan import Discriminator, Generator
from dcgan_inpainting.networks.devices import autocast, device, place
from dcgan_inpainting.networks.distribution import Rank
from dcgan_inpainting.networks.encoder import Encoder, initialise_encoder
from dcgan_inpainting.networks.schedules import half_cosine
from dcgan_inpainting.networks.weights import not_finite

WARM_UP = 100  # steps over which Adam's rate rises: its first ones are large whatever the gradient
BETAS = (0.9, 0.99)
PEAK = 2.0  # the width of the range of pixels, −1…1
LEAST_ERROR = 1e-3  # mean square; what is better than this is good enough
FEATURE_LAYERS = 3  # of D: at 64 pixels, down to 8×8; coarser ones judge the whole face
REPORTS = 200  # about how often a training reports its PSNR
SAVE_SECONDS = 30.0  # between checkpoints: what a kill costs at most, beside the start


@dataclass(frozen=True)
class Progress:
    """Means over the steps since the last report."""

    step: int
    images: int  # seen so far
    psnr: float  # of the holes in the training's own images, in dB


@dataclass
class History:
    """What a training has told so far; kept with its state, so that no restart leaves a gap."""

    progress: list[Progress] = field(default_factory=list)
    validations: list[Validation] = field(default_factory=list)

    def state_dict(self) -> dict[str, Any]:
        """Return the history as plain values and tensors."""
        return {
            "progress": [asdict(progress) for progress in self.progress],
            "validations": [seen.state_dict() for seen in self.validations],
        }

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> "History":
        """Return the history that state_dict wrote."""
        return cls(
            [Progress(**values) for values in state["progress"]],
            [Validation.of_state(values) for values in state["validations"]],
        )


class Observer(Protocol):
    """Whoever wants to know how a training goes."""

    def resumed(self, images: int, history: History) -> None:
        """The training goes on after so many images; an earlier process was told the history."""

    def progressed(self, progress: Progress) -> None:
        """Some steps are done; called about REPORTS times."""

    def validated(self, validation: Validation) -> None:
        """The encoder was tried on validation faces."""


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
    training = _Training(images, validator, generator, discriminator, params, observer, memory)
    training.resume()
    if not training.history.validations:
        training.validate()  # what there is before it has learned anything
    while training.taken < params.steps:
        training.advance()
        if interrupted():
            training.save()
            raise KeyboardInterrupt
    return training.encoder.eval(), training.history


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


class _Training:
    """A training's state, and what is done with it between two steps."""

    def __init__(
        self,
        images: Images,
        validator: Validator,
        generator: Generator,
        discriminator: Discriminator,
        params: EncoderParams,
        observer: Observer | None,
        memory: Memory | None,
    ) -> None:
        self.params = params
        self.generator = generator
        self.discriminator = discriminator
        self.validator = validator
        self.observer = observer
        self.memory = memory
        encoder = Encoder(generator.architecture)
        initialise_encoder(encoder, generator_for(Purpose.ENCODER, params.seed))
        self.encoder = place(encoder)
        self.adam = torch.optim.Adam(
            self.encoder.parameters(), params.learning_rate, BETAS, fused=True
        )
        self.batches = Batches(images, params, Rank(device=device()))
        self.holes = Holes(images.shape[1], params.kinds, params.seed)
        self.report_every = max(1, params.steps // REPORTS)
        self.taken = 0  # steps
        self.pending: list[Tensor] = []
        self.history = History()
        self.next_save = time.monotonic() + SAVE_SECONDS

    def resume(self) -> None:
        """Go on from the last checkpoint."""
        found = self.memory.newest(self.params.steps) if self.memory else None
        if found is None:
            return
        self.taken, state = found
        torch.set_num_threads(state["threads"])
        self.encoder.load_state_dict(state["encoder"])
        self.adam.load_state_dict(state["adam"])
        self.pending = list(state["pending"].to(device()))
        self.history = History.of_state(state["history"])
        if self.observer:
            self.observer.resumed(self.taken * self.params.batch_size, self.history)

    def advance(self) -> None:
        """Take one step, and do what is due after it."""
        self.encoder.train()
        self.pending.append(self._step())
        last = self.taken == self.params.steps
        if last or self.taken % self.report_every == 0:
            self._report()
        if last or self.taken % self.params.steps_between_validations == 0:
            self.validate()
        if last or time.monotonic() >= self.next_save:
            self.save()

    def validate(self) -> None:
        """Try the encoder on validation faces.

        Raises:
            UserError: a weight is not finite.
        """
        if name := not_finite(self.encoder.state_dict()):
            raise _diverged(f"{name} is not finite", self.taken)
        images = self.taken * self.params.batch_size
        validation = self.validator(self.encoder.eval(), self.generator, self.taken, images)
        self.history.validations.append(validation)
        if self.observer:
            self.observer.validated(validation)

    def save(self) -> None:
        """Keep the state, unless it is no longer a sound one."""
        self.next_save = time.monotonic() + SAVE_SECONDS
        weights = self.encoder.state_dict()
        if self.memory is None or not_finite(weights):
            return
        state = {
            "encoder": weights,
            "adam": self.adam.state_dict(),
            "pending": torch.stack(self.pending) if self.pending else torch.empty(0),
            "history": self.history.state_dict(),
            # Two threads add up a gradient in another order than one.
            "threads": torch.get_num_threads(),
        }
        self.memory.save(self.taken, state, end=self.taken == self.params.steps)

    def _step(self) -> Tensor:
        """Take a step; return the PSNR of what the encoder made before it."""
        self.taken += 1
        faces = self.batches(self.taken)
        known = self.holes(self.taken, len(faces)).to(faces.device)
        with autocast(self.params.precision):
            latent, made = self.encoder(faces, known, self.generator)
            unlike = feature_loss(made, faces, self.discriminator)
        psnr = psnr_of(made.float(), faces, known)
        loss = self.params.feature_weight * unlike - psnr
        loss = loss + self.params.latent_weight * latent.z.float().square().mean()
        self.adam.param_groups[0]["lr"] = self._learning_rate()
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        return psnr.detach()

    def _learning_rate(self) -> float:
        """Return the step's rate: it rises over the first steps and falls by half a cosine."""
        rise = min(1.0, self.taken / WARM_UP)
        fall = half_cosine(self.taken - 1, self.params.steps)
        return self.params.learning_rate * rise * fall

    def _report(self) -> None:
        psnr = float(torch.stack(self.pending).mean())
        if not math.isfinite(psnr):
            raise _diverged(f"its PSNR is {psnr}", self.taken)
        self.pending.clear()
        progress = Progress(self.taken, self.taken * self.params.batch_size, psnr)
        self.history.progress.append(progress)
        if self.observer:
            self.observer.progressed(progress)


def _diverged(what: str, step: int) -> UserError:
    return UserError(
        f"the training diverged: {what} at step {step}; try a lower encoder.learning_rate"
    )
