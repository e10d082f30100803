"""The frame of a training, around a learner of one number: when what is done, and going on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from dcgan_inpainting.common.images import Images, png
from dcgan_inpainting.networks.distribution import Rank
from dcgan_inpainting.running.checkpoints import checkpoints
from dcgan_inpainting.training import loop
from dcgan_inpainting.training.history import Row
from dcgan_inpainting.training.loop import DivergedError, Schedule, Training
from tests.heard import Heard, Kept, after

SCHEDULE = Schedule(steps=7, batch_size=4, steps_between_validations=3, reports=500)
ALONE = Rank()


@dataclass
class Learner:
    """Learns one number, which each step changes by what the step is."""

    value: float = 1.0
    steps: list[int] = field(default_factory=list)  # that this process took
    reports: list[Row] = field(default_factory=list)
    broken_at: int = 0  # the step at which its figures are no numbers any more
    unsound_at: int = 0  # the step after which its value is of no use
    hopeless_at: int = 0  # the report that it complains of
    figures = ("loss", "norm")

    def step(self, number: int) -> Tensor:
        figures = torch.tensor([self.value, number])
        self.steps.append(number)
        self.value = 0.75 * self.value + number
        return figures * torch.nan if number == self.broken_at else figures

    def complaint(self, progress: Row) -> str:
        self.reports.append(progress)
        return "hopeless" if len(self.reports) == self.hopeless_at else ""

    def validate(self, place: Row) -> tuple[Row, Images]:
        if not self.sound():
            raise DivergedError("unsound")
        picture = np.full((2, 2, 3), place["step"], np.uint8)
        return {**place, "score": self.value}, picture

    def sound(self) -> bool:
        return not self.unsound_at or self.unsound_at not in self.steps

    def state_dict(self) -> dict[str, Any]:
        return {"value": self.value}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.value = state["value"]


def train(
    learner: Learner | None = None, rank: Rank = ALONE, interrupted: Any = bool, **options: Any
) -> Training:
    changes = {name: options.pop(name) for name in set(options) & set(vars(SCHEDULE))}
    schedule = Schedule(**{**vars(SCHEDULE), **changes})
    training = Training(learner or Learner(), schedule, rank, **options)
    training.run(interrupted)
    return training


# ── What is due when ─────────────────────────────────────────────────────────────────────────────


def test_progress_means_each_step_once() -> None:
    every = train().history.progress
    assert [(row["step"], row["images"]) for row in every] == [(n, 4 * n) for n in range(1, 8)]
    heard = Heard()
    means = train(observer=heard, reports=2).history.progress  # one for three steps of seven
    assert [(row["step"], row["images"]) for row in means] == [(3, 12), (6, 24), (7, 28)]
    assert [row["norm"] for row in means] == [2, 5, 7]
    for row, part in zip(means, (every[:3], every[3:6], every[6:]), strict=True):
        assert list(row) == ["step", "images", "loss", "norm"]
        assert row["loss"] == pytest.approx(np.mean([one["loss"] for one in part]))
    assert heard.progress == means


@pytest.mark.parametrize(
    ("every", "steps"), [(1, [1, 2, 3, 4, 5, 6, 7]), (3, [3, 6, 7]), (5, [5, 7]), (9, [7])]
)
def test_validations_come_as_often_as_asked_and_last_at_the_end(
    every: int, steps: list[int]
) -> None:
    heard = Heard()
    seen = train(observer=heard, steps_between_validations=every).history.validations
    assert [(row["step"], row["images"]) for row in seen] == [(step, 4 * step) for step in steps]
    assert [list(row) for row in seen] == [["step", "images", "score"]] * len(steps)
    assert heard.validations == seen
    assert [picture[0, 0, 0] for picture in heard.pictures] == steps
    assert heard.images == []  # nothing was resumed


def test_the_state_is_kept_at_validations_and_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept()
    train(memory=kept)
    assert list(kept.states) == [3, 6, 7]
    assert kept.ends == [7]
    now = iter(range(0, 1000, 12))
    monkeypatch.setattr(loop.time, "monotonic", lambda: next(now))
    kept = Kept()
    train(memory=kept, steps=10, steps_between_validations=8)
    # Twelve seconds from each look to the next; the clock is read once more where it is set.
    assert list(kept.states) == [3, 6, 8, 10]
    assert kept.ends == [10]


def test_a_training_of_length_0_takes_no_step() -> None:
    assert train(steps=0).history.progress == []


# ── Divergence ───────────────────────────────────────────────────────────────────────────────────


def test_a_figure_that_is_not_finite_ends_a_training() -> None:
    heard, kept = Heard(), Kept()
    training = train(Learner(broken_at=6), observer=heard, memory=kept)
    assert training.diverged == "loss is nan at step 6"
    assert [row["step"] for row in heard.progress] == [1, 2, 3, 4, 5, 6]
    assert [row["step"] for row in heard.validations] == [3]  # none of what is broken
    assert list(kept.states) == [3]


def test_a_complaint_ends_a_training() -> None:
    training = train(Learner(hopeless_at=4))
    assert (training.diverged, training.step) == ("hopeless", 4)


def test_a_validation_of_what_is_unsound_ends_a_training() -> None:
    heard, kept = Heard(), Kept()
    training = train(Learner(unsound_at=5), observer=heard, memory=kept)
    assert (training.diverged, training.step) == ("unsound at step 6", 6)
    assert heard.validations == training.history.validations
    assert [row["step"] for row in heard.validations] == [3]
    assert list(kept.states) == [3]


@pytest.mark.parametrize("broken", [{"broken_at": 5}, {"unsound_at": 5}])
def test_a_broken_state_is_not_kept(
    broken: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nothing was told of it yet: a step's figures are of the weights before it."""
    monkeypatch.setattr(loop, "SAVE_SECONDS", -1.0)
    kept = Kept()
    training = train(Learner(**broken), memory=kept, reports=1, steps_between_validations=7)
    assert training.diverged
    assert list(kept.states) == [1, 2, 3, 4]


