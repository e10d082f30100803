"""The training loop: what it repeats, counts and updates, and the article's settings."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from dcgan_inpainting import training
from dcgan_inpainting.images import Images
from dcgan_inpainting.networks import Discriminator, Generator, initialise
from dcgan_inpainting.params import load_params, load_yaml
from dcgan_inpainting.presets import read_preset
from dcgan_inpainting.training import Networks, Progress, TrainParams, fit

ROOT = Path(__file__).parents[2]
PARAMS: dict[str, Any] = {
    "images": 24,
    "epochs": None,
    "batch_size": 4,
    "learning_rate": 1e-3,
    "beta1": 0.5,
    "generator_steps": 1,
    "loss": "cross_entropy",
    "label_smoothing": 0.1,
    "latent_dim": 8,
    "width": 4,
    "kernel_size": 4,
    "generator_activation": "relu",
    "discriminator_activation": "leaky_relu",
    "leaky_slope": 0.2,
    "flip": True,
    "shift": 2,
    "ema_decay": 0.9,
    "precision": "float32",
    "samples": 4,
    "sample_grids": 2,
    "seed": 1,
}


@pytest.fixture(autouse=True)
def few_recalibration_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "RECALIBRATION_BATCHES", 2)


def settings(**changes: object) -> TrainParams:
    return TrainParams.model_validate({**PARAMS, **changes})


def faces(count: int = 10) -> Images:
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3)).astype(np.uint8)


def train(
    on: Images | None = None, /, **changes: object
) -> tuple[Networks, list[Progress], list[tuple[int, Images]]]:
    progress: list[Progress] = []
    samples: list[tuple[int, Images]] = []
    networks = fit(
        faces() if on is None else on,
        settings(**changes),
        on_progress=progress.append,
        on_samples=lambda step, sample: samples.append((step, sample(PARAMS["samples"]))),
    )
    return networks, progress, samples


def state(networks: Networks) -> list[bytes]:
    modules = (networks.generator, networks.average, networks.discriminator)
    return [
        value.cpu().numpy().tobytes()
        for module in modules
        for value in module.state_dict().values()
    ]


# ── Repetition ───────────────────────────────────────────────────────────────────────────────────


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, second, other = (train(seed=seed) for seed in (1, 1, 2))
    assert state(first[0]) == state(second[0])
    assert first[1] == second[1]
    for mine, again in zip(first[2], second[2], strict=True):
        assert mine[0] == again[0]
        assert np.array_equal(mine[1], again[1])
    assert state(first[0]) != state(other[0])


def test_looking_at_samples_does_not_change_the_training() -> None:
    progress: list[Progress] = []
    images = faces()
    networks = fit(
        images,
        settings(sample_grids=5),
        on_progress=progress.append,
        on_samples=lambda _, sample: [sample(3), sample(7)],
    )
    seldom = train(sample_grids=1)
    assert state(seldom[0]) == state(networks)
    assert seldom[1] == progress


def test_samples_are_the_same_however_many_are_made_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = train()[2]
    monkeypatch.setattr(training, "SAMPLES_AT_ONCE", 3)
    for (_, made), (_, again) in zip(whole, train()[2], strict=True):
        assert made.shape == again.shape
        np.testing.assert_allclose(made.astype(int), again, atol=1)


def test_images_may_be_memory_mapped_and_are_not_changed(tmp_path: Path) -> None:
    np.save(tmp_path / "train.npy", faces())
    before = (tmp_path / "train.npy").read_bytes()
    mapped = np.load(tmp_path / "train.npy", mmap_mode="r")
    assert state(train(mapped)[0]) == state(train()[0])
    assert (tmp_path / "train.npy").read_bytes() == before


# ── Length and reports ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("length", "available", "steps"),
    [
        ({"images": 1}, 1000, 1),
        ({"images": 64}, 1000, 2),
        ({"images": 65}, 1000, 3),
        ({"images": 320}, 5, 10),
        ({"images": None, "epochs": 1}, 1000, 31),  # 1000 / 32 = 31.25: the rest waits
        ({"images": None, "epochs": 3}, 96, 9),
        ({"images": None, "epochs": 3}, 5, 3),
    ],
)
def test_steps(length: dict[str, int | None], available: int, steps: int) -> None:
    assert settings(batch_size=32, **length).steps(available) == steps


def test_the_article_s_ten_epochs_of_celeba() -> None:
    """162,770 images of training, by CelebA's list: 1,271 whole batches of 128 in each epoch."""
    assert settings(images=None, epochs=10, batch_size=128).steps(162_770) == 12_710


