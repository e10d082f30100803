"""The two networks: shapes, layers, weights, and the copies that inference uses."""

import copy
import itertools
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn
from torch.nn import functional

from dcgan_inpainting.errors import UserError
from dcgan_inpainting.networks import (
    Architecture,
    Discriminator,
    Generator,
    average_into,
    freeze,
    initialise,
    load_trained,
    load_weights,
    recalibrate,
    save_weights,
)

SMALL = Architecture(
    image_size=32,
    latent_dim=6,
    width=4,
    kernel_size=4,
    generator_activation="relu",
    discriminator_activation="leaky_relu",
    leaky_slope=0.2,
)


def changed(**changes: object) -> Architecture:
    return Architecture.model_validate({**SMALL.model_dump(), **changes})


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def drawn(network: nn.Module, seed: int = 0) -> nn.Module:
    """Give a network weights and batch-norm statistics that are nowhere trivial."""
    rng = seeded(seed)
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if name.endswith("running_var"):
                value.uniform_(0.3, 2, generator=rng)
            elif value.is_floating_point():
                value.normal_(0, 0.3, generator=rng)
    return network


@pytest.mark.parametrize("kernel_size", [3, 4, 5, 6, 7])
@pytest.mark.parametrize("image_size", [32, 64, 128])
def test_shapes_and_range(image_size: int, kernel_size: int) -> None:
    architecture = changed(image_size=image_size, kernel_size=kernel_size)
    generator, discriminator = Generator(architecture), Discriminator(architecture)
    drawn(generator)
    features = torch.randn(2, 6, generator=seeded(1))[:, :, None, None]
    sides, channels = [], []
    for block in generator.blocks:
        features = block(features)
        sides.append(features.shape[2:])
        channels.append(features.shape[1])
    halvings = {32: 3, 64: 4, 128: 5}[image_size]
    assert sides == [(4 * 2**level, 4 * 2**level) for level in range(halvings + 1)]
    assert channels == [4 * 2**level for level in reversed(range(halvings))] + [3]
    assert features.abs().max() <= 1
    assert features.std() > 0.05
    assert discriminator(features).shape == (2,)


def test_the_map_behind_one_block_is_the_next_one_s_input() -> None:
    generator = drawn(Generator(SMALL)).eval()
    z = torch.randn(3, 6, generator=seeded(1))
    assert torch.equal(generator(z), nn.Sequential(*generator.blocks)(z[:, :, None, None]))


@pytest.mark.parametrize(
    ("in_generator", "in_discriminator"),
    list(itertools.product(["relu", "leaky_relu"], repeat=2)),
)
def test_layers(in_generator: str, in_discriminator: str) -> None:
    """Batch norm everywhere but on D's first layer and G's output; no pooling, no dense layers."""
    architecture = changed(
        generator_activation=in_generator,
        discriminator_activation=in_discriminator,
        kernel_size=5,
        leaky_slope=0.3,
    )
    kinds = {"relu": nn.ReLU, "leaky_relu": nn.LeakyReLU}
    inner = [nn.ConvTranspose2d, nn.BatchNorm2d, kinds[in_generator]]
    generator, discriminator = Generator(architecture), Discriminator(architecture)
    blocks = [[type(layer) for layer in block] for block in generator.blocks]
    assert blocks == [inner, inner, inner, [nn.ConvTranspose2d, nn.Tanh]]
    activation = kinds[in_discriminator]
    assert [type(layer) for layer in discriminator.layers] == [
        *(nn.Conv2d, activation),
        *(nn.Conv2d, nn.BatchNorm2d, activation),
        *(nn.Conv2d, nn.BatchNorm2d, activation),
        nn.Conv2d,
    ]
    for layer in [*generator.modules(), *discriminator.modules()]:
        if isinstance(layer, nn.LeakyReLU):
            assert layer.negative_slope == 0.3
    ups = [layer for layer in generator.modules() if isinstance(layer, nn.ConvTranspose2d)]
    downs = [layer for layer in discriminator.modules() if isinstance(layer, nn.Conv2d)]
    assert [(layer.kernel_size, layer.stride) for layer in ups] == [((4, 4), (1, 1))] + [
        ((5, 5), (2, 2))
    ] * 3
    assert [(layer.kernel_size, layer.stride) for layer in downs] == [((5, 5), (2, 2))] * 3 + [
        ((4, 4), (1, 1))
    ]


