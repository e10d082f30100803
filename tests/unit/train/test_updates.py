"""One step: who is updated when, and that the arithmetic is a plain DCGAN's."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.seeds import Purpose, generator_for
from dcgan_inpainting.networks.dcgan import Discriminator, Generator, initialise
from dcgan_inpainting.networks.distribution import Rank
from dcgan_inpainting.train.updates import Trainer, refuse_unshareable
from dcgan_inpainting.training.history import figures_of
from tests.tiny_training import PARAMS, digest, faces, one_process, settings, train


def weights(network: nn.Module) -> list[Tensor]:
    return [weight.detach().clone() for weight in network.parameters()]


def trainer(**changes: object) -> Trainer:
    return Trainer(settings(**changes), 32, one_process())


def real_batch(step: int) -> Tensor:
    return torch.rand(4, 3, 32, 32, generator=generator_for(Purpose.IMAGES, step)) * 2 - 1


@pytest.mark.parametrize("generator_steps", [1, 2, 3])
def test_updates_of_g_for_each_of_d(generator_steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    real_step = torch.optim.Adam.step

    def counted(self: torch.optim.Adam, *args: object, **options: object) -> object:
        weight = self.param_groups[0]["params"][0]
        order.append("G" if weight.shape[0] == PARAMS["latent_dim"] else "D")
        return real_step(self, *args, **options)

    monkeypatch.setattr(torch.optim.Adam, "step", counted)
    one = trainer(generator_steps=generator_steps)
    for step in range(3):
        one.step(real_batch(step))
    assert "".join(order) == ("D" + "G" * generator_steps) * 3


def test_losses_and_gradients_are_those_of_a_plain_dcgan_loop() -> None:
    """Five steps of textbook code: whole-model modules, BCE against the article's labels."""
    images = faces(8)
    changes = {"flip": False, "shift": 0, "images": 40, "batch_size": 8, "generator_steps": 2}
    changes["discriminator_learning_rate"] = 2e-3
    _, heard = train(images, **changes)

    architecture = settings(**changes).architecture(32)
    generator, discriminator = Generator(architecture), Discriminator(architecture)
    rng = generator_for(Purpose.WEIGHTS, 1)
    initialise(generator, rng)
    initialise(discriminator, rng)
    g_adam, d_adam = (
        torch.optim.Adam(network.parameters(), lr=rate, betas=(0.5, 0.999))
        for network, rate in ((generator, 1e-3), (discriminator, 2e-3))
    )
    against = binary_cross_entropy_with_logits

    def norm_of_gradient(network: nn.Module) -> float:
        return torch.cat([weight.grad.flatten() for weight in network.parameters()]).norm().item()

    real = torch.from_numpy(images.transpose(0, 3, 1, 2) / 127.5 - 1).float()
    for step, point in enumerate(heard.progress, start=1):
        rng = generator_for(Purpose.STEP, 1, step, 0)
        on_real = discriminator(real)
        fake = generator(torch.randn(8, 8, generator=rng))
        on_fake = discriminator(fake.detach())
        d_loss = against(on_real, torch.full((8,), 0.9)) + against(on_fake, torch.zeros(8))
        d_adam.zero_grad()
        d_loss.backward()
        d_grad_norm = norm_of_gradient(discriminator)
        d_adam.step()
        for again in range(2):  # the first step is on the images that D has just seen
            made = generator(torch.randn(8, 8, generator=rng)) if again else fake
            g_loss = against(discriminator(made), torch.ones(8))
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
        assert figures_of(point) == pytest.approx(expected, rel=2e-3)
    assert len(heard.progress) == 5
    assert heard.progress[0]["d_loss"] != pytest.approx(heard.progress[-1]["d_loss"], rel=0.02)


def test_an_average_without_memory_is_the_generator() -> None:
    one = trainer(ema_decay=0)
    for step in range(3):
        one.step(real_batch(step))
    for mine, average in zip(weights(one.generator), weights(one.average), strict=True):
        assert torch.equal(mine, average)


@pytest.mark.parametrize(
    ("ema_decay", "decays"),
    [(0.9, [1 / 11, 2 / 12, 3 / 13, 4 / 14, 5 / 15, 6 / 16]), (0.15, [1 / 11] + [0.15] * 5)],
)
def test_average_is_that_of_the_generator_s_weights(ema_decay: float, decays: list[float]) -> None:
    """aₙ = dₙ·aₙ₋₁ + (1 − dₙ)·wₙ with dₙ = min(decay, n / (10 + n)), from the first weights on."""
    one = trainer(ema_decay=ema_decay, learning_rate=0.05)
    expected = weights(one.generator)
    for step, decay in enumerate(decays):
        one.step(real_batch(step))
        current = weights(one.generator)
        expected = [
            decay * old + (1 - decay) * new for old, new in zip(expected, current, strict=True)
        ]
    for average, value in zip(weights(one.average), expected, strict=True):
        torch.testing.assert_close(average, value, rtol=1e-4, atol=1e-6)


def test_looking_at_the_networks_does_not_change_the_training() -> None:
    plain, looked_at = trainer(), trainer()
    for step in range(6):
        for one in (plain, looked_at):
            one.step(real_batch(step))
        looked_at.networks([real_batch(100), real_batch(101)])
    first, second = plain.state_dict(), looked_at.state_dict()
    for name in ("generator", "discriminator", "average"):
        assert all(torch.equal(value, second[name][key]) for key, value in first[name].items())


