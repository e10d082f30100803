"""The training loop: which step comes next, when to look, when to save and when to stop."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import torch
from lightning_fabric import Fabric
from torch import Tensor

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.frame import Memory
from dcgan_inpainting.common.images import Images
from dcgan_inpainting.networks.batches import Batches
from dcgan_inpainting.networks.distribution import Rank
from dcgan_inpainting.networks.weights import not_finite
from dcgan_inpainting.train.health import Health
from dcgan_inpainting.train.params import TrainParams
from dcgan_inpainting.train.progress import Progress
from dcgan_inpainting.train.updates import RECALIBRATION_BATCHES, Trainer
from dcgan_inpainting.train.validation import Scores, Validator

CURVE_POINTS = 500  # rows of the loss curves, each the mean over the steps since the one before
STEPS_BETWEEN_QUESTIONS = 10  # whether a rank was interrupted, which all of them have to know
SAVE_SECONDS = 30.0  # between checkpoints: what a kill costs at most, beside the start

Weights = Mapping[str, Mapping[str, Tensor]]  # by network: generator, average, discriminator


@dataclass(frozen=True)
class Validation:
    """One look at a generator on the way."""

    step: int
    images: int  # seen so far
    scores: Scores
    samples: Images  # uint8, params.samples×S×S×3, of the same z each time
    best: bool  # so far

    def row(self) -> dict[str, float]:
        """Return its place and its scores by name, as a table has them."""
        return {"step": self.step, "images": self.images, **self.scores.row()}


@dataclass
class History:
    """What a training has told so far; kept with its state, so that no restart leaves a gap."""

    progress: list[Progress] = field(default_factory=list)
    validations: list[Validation] = field(default_factory=list)

    def state_dict(self) -> dict[str, Any]:
        """Return the history as plain values and tensors."""
        return {
            "progress": [asdict(progress) for progress in self.progress],
            "validations": [
                {**asdict(seen), "samples": torch.from_numpy(seen.samples)}
                for seen in self.validations
            ],
        }

    @classmethod
    def of_state(cls, state: Mapping[str, Any]) -> "History":
        """Return the history that state_dict wrote."""
        validations = [
            Validation(
                **{
                    **values,
                    "scores": Scores(**values["scores"]),
                    "samples": values["samples"].numpy(),
                }
            )
            for values in state["validations"]
        ]
        return cls([Progress(**values) for values in state["progress"]], validations)


class Observer(Protocol):
    """Whoever wants to know how a training goes."""

    def resumed(self, images: int, history: History) -> None:
        """The training goes on after so many images; an earlier process was told the history."""

    def progressed(self, progress: Progress) -> None:
        """Some steps are done; called about CURVE_POINTS times."""

    def validated(self, validation: Validation) -> None:
        """The generator was compared with real images."""


@dataclass(frozen=True)
class Trained:
    """What a training yields."""

    weights: Weights  # of the validation that `chosen` says
    chosen: Validation
    history: History
    diverged: str  # why it was stopped early; "" where it was not


def fit(
    images: Images,
    validator: Validator,
    params: TrainParams,
    fabric: Fabric,
    *,
    observer: Observer | None = None,
    memory: Memory | None = None,
    interrupted: Callable[[], bool] = lambda: False,
) -> Trained | None:
    """Train a DCGAN, from where an earlier process left off.

    To be called by all ranks, with the same arguments but for `observer` and `memory`, which the
    first alone may have.

    Args:
        images: the training set, uint8, N×S×S×3; may be memory-mapped, is never changed.
        validator: compares samples with real images.
        params: the settings.
        fabric: started.
        observer: told of everything.
        memory: keeps the state.
        interrupted: asked now and then; True in any rank saves the state and ends the training.

    Returns:
        The weights of the best validation, in rank 0; None in the other ranks.

    Raises:
        KeyboardInterrupt: `interrupted` said so; the state is saved.
        UserError: the training diverged before its first validation.
    """
    training = _Training(images, validator, params, fabric, observer, memory)
    training.resume()
    while training.step < training.steps and not training.diverged:
        training.advance()
        if training.agree(interrupted()):
            training.save()
            raise KeyboardInterrupt
    return training.result() if fabric.global_rank == 0 else None


class _Training:
    """A training's state, and what is done with it between two steps."""

    def __init__(
        self,
        images: Images,
        validator: Validator,
        params: TrainParams,
        fabric: Fabric,
        observer: Observer | None,
        memory: Memory | None,
    ) -> None:
        self.params = params
        self.fabric = fabric
        self.validator = validator
        self.observer = observer
        self.memory = memory
        self.first_rank = fabric.global_rank == 0
        self.trainer = Trainer(params, images.shape[1], fabric)
        self.batches = Batches(images, params, Rank.of(fabric))
        self.steps = params.steps(len(images))
        self.report_every = max(1, self.steps // CURVE_POINTS)
        self.pending: list[Tensor] = []
        self.history = History()
        self.health = Health()
        self.best: tuple[Validation, Weights] | None = None
        self.diverged = ""
        self.next_save = time.monotonic() + SAVE_SECONDS

    @property
    def step(self) -> int:
        """How many steps were taken."""
        return self.trainer.taken

    def resume(self) -> None:
        """Go on from the last checkpoint, in all ranks from that of the first."""
        found = self.memory.newest(self.steps) if self.memory else None
        found = self.fabric.broadcast(found)
        if found is None:
            return
        _, state = found
        torch.set_num_threads(state["threads"])
        self.trainer.load_state_dict(state["trainer"])
        self.pending = list(state["pending"].to(self.fabric.device))
        self.history = History.of_state(state["history"])
        for progress in self.history.progress:
            self.health.complaint(progress)
        if state["best"]:
            self.best = self._last_best(), state["best"]
        if self.observer:
            self.observer.resumed(self.step * self.params.batch_size, self.history)

    def advance(self) -> None:
        """Take one step, and do what is due after it."""
        self.pending.append(self.trainer.step(self.batches(self.step + 1)))
        last = self.step == self.steps
        if last or self.step % self.report_every == 0:
            self._report()
        if self.diverged:
            return
        if last or self.step % self.params.steps_between_validations == 0:
            self._validate()
        elif time.monotonic() >= self.next_save:
            self.save()

    def save(self) -> None:
        """Keep the state, unless it is no longer a sound one."""
        self.next_save = time.monotonic() + SAVE_SECONDS
        if self.memory is None:
            return
        pending = torch.stack(self.pending) if self.pending else torch.empty(0)
        # A step's figures are those of the weights before it.
        if not (pending.isfinite().all() and self.trainer.sound()):
            return
        state = {
            "trainer": self.trainer.state_dict(),
            "pending": pending.cpu(),
            "history": self.history.state_dict(),
            "best": self.best and self.best[1],
            # Two threads add up a gradient in another order than one.
            "threads": torch.get_num_threads(),
        }
        self.memory.save(self.step, state, end=self.step == self.steps)

    def agree(self, interrupted: bool) -> bool:
        """Return whether to end here: all ranks at the same step, or some would wait for others."""
        if self.fabric.world_size == 1:
            return interrupted
        if self.step % STEPS_BETWEEN_QUESTIONS:
            return False
        return float(self._mean(torch.tensor(float(interrupted)))) > 0

    def result(self) -> Trained:
        """Return the best weights."""
        if self.best is None:
            raise UserError(
                f"the training diverged before its first validation: {self.diverged}; try a lower "
                "train.learning_rate, or validate sooner (train.validate_every)"
            )
        chosen, weights = self.best
        return Trained(weights, chosen, self.history, self.diverged)

    def _report(self) -> None:
        means = self._mean(torch.stack(self.pending).mean(0))
        self.pending.clear()
        progress = Progress(self.step, self.step * self.params.batch_size, *means.tolist())
        self.history.progress.append(progress)
        self.diverged = self.health.complaint(progress)
        if self.observer:
            self.observer.progressed(progress)

    def _validate(self) -> None:
        if self.first_rank:
            self._look()
        self.diverged = self.fabric.broadcast(self.diverged)

    def _look(self) -> None:
        """Judge the present weights, and keep them where they are the best so far."""
        some = map(self.batches, range(1, RECALIBRATION_BATCHES // 2 + 1))
        networks = self.trainer.networks(some)
        weights = networks.state_dict()
        self.diverged = _unsound(weights, self.step)
        if self.diverged:
            return
        scores = self.validator.scores(networks.average)
        self.diverged = _unsound_scores(scores, self.step)
        if self.diverged:
            return
        better = self.best is None or scores.beat(self.best[0].scores, self.params.select)
        validation = Validation(
            self.step,
            self.step * self.params.batch_size,
            scores,
            self.validator.samples(networks.average, self.params.samples),
            better,
        )
        self.history.validations.append(validation)
        if better:
            self.best = validation, weights
        if self.observer:
            self.observer.validated(validation)
        self.save()

    def _mean(self, value: Tensor) -> Tensor:
        """Return the mean over all ranks, which all of them have to ask for."""
        mean = self.fabric.all_reduce(value.to(self.fabric.device), reduce_op="mean")
        assert isinstance(mean, Tensor)
        return mean

    def _last_best(self) -> Validation:
        return next(seen for seen in reversed(self.history.validations) if seen.best)


def _unsound(weights: Weights, step: int) -> str:
    """Return which weights are not finite, in words; "" where all are."""
    for network, values in weights.items():
        if name := not_finite(values):
            return f"{name} of the network {network} is not finite at step {step}"
    return ""


def _unsound_scores(scores: Scores, step: int) -> str:
    for name, value in scores.row().items():
        if not math.isfinite(value):
            return f"{name} is {value} at step {step}"
    return ""