# ── Going on ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("steps", range(1, 8))
@pytest.mark.parametrize("reports", [2, 500])
def test_an_interrupted_training_ends_as_one_that_was_not(
    steps: int, reports: int, tmp_path: Path
) -> None:
    told, whole, heard, learner = Heard(), Learner(), [Heard(), Heard()], Learner()
    history = train(whole, observer=told, reports=reports).history
    with checkpoints(tmp_path, "train", {}) as memory:
        options: dict[str, Any] = {"memory": memory, "reports": reports}
        with pytest.raises(KeyboardInterrupt):
            train(observer=heard[0], interrupted=after(steps), **options)
        again = train(learner, observer=heard[1], **options).history
    assert learner.value == whole.value
    assert learner.steps == list(range(steps + 1, 8))
    assert again == history
    # Both are told what is new, and the second besides of the pictures that there are.
    assert heard[0].progress + heard[1].progress == told.progress
    assert heard[0].validations + heard[1].validations == told.validations
    assert heard[1].images == [4 * steps]
    before = zip(heard[0].validations, heard[0].pictures, strict=True)
    assert heard[1].before == {row["step"]: png(picture) for row, picture in before}


def test_from_every_checkpoint_a_training_ends_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "SAVE_SECONDS", -1.0)
    kept, whole = Kept(), Learner()
    history = train(whole, memory=kept, reports=2).history
    assert list(kept.states) == [1, 2, 3, 4, 5, 6, 7]
    for step in kept.states:
        learner = Learner()
        assert train(learner, memory=kept.up_to(step), reports=2).history == history
        assert learner.value == whole.value
        assert learner.steps == list(range(step + 1, 8))