def test_networks_are_the_trained_weights_with_statistics_of_their_own() -> None:
    """D's first batch norm, by hand: the mean over two real batches and two generated ones."""
    one = trainer()
    one.step(real_batch(0))
    real = [real_batch(1), real_batch(2)]
    networks = one.networks(real)
    for name, network in vars(networks).items():
        pairs = zip(weights(network), weights(getattr(one, name)), strict=True)
        assert all(torch.equal(*pair) for pair in pairs)
        assert not network.training
    norm = networks.discriminator.layers[3]
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.num_batches_tracked == 4
    rng = generator_for(Purpose.RECALIBRATION, 1)
    zs = torch.randn(2, 4, 8, generator=rng)
    with torch.no_grad():
        batches = [
            half for x, z in zip(real, zs, strict=True) for half in (x, networks.generator(z))
        ]
        means = [networks.discriminator.layers[:3](batch).mean((0, 2, 3)) for batch in batches]
    torch.testing.assert_close(norm.running_mean, torch.stack(means).mean(0))


def test_networks_come_back_for_use() -> None:
    trained, _ = train()
    architecture = settings().architecture(32)
    Discriminator(architecture).load_state_dict(trained.weights["discriminator"])
    for name in ("generator", "average"):
        Generator(architecture).load_state_dict(trained.weights[name])
    # Recalibrated afresh, not copied from the training.
    assert trained.weights["average"]["blocks.0.1.num_batches_tracked"] == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"loss": "hinge"},
        {"precision": "bf16"},
        {"generator_activation": "leaky_relu", "discriminator_activation": "relu"},
        {"kernel_size": 5, "latent_dim": 100},
        {"images": None, "epochs": 2},
        {"discriminator_norm": "spectral", "loss": "hinge"},
        {"discriminator_norm": "none", "r1_weight": 1.0},
        {"discriminator_norm": "none", "r1_weight": 1.0, "precision": "bf16"},
        {"augment": ["color", "translation", "cutout"]},
        {"strategy": "ddp"},
    ],
)
def test_each_setting_trains(changes: dict[str, Any]) -> None:
    trained, heard = train(**changes)
    params = settings(**changes)
    start = Generator(params.architecture(32))
    initialise(start, generator_for(Purpose.WEIGHTS, 1))
    moved = [
        (old - trained.weights["generator"][name]).abs().max()
        for name, old in start.named_parameters()
    ]
    assert max(moved) > 5e-4
    for network in trained.weights.values():
        assert all(value.isfinite().all() for value in network.values())
    assert all(math.isfinite(value) for row in heard.progress for value in row.values())


def test_each_lever_changes_the_weights() -> None:
    levers: list[dict[str, Any]] = [
        {},
        {"loss": "hinge"},
        {"discriminator_norm": "spectral"},
        {"discriminator_norm": "none"},
        {"r1_weight": 1.0},
        {"r1_weight": 1.0, "r1_every": 1},
        {"discriminator_learning_rate": 2e-3},
        {"augment": ["color"]},
        {"augment": ["translation"]},
        {"augment": ["cutout"]},
        {"shift_fill": "edge"},
    ]
    assert len({digest(train(**changes)[0].weights) for changes in levers}) == len(levers)


def test_r1_comes_at_every_kth_step() -> None:
    """The first step that has a penalty is the kth: until then nothing differs."""
    changes = {"r1_weight": 5.0, "images": 16}
    plain, second, fourth = (
        [figures_of(row) for row in train(**values)[1].progress]
        for values in ({"images": 16}, {**changes, "r1_every": 2}, {**changes, "r1_every": 4})
    )
    assert plain[0] == second[0] == fourth[0]
    assert plain[1]["d_grad_norm"] != second[1]["d_grad_norm"]
    assert plain[2] == fourth[2]
    assert plain[3]["d_grad_norm"] != fourth[3]["d_grad_norm"]


def test_a_state_goes_on_to_the_same_bytes() -> None:
    whole, half = trainer(), trainer()
    for step in range(3):
        whole.step(real_batch(step))
        half.step(real_batch(step))
    other = trainer(learning_rate=1e-3)
    other.load_state_dict(half.state_dict())
    for step in range(3, 6):
        assert torch.equal(whole.step(real_batch(step)), other.step(real_batch(step)))
    for name in ("generator", "discriminator", "average"):
        pairs = zip(weights(getattr(whole, name)), weights(getattr(other, name)), strict=True)
        assert all(torch.equal(*pair) for pair in pairs)


GPUS = Rank(0, 2, torch.device("cuda"))


def test_r1_is_refused_where_batch_norm_spans_several_gpus() -> None:
    with pytest.raises(UserError, match=r"second derivative.*discriminator_norm to spectral"):
        refuse_unshareable(settings(r1_weight=1.0), GPUS)


@pytest.mark.parametrize(
    ("changes", "rank"),
    [
        ({"r1_weight": 0}, GPUS),
        ({"r1_weight": 1.0, "discriminator_norm": "none"}, GPUS),
        ({"r1_weight": 1.0, "discriminator_norm": "spectral"}, GPUS),
        ({"r1_weight": 1.0}, Rank(0, 2)),
        ({"r1_weight": 1.0}, Rank(device=torch.device("cuda"))),
    ],
)
def test_what_can_be_trained_is_not_refused(changes: dict[str, Any], rank: Rank) -> None:
    refuse_unshareable(settings(**changes), rank)
