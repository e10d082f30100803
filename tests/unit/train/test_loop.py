"""The DCGAN's training: repetition, validations, the choice of weights, divergence, going on."""

from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.images import grid
from dcgan_inpainting.running.checkpoints import checkpoints
from dcgan_inpainting.train import loop as training_of_gan
from dcgan_inpainting.train.updates import Trainer
from dcgan_inpainting.train.validation import Validator
from dcgan_inpainting.training import loop
from dcgan_inpainting.training.history import Row
from tests.heard import Heard, Kept, after
from tests.tiny_training import digest, faces, train

# ── Repetition ───────────────────────────────────────────────────────────────────────────────────


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, second, other = (train(seed=seed) for seed in (1, 1, 2))
    assert digest(first[0].weights) == digest(second[0].weights)
    assert first[0].history == second[0].history
    assert all(map(np.array_equal, first[1].pictures, second[1].pictures))
    assert digest(first[0].weights) != digest(other[0].weights)


def test_looking_does_not_change_the_training() -> None:
    often, seldom = (train(validate_every=images) for images in (4, 24))
    assert len(often[1].validations) == 6
    assert len(seldom[1].validations) == 1
    assert digest(often[0].weights) == digest(seldom[0].weights)
    assert often[1].progress == seldom[1].progress


# ── What is told ─────────────────────────────────────────────────────────────────────────────────


def test_the_figures_of_a_step_and_of_a_validation_have_names() -> None:
    trained, heard = train()
    names = ["g_loss", "d_loss", "d_real", "d_fake", "g_grad_norm", "d_grad_norm"]
    assert [list(row) for row in heard.progress] == [["step", "images", *names]] * 6
    assert [row["step"] for row in heard.validations] == [3, 6]
    assert heard.validations[-1] == trained.chosen
    assert heard.pictures[0].shape == grid(faces(4)).shape


def test_samples_are_the_averaged_generator_s_of_one_z() -> None:
    """With a rate of nearly nothing nothing moves, so every grid must be the same."""
    still = train(validate_every=8, learning_rate=1e-12)[1].pictures
    assert all(np.array_equal(still[0], seen) for seen in still)
    moving = train(validate_every=8)[1].pictures
    assert not np.array_equal(moving[0], moving[-1])


def scores(swd: float, psnr: float) -> Row:
    return {"swd": swd, "swd_floor": 1.0, "reconstruction_psnr": psnr}


