"""The encoder's training: its loss, its rate, what it tells, and going on after an end."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import nn

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.seeds import Purpose, generator_for
from dcgan_inpainting.encoder import training
from dcgan_inpainting.encoder.holes import Holes
from dcgan_inpainting.encoder.training import feature_loss, psnr_of
from dcgan_inpainting.networks.batches import Batches
from dcgan_inpainting.networks.distribution import Rank
from dcgan_inpainting.networks.frozen import freeze
from dcgan_inpainting.networks.unet import UNet, begin_as_dcgan, initialise_unet
from dcgan_inpainting.running.checkpoints import checkpoints
from dcgan_inpainting.training import loop
from dcgan_inpainting.training.history import figures_of
from tests.heard import Heard, Kept, after
from tests.tiny_encoder import damaged, digest, faces, networks, settings, train


def fresh() -> UNet:
    """Return the encoder that the tiny training begins with."""
    generator, discriminator, _ = networks()
    encoder = UNet(generator.architecture)
    initialise_unet(encoder, generator_for(Purpose.ENCODER, 1))
    begin_as_dcgan(encoder, generator, discriminator)
    return encoder


# ── The loss ─────────────────────────────────────────────────────────────────────────────────────


def test_psnr_is_the_mean_of_the_holes() -> None:
    rng = np.random.default_rng(0)
    made, whole = rng.standard_normal((2, 3, 3, 5, 5))
    known = rng.random((3, 1, 5, 5)) > np.array([0.1, 0.5, 0.9])[:, None, None, None]
    by_image = []
    for image in range(3):
        squares = []
        for row in range(5):
            for column in range(5):
                if not known[image, 0, row, column]:
                    errors = made[image, :, row, column] - whole[image, :, row, column]
                    squares.append((errors**2).mean())
        by_image.append(10 * np.log10(4 / (np.mean(squares) + 1e-3)))
    psnr = psnr_of(*map(torch.from_numpy, (made, whole, known.astype(float))))
    assert psnr.item() == pytest.approx(np.mean(by_image), rel=1e-12)


def test_an_image_without_error_has_a_finite_psnr() -> None:
    whole = torch.zeros(2, 3, 4, 4)
    psnr = psnr_of(whole, whole, torch.zeros(2, 1, 4, 4))
    assert psnr.item() == pytest.approx(10 * np.log10(4e3), rel=1e-6)


def test_a_step_is_told_its_own_psnr() -> None:
    """Of the faces and the holes of the step, seen by the encoder as it was before."""
    changes = {"images": 4, "latent_weight": 1.0}
    (told,) = train(**changes)[1].progress
    images = Batches(faces(), settings(**changes), Rank())(1)
    known = Holes(32, settings().kinds, 1)(1, 4)
    with torch.no_grad():
        made = fresh().train()(images, known)
    assert told["psnr"] == pytest.approx(psnr_of(made, images, known).item(), rel=1e-4)


def test_feature_loss_is_what_the_finer_layers_differ_by() -> None:
    _, discriminator, _ = networks()
    judge = freeze(discriminator)
    rng = torch.Generator().manual_seed(0)
    restored, whole = (2 * torch.rand(2, 3, 3, 32, 32, generator=rng) - 1).requires_grad_(True)
    loss = feature_loss(restored, whole, judge)
    expected, seen, wanted = 0.0, restored, whole
    layers = 0
    for layer in judge.layers[:-1]:  # the last one makes the logit
        seen, wanted = layer(seen.clone()), layer(wanted.clone())
        if isinstance(layer, nn.LeakyReLU) and layers < 3:
            expected += (seen - wanted).abs().mean().item()
            layers += 1
    assert layers == 3
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    assert feature_loss(whole, whole, judge).item() == 0
    (slope,) = torch.autograd.grad(loss, restored)
    assert slope.abs().sum() > 0


def test_gradients_keep_the_layout_of_convolutions(monkeypatch: pytest.MonkeyPatch) -> None:
    """In another one the convolutions that they go back through are slower."""
    _, judge, _ = networks()
    monkeypatch.setattr(judge, "features", lambda images: iter([images]))
    layout, rng = torch.channels_last, torch.Generator().manual_seed(0)
    drawn = torch.randn(2, 2, 3, 8, 8, generator=rng)
    made, whole = (images.contiguous(memory_format=layout) for images in drawn)
    known = torch.zeros(2, 1, 8, 8)
    made.requires_grad_()
    for loss in (psnr_of(made, whole, known), feature_loss(made, whole, judge)):
        (slope,) = torch.autograd.grad(loss, made)
        assert slope.is_contiguous(memory_format=layout)


def test_known_pixels_are_no_part_of_what_features_differ_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []

    def spy(restored: torch.Tensor, faces: torch.Tensor, _judge: object) -> torch.Tensor:
        seen.append((restored, faces))
        return 0 * restored.sum()

    monkeypatch.setattr(training, "feature_loss", spy)
    train(images=4)
    ((restored, whole),) = seen
    known = Holes(32, settings().kinds, 1)(1, 4).bool().expand_as(whole)
    torch.testing.assert_close(restored[known], whole[known], rtol=0, atol=1e-6)
    assert (restored != whole)[~known].any()


def test_a_weight_of_z_draws_it_to_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing else counts, it alone moves the encoder."""
    monkeypatch.setattr(training, "psnr_of", lambda made, *_: 0 * made.sum())
    monkeypatch.setattr(training, "WARM_UP", 1)
    alone = {"feature_weight": 0.0, "learning_rate": 0.2}
    still, _ = train(latent_weight=0.0, **alone)
    drawn = [weight.clone() for weight in fresh().parameters()]
    assert all(map(torch.equal, still.parameters(), drawn))
    moved, history = train(latent_weight=1.0, **{**alone, "learning_rate": 0.02}, images=80)
    images, known = damaged(16, torch.Generator().manual_seed(0))
    squares = [
        encoder.train().z_and_images(images, known)[0].square().mean() for encoder in (still, moved)
    ]
    assert squares[1] < 0.8 * squares[0]
    assert all(row["psnr"] == 0 for row in history.progress)  # only the fit is told