def test_initial_weights_are_radford_s() -> None:
    architecture = changed(width=16, latent_dim=50)
    for network in (Generator(architecture), Discriminator(architecture)):
        drawn(network)
        initialise(network, seeded(3))
        norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
        convolutions = [
            layer
            for layer in network.modules()
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
        ]
        for layer in convolutions:
            # Some hundred weights at least: five standard errors of a mean and of a deviation.
            error = 5 * 0.02 / layer.weight.numel() ** 0.5
            assert abs(layer.weight.mean()) < error
            assert abs(layer.weight.std() - 0.02) < error
        scales = torch.cat([layer.weight for layer in norms])
        assert abs(scales.mean() - 1) < 5 * 0.02 / len(scales) ** 0.5
        assert abs(scales.std() - 0.02) < 5 * 0.02 / len(scales) ** 0.5
        biases = [layer.bias for layer in [*norms, *convolutions] if layer.bias is not None]
        assert len(biases) == len(norms) + (1 if isinstance(network, Generator) else 2)
        assert all((bias == 0).all() for bias in biases)


def test_initial_weights_follow_from_the_seed() -> None:
    def weights(seed: int) -> Tensor:
        network = Generator(SMALL)
        initialise(network, seeded(seed))
        return nn.utils.parameters_to_vector(network.parameters()).detach()

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