# ── The choice of weights ────────────────────────────────────────────────────────────────────────


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the six validations of a tiny training scores: one lucky SWD, and a PSNR that falls."""

    swd, psnr = [9.0, 5.0, 8.0, 7.0, 8.0, 9.0], [10.0, 11.0, 12.0, 16.0, 13.0, 10.0]
    given = cycle(scores(near, loud) for near, loud in zip(swd, psnr, strict=True))
    monkeypatch.setattr(Validator, "scores", lambda _self, _generator: next(given))


@pytest.mark.usefixtures("scored")
@pytest.mark.parametrize(("select", "step"), [("swd", 4), ("reconstruction", 5), ("last", 6)])
def test_the_best_weights_by_the_mean_of_three_looks_are_returned(select: str, step: int) -> None:
    kept = Kept()
    trained, _ = train(select=select, validate_every=4, memory=kept)
    assert trained.chosen["step"] == step
    assert trained.chosen["images"] == 4 * step
    shorter, _ = train(images=4 * step, select="last")
    assert digest(trained.weights) == digest(shorter.weights)
    best = {"swd": [1, 2, 2, 4, 4, 4], "reconstruction": [1, 2, 3, 4, 5, 5]}
    so_far = [state["learner"]["best"][0][-1]["step"] for state in kept.states.values()]
    assert so_far == best.get(select, [1, 2, 3, 4, 5, 6])


# ── Divergence ───────────────────────────────────────────────────────────────────────────────────


def diverging(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    real_step = Trainer.step

    def broken(self: Trainer, real: torch.Tensor) -> torch.Tensor:
        if self.taken + 1 == step:
            with torch.no_grad():
                next(self.discriminator.parameters()).fill_(torch.nan)
        return real_step(self, real)

    monkeypatch.setattr(Trainer, "step", broken)


def test_a_diverged_training_ends_with_its_last_good_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good = train(images=12)[0]
    diverging(monkeypatch, step=5)
    trained, heard = train()
    assert trained.diverged == "g_loss is nan at step 5"
    assert [row["step"] for row in heard.progress] == [1, 2, 3, 4, 5]
    assert trained.chosen["step"] == 3
    assert digest(trained.weights) == digest(good.weights)


def test_a_training_without_a_good_state_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    diverging(monkeypatch, step=2)
    with pytest.raises(UserError, match=r"before its first validation: g_loss is nan at step 2"):
        train()


def test_a_broken_state_is_not_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(loop, "SAVE_SECONDS", -1.0)
    monkeypatch.setattr(
        training_of_gan, "CURVE_POINTS", 2
    )  # noticed at step 6, broken from step 5 on
    diverging(monkeypatch, step=5)
    with checkpoints(tmp_path, "train", {}) as memory:
        trained, _ = train(memory=memory)
        found = memory.newest()
    assert trained.diverged.endswith("at step 6")
    assert found is not None
    assert found[0] == 4
    for value in found[1]["learner"]["trainer"]["discriminator"].values():
        assert value.isfinite().all()


def poison(monkeypatch: pytest.MonkeyPatch, step: int, network: str, value: float) -> None:
    """Let a weight be no finite number once a step is taken, as Adam leaves it.

    The step's own figures, those of the weights before, are as good as any.
    """
    real_step = Trainer.step

    def poisoned(self: Trainer, real: torch.Tensor) -> torch.Tensor:
        figures = real_step(self, real)
        if self.taken == step:
            with torch.no_grad():
                next(getattr(self, network).parameters())[0, 0, 0, 0] = value
        return figures

    monkeypatch.setattr(Trainer, "step", poisoned)


@pytest.mark.parametrize("select", ["swd", "reconstruction", "last"])
@pytest.mark.parametrize("network", ["generator", "average", "discriminator"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_never_chosen(
    select: str, network: str, value: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "SAVE_SECONDS", -1.0)
    good = train(images=12, select=select)[0]
    poison(monkeypatch, 6, network, value)  # the last step, which is looked at
    with checkpoints(tmp_path, "train", {}) as memory:
        trained, heard = train(select=select, memory=memory)
        newest = memory.newest()
    assert trained.chosen["step"] == 3
    assert digest(trained.weights) == digest(good.weights)
    assert "is not finite at step 6" in trained.diverged
    assert [row["step"] for row in heard.validations] == [3]
    assert newest is not None
    assert newest[0] == 5


def test_weights_that_are_not_finite_at_the_first_look_are_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    poison(monkeypatch, 3, "average", np.nan)
    with pytest.raises(UserError, match=r"before its first validation: .* average .* at step 3"):
        train()


def test_scores_that_are_not_finite_end_a_training(monkeypatch: pytest.MonkeyPatch) -> None:
    given = iter([scores(1.0, 1.0), scores(np.nan, 1.0)])
    monkeypatch.setattr(Validator, "scores", lambda _self, _generator: next(given))
    trained, _ = train(select="last")
    assert trained.chosen["step"] == 3
    assert trained.diverged == "swd is nan at step 6"


# ── Going on ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("steps", range(1, 8))
@pytest.mark.parametrize("points", [2, 500])
def test_an_interrupted_training_ends_with_the_same_bytes(
    steps: int, points: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_of_gan, "CURVE_POINTS", points)
    changes = {"images": 32, "select": "swd", "augment": ["color"], "generator_steps": 2}
    whole, told = train(**changes)
    with checkpoints(tmp_path, "train", {}) as memory:
        with pytest.raises(KeyboardInterrupt):
            train(memory=memory, interrupted=after(steps), **changes)
        heard = Heard()
        trained, _ = train(memory=memory, heard=heard, **changes)
    assert digest(trained.weights) == digest(whole.weights)
    assert trained.history == whole.history
    assert trained.chosen == whole.chosen
    later = told.pictures[len(told.pictures) - len(heard.pictures) :]
    assert all(map(np.array_equal, heard.pictures, later))


def test_a_longer_training_goes_on_from_the_end(tmp_path: Path) -> None:
    whole, _ = train(images=40)
    with checkpoints(tmp_path, "train", {}) as memory:
        train(memory=memory, images=24)
        heard = Heard()
        longer, _ = train(memory=memory, heard=heard, images=40)
        assert [row["step"] for row in heard.progress] == [7, 8, 9, 10]
        assert digest(longer.weights) == digest(whole.weights)
        # A shorter one finds its own end.
        again, told = train(memory=memory, images=24)
    assert told.progress == []
    assert digest(again.weights) == digest(train(images=24)[0].weights)


def test_a_winning_streak_counts_from_before_an_interruption(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(training_of_gan.Health, "complaint", _fourth_complaint)
    whole, _ = train(images=32)
    with checkpoints(tmp_path, "train", {}) as memory:
        with pytest.raises(KeyboardInterrupt):
            train(memory=memory, interrupted=after(3), images=32)
        trained, _ = train(memory=memory, images=32)
    assert trained.diverged == whole.diverged == "enough"
    assert len(trained.history.progress) == len(whole.history.progress) == 4


def _fourth_complaint(self: Any, progress: object) -> str:
    self.asked = getattr(self, "asked", 0) + 1
    return "enough" if self.asked == 4 else ""


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({"images": 1}, [1]),  # a quarter of a batch is one
        ({"images": 5}, [2]),
        ({"samples": 1}, [3, 6]),
        ({"validate_every": 1}, [1, 2, 3, 4, 5, 6]),
        ({"validate_every": 10**10}, [6]),
        ({"batch_size": 16}, [1, 2]),  # more than there are images
        ({"ema_decay": 0}, [3, 6]),
    ],
)
def test_a_training_of_any_length_is_one(changes: dict[str, Any], seen: list[int]) -> None:
    trained, heard = train(**changes)
    assert [row["step"] for row in heard.validations] == seen
    assert trained.chosen["step"] == seen[-1]
    assert trained.diverged == ""