# ── Learning ─────────────────────────────────────────────────────────────────────────────────────


def test_a_training_learns_to_fill_holes() -> None:
    encoder, history = train(
        images=800, batch_size=8, learning_rate=0.1, shift=0, validate_every=400
    )
    psnr = [row["psnr"] for row in history.progress]
    assert np.mean(psnr[-10:]) > np.mean(psnr[:10]) + 2
    first, middle, last = history.validations
    assert (first["step"], middle["step"], last["step"]) == (0, 50, 100)
    first, last = figures_of(first), figures_of(last)
    assert list(first) == settings().kinds
    assert all(last[kind] > first[kind] for kind in first)
    assert np.mean([*last.values()]) > np.mean([*first.values()]) + 1
    assert not encoder.training


def test_the_same_seed_gives_the_same_bytes() -> None:
    (first, told), (second, again), (other, _) = (train(seed=seed) for seed in (1, 1, 2))
    assert digest(first) == digest(second)
    assert told == again
    assert digest(first) != digest(other)


def test_looking_does_not_change_the_training() -> None:
    often, seldom = train(validate_every=4), train(validate_every=24)
    assert [row["step"] for row in often[1].validations] == list(range(7))
    assert [row["step"] for row in seldom[1].validations] == [0, 6]
    assert digest(often[0]) == digest(seldom[0])