@pytest.mark.parametrize("grids", [1, 2, 4, 7])
def test_samples_come_as_often_as_asked_and_last_at_the_end(grids: int) -> None:
    _, _, samples = train(sample_grids=grids)
    steps = [step for step, _ in samples]
    total = math.ceil(24 / 4)
    assert len(steps) == min(grids, total)
    assert steps == sorted(set(steps))
    assert steps[-1] == total
    for _, made in samples:
        assert made.shape == (4, 32, 32, 3)
        assert made.dtype == np.uint8
    if grids > 1:  # one z throughout: the same faces, only further
        assert not np.array_equal(samples[0][1], samples[-1][1])


def test_samples_are_the_averaged_generator_s_of_one_z() -> None:
    """With a rate of nearly nothing nothing moves, so every grid must be the same."""
    _, _, samples = train(sample_grids=3, learning_rate=1e-12)
    assert len(samples) == 3
    assert all(np.array_equal(samples[0][1], made) for _, made in samples)


def test_progress_means_each_step_once(monkeypatch: pytest.MonkeyPatch) -> None:
    every = train(images=28)[1]
    assert [point.step for point in every] == list(range(1, 8))
    assert [point.images for point in every] == list(range(4, 32, 4))
    monkeypatch.setattr(training, "CURVE_POINTS", 2)  # one report for three steps of seven
    means = train(images=28)[1]
    assert [point.step for point in means] == [3, 6, 7]
    for point, part in zip(means, (every[:3], every[3:6], every[6:]), strict=True):
        for name, value in point.metrics().items():
            assert value == pytest.approx(np.mean([p.metrics()[name] for p in part]), rel=1e-5)
    names = ["g_loss", "d_loss", "d_real", "d_fake", "g_grad_norm", "d_grad_norm"]
    assert list(means[0].metrics()) == names


# ── Batches ──────────────────────────────────────────────────────────────────────────────────────


def batches_of(count: int, steps: int, **changes: object) -> list[list[int]]:
    """Return which images each batch holds; image n is of the grey level n throughout."""
    images = np.arange(count, dtype=np.uint8)[:, None, None, None].repeat(32, 1).repeat(32, 2)
    images = images.repeat(3, axis=3)
    rng = torch.Generator().manual_seed(0)
    found = []
    for batch in training._batches(images, settings(**changes), steps, rng):
        assert batch.shape[1:] == (3, 32, 32)
        levels = (batch + 1) * 127.5
        assert (levels.amax((1, 2, 3)) - levels.amin((1, 2, 3))).max() < 1e-3
        found.append([round(level) for level in levels.mean((1, 2, 3)).tolist()])
    return found


@pytest.mark.parametrize("changes", [{}, {"flip": False, "shift": 0}])
def test_each_epoch_sees_each_image_once_in_a_new_order(changes: dict[str, Any]) -> None:
    batches = batches_of(12, 9, **changes)
    epochs = [batches[start : start + 3] for start in (0, 3, 6)]
    for epoch in epochs:
        assert sorted(image for batch in epoch for image in batch) == list(range(12))
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]


def test_an_incomplete_batch_is_left_to_the_next_epoch() -> None:
    batches = batches_of(11, 40)
    assert all(len(batch) == 4 for batch in batches)
    for first, second in zip(batches[::2], batches[1::2], strict=True):
        assert len({*first, *second}) == 8
    assert {image for batch in batches for image in batch} == set(range(11))


def test_fewer_images_than_the_batch_take_turns() -> None:
    batches = batches_of(3, 9, batch_size=8)
    seen = np.zeros(3, int)
    for batch in batches:
        counts = np.bincount(batch, minlength=3)
        assert counts.sum() == 8
        assert counts.min() >= 2
        seen += counts
    assert seen.tolist() == [24, 24, 24]
    train(faces(3), batch_size=8)


def test_batches_are_the_images_as_the_networks_see_them() -> None:
    images = faces(4)
    rng = torch.Generator().manual_seed(0)
    plain = settings(flip=False, shift=0)
    (batch,) = training._batches(images, plain, 1, rng)
    expected = images.transpose(0, 3, 1, 2) / 127.5 - 1
    np.testing.assert_allclose(batch, expected, atol=1e-6)


@pytest.mark.parametrize("changes", [{"flip": True, "shift": 0}, {"flip": False, "shift": 3}])
def test_augmentation_is_applied_when_asked(changes: dict[str, Any]) -> None:
    images = faces(4)
    rng = torch.Generator().manual_seed(0)
    batches = list(training._batches(images, settings(**changes), 4, rng))
    plain = images.transpose(0, 3, 1, 2) / 127.5 - 1
    assert any(np.abs(batch.numpy() - plain).max() > 0.1 for batch in batches)


