"""The loop of a training: what is due after each step, and how a killed training goes on."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from dcgan_inpainting.common.frame import Memory
from dcgan_inpainting.common.images import Images, png
from dcgan_inpainting.networks.distribution import Rank
from dcgan_inpainting.training.history import History, Row, not_finite_in

STEPS_BETWEEN_QUESTIONS = 10  # whether a rank was interrupted, which all of them have to know
SAVE_SECONDS = 30.0  # between checkpoints: what a kill costs at most, beside the start


class DivergedError(Exception):
    """The networks are of no use any more; the message is the reason."""


class Learner(Protocol):
    """What is trained: the networks, and all else that the next step depends on."""

    @property
    def figures(self) -> Sequence[str]:
        """The names of the figures that `step` returns."""

    def step(self, number: int) -> Tensor:
        """Take a step, the first of which is 1; return its figures, one vector on the device."""

    def complaint(self, progress: Row, /) -> str:
        """Return why going on is hopeless, in words; "" where it is not. Told of each report."""

    def validate(self, place: Row, /) -> tuple[Row, Images]:
        """Judge the networks as they are; change nothing in them.

        Args:
            place: after which step, and how many images.

        Returns:
            The place and what was found, as one row; and a picture, uint8, H×W×3.

        Raises:
            DivergedError: a weight or a figure is not finite.
        """

    def sound(self) -> bool:
        """Return whether all that was learned is finite."""

    def state_dict(self) -> dict[str, Any]:
        """Return all that the next step depends on, as a checkpoint takes it."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what state_dict returned, in this or in another process."""


class Observer(Protocol):
    """Whoever wants to know how a training goes."""

    def resumed(self, images: int, pictures: Mapping[int, bytes]) -> None:
        """The training goes on after so many images, with these PNGs of its validations by step."""

    def progressed(self, progress: Row) -> None:
        """Some steps are done."""

    def validated(self, validation: Row, picture: Images) -> None:
        """The networks were judged."""


@dataclass(frozen=True)
class Schedule:
    """How long a training is, and what is due when."""

    steps: int  # in all
    batch_size: int  # images a step
    steps_between_validations: int
    reports: int  # about how many, over the whole training


class Training:
    """A training's state, and what is done with it between two steps.

    Where several ranks share the training, each has one; the first rank alone validates, and may
    have an observer and a memory.

    The state is a function of the settings and of the step alone, so that a training which was
    interrupted, even by a kill, ends with the bytes of one that was not.
    """

    def __init__(
        self,
        learner: Learner,
        schedule: Schedule,
        rank: Rank,
        observer: Observer | None = None,
        memory: Memory | None = None,
    ) -> None:
        """Go on from the last checkpoint that there is, in all ranks from that of the first.

        Args:
            learner: fresh from its start.
            schedule: what is due when.
            rank: this one of the processes that share the training.
            observer: told of everything.
            memory: keeps the state.
        """
        self.learner = learner
        self.schedule = schedule
        self.rank = rank
        self.observer = observer
        self.memory = memory
        self.step = 0  # how many were taken
        self.history = History()
        self.diverged = ""  # why the training was stopped early; "" where it was not
        self._pending: list[Tensor] = []  # figures of the steps since the last report
        self._pictures: list[str] = []  # of the validations, as the memory calls them
        self._next_save = time.monotonic() + SAVE_SECONDS
        self._resume()

    @property
    def _place(self) -> Row:
        return {"step": self.step, "images": self.step * self.schedule.batch_size}

    def run(self, interrupted: Callable[[], bool]) -> None:
        """Take all steps that are left, or those until the training diverges.

        Args:
            interrupted: asked now and then; True in any rank saves the state and ends the training.

        Raises:
            KeyboardInterrupt: `interrupted` said so; the state is saved.
        """
        while self.step < self.schedule.steps and not self.diverged:
            self._advance()
            if self._agree(interrupted()):
                self._save()
                raise KeyboardInterrupt

    def validate(self) -> None:
        """Judge the networks, in the first rank, and keep the state; all ranks have to call it."""
        if self.rank.number == 0:
            try:
                self._look()
            except DivergedError as error:
                self.diverged = f"{error} at step {self.step}"
        self.diverged = self.rank.broadcast(self.diverged)

    def _resume(self) -> None:
        found = self.memory.newest(self.schedule.steps) if self.memory else None
        found = self.rank.broadcast(found)
        if found is None:
            return
        self.step, state = found
        torch.set_num_threads(state["threads"])
        self.learner.load_state_dict(state["learner"])
        self._pending = list(state["pending"].to(self.rank.device))
        self._pictures = state["files"]
        self.history = History(**state["history"])
        for row in self.history.progress:
            self.diverged = self.learner.complaint(row)
        if self.observer and self.memory:
            seen = zip(self.history.validations, self._pictures, strict=True)
            pictures = {int(row["step"]): self.memory.kept(name) for row, name in seen}
            self.observer.resumed(int(self._place["images"]), pictures)

    def _advance(self) -> None:
        """Take one step, and do what is due after it."""
        self._pending.append(self.learner.step(self.step + 1))
        self.step += 1
        last = self.step == self.schedule.steps
        if last or self.step % max(1, self.schedule.steps // self.schedule.reports) == 0:
            self._report()
        if self.diverged:
            return
        if last or self.step % self.schedule.steps_between_validations == 0:
            self.validate()
        elif time.monotonic() >= self._next_save:
            self._save()

    def _report(self) -> None:
        means = self.rank.mean(torch.stack(self._pending).mean(0))
        self._pending.clear()
        row = {**self._place, **dict(zip(self.learner.figures, means.tolist(), strict=True))}
        self.history.progress.append(row)
        fault = not_finite_in(row)
        self.diverged = f"{fault} at step {self.step}" if fault else self.learner.complaint(row)
        if self.observer:
            self.observer.progressed(row)

    def _look(self) -> None:
        row, picture = self.learner.validate(self._place)
        self.history.validations.append(row)
        if self.observer:
            self.observer.validated(row, picture)
        if self.memory:
            # Before the checkpoint that counts on it.
            self._pictures.append(self.memory.keep(f"{self.step:07d}.png", png(picture)))
        self._save()

    def _save(self) -> None:
        """Keep the state, unless it is no longer a sound one."""
        self._next_save = time.monotonic() + SAVE_SECONDS
        if self.memory is None:
            return
        pending = torch.stack(self._pending) if self._pending else torch.empty(0)
        # A step's figures are those of the weights before it.
        if not (pending.isfinite().all() and self.learner.sound()):
            return
        state = {
            "learner": self.learner.state_dict(),
            "pending": pending,
            "history": vars(self.history),
            "files": self._pictures,
            # Two threads add up a gradient in another order than one.
            "threads": torch.get_num_threads(),
        }
        self.memory.save(self.step, state, end=self.step == self.schedule.steps)

    def _agree(self, interrupted: bool) -> bool:
        """Return whether to end here: all ranks at the same step, or some would wait for others."""
        if self.rank.world_size == 1:
            return interrupted
        if self.step % STEPS_BETWEEN_QUESTIONS:
            return False
        return float(self.rank.mean(torch.tensor(float(interrupted)))) > 0