@pytest.mark.parametrize("warm_up", [1, 4, 100])
def test_the_rate_rises_to_its_height_and_falls_to_nothing(
    warm_up: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the same at each step, but that it rises first."""
    monkeypatch.setattr(training, "WARM_UP", warm_up)
    rates: list[float] = []
    step = torch.optim.Adam.step

    def noted(self: torch.optim.Adam, *arguments: Any) -> Any:
        rates.append(self.param_groups[0]["lr"])
        return step(self, *arguments)

    monkeypatch.setattr(torch.optim.Adam, "step", noted)
    train(images=40, learning_rate=0.02)
    expected = [
        0.05 * 0.02 * min(1, (taken + 1) / warm_up) * (10 - taken) / 10 for taken in range(10)
    ]
    assert rates == pytest.approx(expected)


def test_no_images_leave_the_encoder_as_it_was_drawn() -> None:
    heard = Heard()
    encoder, history = train(images=0, heard=heard)
    assert digest(encoder) == digest(fresh())
    assert [row["step"] for row in history.validations] == [0]
    assert history.progress == heard.progress == []
    assert heard.validations == history.validations


# ── What is told ─────────────────────────────────────────────────────────────────────────────────


def test_a_validation_comes_first_of_all_and_only_once() -> None:
    kept, heard = Kept(), Heard()
    _, history = train(heard=heard, memory=kept, validate_every=16)
    assert [row["step"] for row in heard.validations] == [0, 4, 6]
    assert heard.validations == history.validations
    for step in (0, 4):
        again = Heard()
        assert train(heard=again, memory=kept.up_to(step), validate_every=16)[1] == history
        assert heard.validations[: -len(again.validations)] + again.validations == heard.validations


# ── Going on ─────────────────────────────────────────────────────────────────────────────────────


def test_from_every_checkpoint_a_training_ends_with_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training, "REPORTS", 2)  # so that some states hold untold steps
    monkeypatch.setattr(loop, "SAVE_SECONDS", -1.0)
    kept, heard = Kept(), Heard()
    whole, told = train(memory=kept, heard=heard)
    assert list(kept.states) == [0, 1, 2, 3, 4, 5, 6]
    for step in kept.states:
        again = Heard()
        encoder, history = train(memory=kept.up_to(step), heard=again)
        assert digest(encoder) == digest(whole)
        assert history == told
        later = heard.pictures[len(heard.pictures) - len(again.pictures) :]
        assert all(map(np.array_equal, again.pictures, later))


def test_an_interruption_saves_and_ends_the_training(tmp_path: Path) -> None:
    whole, told = train()
    with checkpoints(tmp_path, "encoder", {}) as memory:
        with pytest.raises(KeyboardInterrupt):
            train(memory=memory, interrupted=after(4))
        assert memory.newest()[0] == 4
        encoder, history = train(memory=memory)
        assert memory.newest()[0] == 6
    assert digest(encoder) == digest(whole)
    assert history == told


def test_images_are_never_changed() -> None:
    images = faces()
    images.flags.writeable = False
    before = images.copy()
    train(on=images)
    assert np.array_equal(images, before)


# ── Settings ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("images", -1),
        ("batch_size", 1),
        ("learning_rate", 0),
        ("learning_rate", 1.1),
        ("latent_weight", -0.1),
        ("shift", 17),
        ("shift_fill", "wrap"),
        ("validate_every", 0),
        ("precision", "float16"),
        ("seed", 2**32),
        ("width", 4),
    ],
)
def test_params_out_of_range_are_refused(key: str, value: object) -> None:
    with pytest.raises(ValidationError, match=key):
        settings(**{key: value})


@pytest.mark.parametrize(("images", "steps"), [(0, 0), (1, 1), (4, 1), (5, 2), (24, 6)])
def test_all_images_are_seen(images: int, steps: int) -> None:
    assert settings(images=images).steps == steps


@pytest.mark.parametrize(("every", "steps"), [(1, 1), (4, 1), (10, 2), (16, 4)])
def test_validations_are_at_least_one_step_apart(every: int, steps: int) -> None:
    assert settings(validate_every=every).steps_between_validations == steps


# ── Divergence ──────────────────────────────────────────────────────────────────────────────────


def poison(monkeypatch: pytest.MonkeyPatch, step: int, value: float) -> None:
    """Let a weight of the encoder be no finite number once a step is taken, as Adam leaves it."""
    real = training._Learner.step

    def poisoned(self: Any, number: int) -> torch.Tensor:
        psnr = real(self, number)
        if number == step:
            with torch.no_grad():
                next(self.network.parameters())[0, 0, 0, 0] = value
        return psnr

    monkeypatch.setattr(training._Learner, "step", poisoned)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    ("step", "seen"), [(3, "psnr is nan at step 4"), (4, "not finite at step 4"), (6, "step 6")]
)
def test_weights_that_are_not_finite_end_a_training(
    step: int, seen: str, value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a report or a validation comes first: the last step has both."""
    monkeypatch.setattr(loop, "SAVE_SECONDS", -1.0)
    poison(monkeypatch, step, value)
    kept = Kept()
    with pytest.raises(UserError, match=rf"diverged: .*{seen}; try a lower encoder.learning_rate"):
        train(memory=kept)
    assert max(kept.states) == step - 1
    for state in kept.states.values():
        assert all(weight.isfinite().all() for weight in state["learner"]["network"].values())