# ── Updates ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("generator_steps", [1, 2, 3])
def test_updates_of_g_for_each_of_d(generator_steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    real_step = torch.optim.Adam.step

    def counted(self: torch.optim.Adam, *args: object) -> object:
        weight = self.param_groups[0]["params"][0]
        order.append("G" if weight.shape[0] == PARAMS["latent_dim"] else "D")
        return real_step(self, *args)

    monkeypatch.setattr(torch.optim.Adam, "step", counted)
    train(generator_steps=generator_steps, images=12)
    assert "".join(order) == ("D" + "G" * generator_steps) * 3


def test_losses_and_gradients_are_those_of_a_plain_dcgan_loop() -> None:
    """Five steps of textbook code: whole-model modules, BCE against the article's labels."""
    images = faces(8)
    changes = {"flip": False, "shift": 0, "images": 40, "batch_size": 8, "generator_steps": 2}
    _, progress, _ = train(images, **changes)

    params = settings(**changes)
    rng = torch.Generator().manual_seed(params.seed)
    architecture = params.architecture(32)
    generator, discriminator = Generator(architecture), Discriminator(architecture)
    initialise(generator, rng)
    initialise(discriminator, rng)
    g_adam, d_adam = (
        torch.optim.Adam(network.parameters(), lr=1e-3, betas=(0.5, 0.999))
        for network in (generator, discriminator)
    )
    against = binary_cross_entropy_with_logits

    def draw(count: int) -> Tensor:
        return torch.randn(count, 8, generator=rng)

    def norm_of_gradient(network: nn.Module) -> float:
        return torch.cat([weight.grad.flatten() for weight in network.parameters()]).norm().item()

    real = torch.from_numpy(images.transpose(0, 3, 1, 2) / 127.5 - 1).float()
    for point in progress:
        torch.randperm(8, generator=rng)  # every batch is all the images
        on_real = discriminator(real)
        fake = generator(draw(8))
        on_fake = discriminator(fake.detach())
        d_loss = against(on_real, torch.full((8,), 0.9)) + against(on_fake, torch.zeros(8))
        d_adam.zero_grad()
        d_loss.backward()
        d_grad_norm = norm_of_gradient(discriminator)
        d_adam.step()
        for again in range(2):  # the first step is on the images that D has just seen
            g_loss = against(discriminator(generator(draw(8)) if again else fake), torch.ones(8))
            g_adam.zero_grad()
            g_loss.backward()
            g_grad_norm = norm_of_gradient(generator)
            g_adam.step()
        expected = {
            "g_loss": g_loss.item(),
            "d_loss": d_loss.item(),
            "d_real": on_real.sigmoid().mean().item(),
            "d_fake": on_fake.sigmoid().mean().item(),
            "g_grad_norm": g_grad_norm,
            "d_grad_norm": d_grad_norm,
        }
        assert point.metrics() == pytest.approx(expected, rel=2e-3)
    assert len(progress) == 5
    assert progress[0].d_loss != pytest.approx(progress[-1].d_loss, rel=0.02)


def weights(network: nn.Module) -> list[Tensor]:
    return [weight.detach() for weight in network.parameters()]


def test_an_average_without_memory_is_the_generator() -> None:
    networks, _, _ = train(ema_decay=0)
    for mine, average in zip(weights(networks.generator), weights(networks.average), strict=True):
        assert torch.equal(mine, average)


@pytest.mark.parametrize(
    ("ema_decay", "decays"),
    [(0.9, [1 / 11, 2 / 12, 3 / 13, 4 / 14, 5 / 15, 6 / 16]), (0.15, [1 / 11] + [0.15] * 5)],
)
def test_average_is_that_of_the_generator_s_weights(
    ema_decay: float, decays: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """aₙ = dₙ·aₙ₋₁ + (1 − dₙ)·wₙ with dₙ = min(decay, n / (10 + n)), from the first weights on."""
    history: list[list[Tensor]] = []
    real_step = training._Trainer.step
    real_init = training._Trainer.__init__

    def watched_init(self: Any, *args: Any) -> None:
        real_init(self, *args)
        history.append([weight.clone() for weight in weights(self.generator)])

    def watched_step(self: Any, real: Tensor) -> Tensor:
        result = real_step(self, real)
        history.append([weight.clone() for weight in weights(self.generator)])
        return result

    monkeypatch.setattr(training._Trainer, "__init__", watched_init)
    monkeypatch.setattr(training._Trainer, "step", watched_step)
    networks, _, _ = train(ema_decay=ema_decay, learning_rate=0.05)
    expected = history[0]
    assert len(history) == 7
    for decay, current in zip(decays, history[1:], strict=True):
        expected = [
            decay * old + (1 - decay) * new for old, new in zip(expected, current, strict=True)
        ]
    for average, value in zip(weights(networks.average), expected, strict=True):
        torch.testing.assert_close(average, value, rtol=1e-4, atol=1e-6)


def test_networks_come_back_ready_for_use() -> None:
    networks, _, _ = train()
    for network in (networks.generator, networks.average, networks.discriminator):
        assert not network.training
    assert all(weight.requires_grad for weight in networks.discriminator.parameters())
    norm = networks.average.blocks[0][1]
    assert norm.num_batches_tracked == 2  # recalibrated afresh, not copied from the training


@pytest.mark.parametrize(
    "changes",
    [
        {"loss": "hinge"},
        {"precision": "bf16"},
        {"generator_activation": "leaky_relu", "discriminator_activation": "relu"},
        {"kernel_size": 5, "latent_dim": 100},
        {"images": None, "epochs": 2},
    ],
)
def test_each_setting_trains(changes: dict[str, Any]) -> None:
    networks, progress, _ = train(**changes)
    start = Generator(settings(**changes).architecture(32))
    initialise(start, torch.Generator().manual_seed(1))
    moved = [
        (old - new).abs().max()
        for old, new in zip(weights(start), weights(networks.generator), strict=True)
    ]
    assert max(moved) > 5e-4
    assert all(torch.isfinite(weight).all() for weight in weights(networks.average))
    assert all(math.isfinite(value) for p in progress for value in p.metrics().values())


# ── Parameters ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("length", [{"images": 5, "epochs": 5}, {"images": None, "epochs": None}])
def test_the_length_is_given_once(length: dict[str, int | None]) -> None:
    with pytest.raises(ValidationError, match=r"set one of train\.images and train\.epochs"):
        settings(**length)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("images", 0),
        ("batch_size", 1),
        ("learning_rate", 0),
        ("beta1", 1),
        ("generator_steps", 0),
        ("loss", "wasserstein"),
        ("label_smoothing", 0.6),
        ("width", 3),
        ("kernel_size", 2),
        ("kernel_size", 8),
        ("generator_activation", "swish"),
        ("ema_decay", 1),
        ("precision", "fp16"),
        ("seed", -1),
    ],
)
def test_params_out_of_range_are_refused(key: str, value: object) -> None:
    with pytest.raises(ValidationError, match=key):
        settings(**{key: value})


