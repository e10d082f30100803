"""The training of the DCGAN: its steps, its validations, and the choice among its weights."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import Tensor

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.frame import Memory
from dcgan_inpainting.common.images import Images, grid
from dcgan_inpainting.networks.batches import Batches
from dcgan_inpainting.networks.distribution import Rank
from dcgan_inpainting.networks.weights import not_finite
from dcgan_inpainting.train.health import Health
from dcgan_inpainting.train.params import TrainParams
from dcgan_inpainting.train.updates import FIGURES, RECALIBRATION_BATCHES, Trainer
from dcgan_inpainting.train.validation import LOOKS, Validator, better
from dcgan_inpainting.training.history import History, Row, not_finite_in
from dcgan_inpainting.training.loop import DivergedError, Observer, Schedule, Training

if TYPE_CHECKING:
    from lightning_fabric import Fabric

CURVE_POINTS = 500  # rows of the loss curves, each the mean over the steps since the one before

Weights = Mapping[str, Mapping[str, Tensor]]  # by network: generator, average, discriminator


@dataclass(frozen=True)
class Trained:
    """What a training yields."""

    chosen: Row  # the best validation, by params.select
    weights: Weights  # at that validation
    history: History
    diverged: str  # why it was stopped early; "" where it was not

    def headline(self) -> Row:
        """Return the scores of the chosen weights, rounded, and the images they have seen."""
        names = ("swd", "swd_floor", "reconstruction_psnr")
        rounded = {name: round(self.chosen[name], 3) for name in names}
        return {**rounded, "chosen_images": self.chosen["images"]}


def fit(
    images: Images,
    validator: Validator,
    params: TrainParams,
    fabric: "Fabric",
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
    gan, steps = _Gan(images, validator, params, fabric), params.steps(len(images))
    schedule = Schedule(steps, params.batch_size, params.steps_between_validations, CURVE_POINTS)
    training = Training(gan, schedule, Rank.of(fabric), observer, memory)
    training.run(interrupted)
    if fabric.global_rank > 0:
        return None
    if gan.best is None:
        raise UserError(
            f"the training diverged before its first validation: {training.diverged}; try a lower "
            "train.learning_rate, or validate sooner (train.validate_every)"
        )
    looks, weights = gan.best
    return Trained(looks[-1], weights, training.history, training.diverged)


class _Gan:
    """The two networks, and the best that the generator has been."""

    figures = FIGURES

    def __init__(
        self, images: Images, validator: Validator, params: TrainParams, fabric: "Fabric"
    ) -> None:
        self.params = params
        self.validator = validator
        self.trainer = Trainer(params, images.shape[1], fabric)
        self.batches = Batches(images, params, Rank.of(fabric))
        self.health = Health()
        self.looks: list[Row] = []  # the last LOOKS validations, the latest last
        self.best: tuple[list[Row], Weights] | None = None  # looks up to the best one, its weights

    def step(self, number: int) -> Tensor:
        return self.trainer.step(self.batches(number))

    def complaint(self, progress: Row) -> str:
        return self.health.complaint(progress)

    def validate(self, place: Row) -> tuple[Row, Images]:
        """Judge the present weights, and keep them where they are the best so far."""
        some = map(self.batches, range(1, RECALIBRATION_BATCHES // 2 + 1))
        networks = self.trainer.networks(some)
        weights = networks.state_dict()
        for network, values in weights.items():
            if name := not_finite(values):
                raise DivergedError(f"{name} of the network {network} is not finite")
        row = {**place, **self.validator.scores(networks.average)}
        if fault := not_finite_in(row):
            raise DivergedError(fault)
        self.looks = [*self.looks, row][-LOOKS:]
        if self.best is None or better(self.looks, self.best[0], self.params.select):
            self.best = self.looks, weights
        return row, grid(self.validator.samples(networks.average, self.params.samples))

    def sound(self) -> bool:
        return self.trainer.sound()

    def state_dict(self) -> dict[str, Any]:
        return {"trainer": self.trainer.state_dict(), "looks": self.looks, "best": self.best}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.trainer.load_state_dict(state["trainer"])
        self.looks, self.best = state["looks"], state["best"]