@pytest.mark.parametrize("kind", [Generator, Discriminator])
def test_a_frozen_network_computes_the_same(kind: type[nn.Module]) -> None:
    network = drawn(kind(SMALL)).double().train()
    before = copy.deepcopy(network.state_dict())
    frozen = freeze(network)
    shape = (3, 6) if kind is Generator else (3, 3, 32, 32)
    given = torch.randn(shape, generator=seeded(4), dtype=torch.float64)

    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in frozen.modules())
    assert not any(weight.requires_grad for weight in frozen.parameters())
    results = []
    for candidate in (copy.deepcopy(network).eval(), frozen):
        asked = given.clone().requires_grad_(True)
        answer = candidate(asked)
        (gradient,) = torch.autograd.grad(answer.square().sum(), asked)
        results.append((answer.detach(), gradient))
    (expected, expected_gradient), (answer, gradient) = results
    assert expected.std() > 0.05
    torch.testing.assert_close(answer, expected, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(gradient, expected_gradient, rtol=1e-9, atol=1e-12)

    assert network.training
    assert all(weight.requires_grad for weight in network.parameters())
    after = network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_averaging_weights() -> None:
    average, network = drawn(Generator(SMALL), 1), drawn(Generator(SMALL), 2)
    old, new = copy.deepcopy(average.state_dict()), copy.deepcopy(network.state_dict())
    average_into(average, network, 0.9)
    parameters = dict(average.named_parameters())
    for name, value in average.state_dict().items():
        moved = 0.9 * old[name] + 0.1 * new[name] if name in parameters else old[name]
        torch.testing.assert_close(value, moved)
        assert torch.equal(network.state_dict()[name], new[name])


def statistics_by_hand(generator: Generator, z: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Return mean and unbiased variance by channel before each batch norm, for one batch."""
    statistics = []
    features = z[:, :, None, None]
    for place, block in enumerate(generator.blocks[:-1]):
        weight, norm = block[0].weight, block[1]
        stride, padding = (1, 0) if place == 0 else (2, 1)  # kernel 4
        features = functional.conv_transpose2d(features, weight, None, stride, padding)
        mean, spread = features.mean((0, 2, 3)), features.var((0, 2, 3), correction=0)
        statistics.append((mean, features.var((0, 2, 3), correction=1)))
        scaled = (features - mean[:, None, None]) / (spread[:, None, None] + norm.eps).sqrt()
        features = (scaled * norm.weight[:, None, None] + norm.bias[:, None, None]).relu()
    return statistics


def norms_of(generator: Generator) -> list[nn.BatchNorm2d]:
    return [layer for layer in generator.modules() if isinstance(layer, nn.BatchNorm2d)]


@torch.no_grad()
def test_recalibration_gives_the_batches_own_statistics() -> None:
    generator = drawn(Generator(SMALL))
    generator.train()(torch.ones(4, 6))  # statistics that must not come in
    weights = [weight.clone() for weight in generator.parameters()]
    recalibrate(generator, 3, 8, seeded(7))
    rng = seeded(7)
    batches = [statistics_by_hand(generator, torch.randn(8, 6, generator=rng)) for _ in range(3)]
    for place, norm in enumerate(norms_of(generator)):
        mean = torch.stack([batch[place][0] for batch in batches]).mean(0)
        variance = torch.stack([batch[place][1] for batch in batches]).mean(0)
        torch.testing.assert_close(norm.running_mean, mean, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(norm.running_var, variance, rtol=1e-4, atol=1e-5)
        assert norm.momentum == 0.1
    assert not generator.training
    assert all(torch.equal(*pair) for pair in zip(weights, generator.parameters(), strict=True))


@torch.no_grad()
def test_recalibration_nears_the_closed_form() -> None:
    """z is normal and the first layer is linear: its outputs' variance is the sum of w² over z."""
    generator = drawn(Generator(SMALL))
    recalibrate(generator, 32, 64, seeded(8))
    expected = generator.blocks[0][0].weight.square().sum(0).mean((1, 2))
    norm = norms_of(generator)[0]
    torch.testing.assert_close(norm.running_var, expected, rtol=0.06, atol=0)
    assert norm.running_mean.abs().max() < 0.1 * expected.max().sqrt()


def test_recalibration_draws_for_the_generator_s_device() -> None:
    """On a GPU the z must follow the weights; `meta`, a device without memory, stands for one."""
    seen = []

    class Watched(Generator):
        def forward(self, z: Tensor) -> Tensor:
            seen.append((z.device.type, z.shape))
            return z

    recalibrate(Watched(SMALL).to("meta"), 2, 5, seeded(0))
    assert seen == [("meta", (5, 6))] * 2


@pytest.mark.parametrize("kind", [Generator, Discriminator])
def test_saved_weights_come_back(kind: type[nn.Module], tmp_path: Path) -> None:
    network = drawn(kind(SMALL), 5)
    save_weights(network, tmp_path / "a.safetensors")
    save_weights(network.to(memory_format=torch.channels_last), tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    other = drawn(kind(SMALL), 6)
    load_weights(other, tmp_path / "a.safetensors")
    shape = (2, 6) if kind is Generator else (2, 3, 32, 32)
    given = torch.randn(shape, generator=seeded(0))
    torch.testing.assert_close(other.eval()(given), network.eval()(given))
    for name, value in network.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert torch.equal(other.state_dict()[name], value)


@pytest.mark.parametrize("difference", [{"width": 8}, {"kernel_size": 5}, {"image_size": 64}])
def test_another_architecture_s_weights_are_refused(
    difference: dict[str, int], tmp_path: Path
) -> None:
    save_weights(Generator(SMALL), tmp_path / "g.safetensors")
    with pytest.raises(UserError, match=r"g\.safetensors holds the weights of another architectur"):
        load_weights(Generator(changed(**difference)), tmp_path / "g.safetensors")


def test_trained_networks_are_the_averaged_generator_and_the_discriminator(tmp_path: Path) -> None:
    SMALL.save(tmp_path / "architecture.json")
    average, discriminator = drawn(Generator(SMALL), 1), drawn(Discriminator(SMALL), 2)
    save_weights(average, tmp_path / "generator_average.safetensors")
    save_weights(drawn(Generator(SMALL), 3), tmp_path / "generator.safetensors")
    save_weights(discriminator, tmp_path / "discriminator.safetensors")
    loaded = load_trained(tmp_path)
    for network, expected in zip(loaded, (average, discriminator), strict=True):
        assert not network.training
        for mine, other in zip(network.parameters(), expected.parameters(), strict=True):
            assert torch.equal(mine, other)


def test_architecture_as_json(tmp_path: Path) -> None:
    architecture = changed(image_size=128, leaky_slope=0.15, generator_activation="leaky_relu")
    architecture.save(tmp_path / "architecture.json")
    assert Architecture.load(tmp_path / "architecture.json") == architecture
    with pytest.raises(ValidationError, match="depth"):
        changed(depth=3)