def test_a_checkpoint_holds_no_picture() -> None:
    kept = Kept()
    train(memory=kept)
    assert kept.states[7]["files"] == ["0000003.png", "0000006.png", "0000007.png"]
    history = kept.states[7]["history"]
    rows = history["progress"] + history["validations"]
    assert {type(value) for row in rows for value in row.values()} == {int, float}


def test_a_finished_training_takes_no_step_more() -> None:
    kept, heard, learner = Kept(), Heard(), Learner()
    history = train(memory=kept).history
    assert train(learner, memory=kept, observer=heard).history == history
    assert learner.steps == heard.progress == heard.validations == []
    assert list(heard.before) == [3, 6, 7]


def test_a_longer_training_goes_on_from_the_end_and_a_shorter_one_finds_its_own() -> None:
    kept, longer, shorter, whole = Kept(), Learner(), Learner(), Learner()
    train(memory=kept)
    train(longer, memory=kept, steps=10)
    assert longer.steps == [8, 9, 10]
    train(whole, steps=10)
    assert longer.value == whole.value
    assert train(shorter, memory=kept).step == 7
    assert shorter.steps == []


@pytest.mark.parametrize("hopeless", [3, 4])
def test_a_hopeless_training_is_as_hopeless_after_a_restart(hopeless: int) -> None:
    """It is told all reports again, also where it was interrupted as soon as it was hopeless."""
    whole, kept = train(Learner(hopeless_at=hopeless)), Kept()
    with pytest.raises(KeyboardInterrupt):
        train(Learner(hopeless_at=hopeless), memory=kept, interrupted=after(3))
    again = train(Learner(hopeless_at=hopeless), memory=kept)
    assert again.diverged == whole.diverged == "hopeless"
    assert again.history == whole.history


@pytest.mark.parametrize(
    ("damaged", "taken"), [("*-step5-*.pt", [5, 6, 7]), ("0000004-*.png", [1, 2, 3, 4, 5, 6, 7])]
)
def test_damage_costs_no_more_than_the_checkpoints_that_it_concerns(
    damaged: str, taken: list[int], tmp_path: Path
) -> None:
    """There are those of steps 4 and 5, and both name the picture of step 4."""
    whole, learner = Learner(), Learner()
    history = train(whole, steps_between_validations=2).history
    with checkpoints(tmp_path, "train", {}) as memory:
        with pytest.raises(KeyboardInterrupt):
            train(memory=memory, steps_between_validations=2, interrupted=after(5))
        (path,) = memory.folder.glob(damaged)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        again = train(learner, memory=memory, steps_between_validations=2)
    assert learner.steps == taken
    assert learner.value == whole.value
    assert again.history == history


def test_the_threads_are_those_that_a_training_began_with() -> None:
    kept, before = Kept(), torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with pytest.raises(KeyboardInterrupt):
            train(memory=kept, interrupted=after(2))
        torch.set_num_threads(1)
        train(memory=kept)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


# ── Several ranks ────────────────────────────────────────────────────────────────────────────────


class Second(Rank):
    """The second of two ranks, of which the first was interrupted and has diverged at step 12."""

    def mean(self, value: Tensor) -> Tensor:
        return (value + 1) / 2

    def broadcast(self, value: Any) -> Any:
        return "said the first" if isinstance(value, str) else value


def test_all_ranks_end_at_the_same_step() -> None:
    learner = Learner()
    with pytest.raises(KeyboardInterrupt):
        train(learner, Second(1, 2), steps=30, steps_between_validations=30)
    assert learner.steps[-1] == loop.STEPS_BETWEEN_QUESTIONS


def test_the_first_rank_alone_validates_and_all_learn_what_it_found() -> None:
    training = train(rank=Second(1, 2))
    assert training.history.validations == []
    assert (training.diverged, training.step) == ("said the first", 3)
    assert training.history.progress[0]["loss"] == 1.0  # (1 + 1) / 2