def test_architecture_is_what_the_params_say() -> None:
    architecture = settings(width=12, latent_dim=50, leaky_slope=0.3).architecture(128)
    assert architecture.model_dump() == {
        "image_size": 128,
        "latent_dim": 50,
        "width": 12,
        "kernel_size": 4,
        "generator_activation": "relu",
        "discriminator_activation": "leaky_relu",
        "leaky_slope": 0.3,
    }


def overrides(preset: str) -> Iterator[tuple[str, str, Any]]:
    for line in read_preset(preset, ROOT / "presets"):
        place, text = line.split("=", 1)
        section, key = place.split(".")
        yield section, key, load_yaml(text)


def test_the_article_s_preset_is_the_article_s_table() -> None:
    document = load_params(ROOT / "params.yaml")
    for section, key, value in overrides("article"):
        document[section][key] = value
    params = TrainParams.model_validate(document["train"])
    table = {
        "latent_dim": 100,
        "learning_rate": 0.0002,
        "beta1": 0.5,
        "label_smoothing": 0.1,
        "leaky_slope": 0.2,
        "batch_size": 128,
        "kernel_size": 5,
        "epochs": 10,
        # The article's words: LeakyReLU in G and ReLU in D, sigmoid cross-entropy, one G as it is
        # trained (no average, no augmentation), two G steps for each D step.
        "images": None,
        "generator_activation": "leaky_relu",
        "discriminator_activation": "relu",
        "loss": "cross_entropy",
        "generator_steps": 2,
        "ema_decay": 0,
        "flip": False,
        "shift": 0,
    }
    dumped = params.model_dump()
    assert {key: dumped[key] for key in table} == table
    assert document["data"]["source"] == "celeba"
    assert document["crop"]["image_size"] == 64
    architecture = params.architecture(64)
    convolutions = [
        layer
        for network in (Generator(architecture), Discriminator(architecture))
        for layer in network.modules()
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
    ]
    strides = [layer.stride for layer in convolutions if layer.kernel_size == (5, 5)]
    assert strides == [(2, 2)] * 8
