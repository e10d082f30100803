"""The two networks: shapes, layers, weights, and the copies that inference uses."""

import copy
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.networks.architecture import Architecture
from dcgan_inpainting.networks.averaging import average_into, recalibrate
from dcgan_inpainting.networks.dcgan import (
    Discriminator,
    Generator,
    initialise,
    normalise_spectrally,
)
from dcgan_inpainting.networks.frozen import freeze, plain
from dcgan_inpainting.networks.weights import load_trained, load_weights, save_weights
from tests.tiny_model import tiny_architecture

SMALL = tiny_architecture()


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
@pytest.mark.parametrize(
    ("image_size", "bottom_size", "halvings"),
    [(32, 4, 3), (64, 4, 4), (128, 4, 5), (64, 8, 3), (128, 8, 4), (32, 16, 1)],
)
def test_shapes_and_range(
    image_size: int, bottom_size: int, halvings: int, kernel_size: int
) -> None:
    architecture = tiny_architecture(
        image_size=image_size, bottom_size=bottom_size, kernel_size=kernel_size
    )
    generator, discriminator = Generator(architecture), Discriminator(architecture)
    drawn(generator)
    features = torch.randn(2, 6, generator=seeded(1))[:, :, None, None]
    sides, channels = [], []
    for block in generator.blocks:
        features = block(features)
        sides.append(features.shape[2:])
        channels.append(features.shape[1])
    assert sides == [(bottom_size * 2**level,) * 2 for level in range(halvings + 1)]
    assert channels == [4 * 2**level for level in reversed(range(halvings))] + [3]
    assert features.abs().max() <= 1
    assert features.std() > 0.05
    assert discriminator(features).shape == (2,)
    maps = [part.shape[1:] for part in discriminator.features(features)]
    pairs = zip(channels[-2::-1], sides[-2::-1], strict=True)
    assert maps == [(width, *side) for width, side in pairs]


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
    architecture = tiny_architecture(
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


@torch.no_grad()
def test_the_first_block_is_a_linear_projection_of_z() -> None:
    generator = drawn(Generator(tiny_architecture(bottom_size=8)))
    projection = generator.blocks[0][0]
    z = torch.randn(3, 6, generator=seeded(1))
    matrix = projection.weight.reshape(6, -1)
    expected = (z @ matrix).reshape(3, -1, 8, 8)
    torch.testing.assert_close(projection(z[:, :, None, None]), expected)


def test_initial_weights_are_radford_s() -> None:
    architecture = tiny_architecture(width=16, latent_dim=50)
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
    zs = torch.randn(3, 8, 6, generator=seeded(7))
    recalibrate(generator, zs)
    batches = [statistics_by_hand(generator, z) for z in zs]
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
    recalibrate(generator, torch.randn(32, 64, 6, generator=seeded(8)))
    expected = generator.blocks[0][0].weight.square().sum(0).mean((1, 2))
    norm = norms_of(generator)[0]
    torch.testing.assert_close(norm.running_var, expected, rtol=0.06, atol=0)
    assert norm.running_mean.abs().max() < 0.1 * expected.max().sqrt()


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


def test_kernels_are_written_in_half_as_many_bytes_and_read_as_floats(tmp_path: Path) -> None:
    network = drawn(Generator(SMALL), 5)
    sizes = []
    for half in (False, True):
        save_weights(network, tmp_path / "g.safetensors", half=half)
        sizes.append((tmp_path / "g.safetensors").stat().st_size)
    assert sizes[1] < 0.7 * sizes[0]
    read = Generator(SMALL)
    load_weights(read, tmp_path / "g.safetensors")
    for name, value in network.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        found = read.state_dict()[name]
        assert found.dtype == torch.float32
        expected = value.half().float() if value.ndim > 1 else value
        assert torch.equal(found, expected)


@pytest.mark.parametrize("difference", [{"width": 8}, {"kernel_size": 5}, {"image_size": 64}])
def test_another_architecture_s_weights_are_refused(
    difference: dict[str, int], tmp_path: Path
) -> None:
    save_weights(Generator(SMALL), tmp_path / "g.safetensors")
    with pytest.raises(UserError, match=r"g\.safetensors holds the weights of another architectur"):
        load_weights(Generator(tiny_architecture(**difference)), tmp_path / "g.safetensors")


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
    architecture = tiny_architecture(
        image_size=128, leaky_slope=0.15, generator_activation="leaky_relu"
    )
    architecture.save(tmp_path / "architecture.json")
    assert Architecture.load(tmp_path / "architecture.json") == architecture
    with pytest.raises(ValidationError, match="depth"):
        tiny_architecture(depth=3)
    # What was written before the discriminator had a choice of normalisation.
    old = {name: v for name, v in SMALL.model_dump().items() if name != "discriminator_norm"}
    (tmp_path / "old.json").write_text(json.dumps(old))
    assert Architecture.load(tmp_path / "old.json").discriminator_norm == "batch"
    with pytest.raises(ValidationError, match="'batch', 'spectral' or 'none'"):
        tiny_architecture(discriminator_norm="layer")


def test_only_a_bottom_of_another_size_stands_in_the_json(tmp_path: Path) -> None:
    """What was written before there was a choice lacks it, and has the same bytes today."""
    file = tmp_path / "architecture.json"
    for size in (4, 8):
        architecture = tiny_architecture(bottom_size=size)
        architecture.save(file)
        assert ("bottom_size" in json.loads(file.read_text())) == (size == 8)
        assert Architecture.load(file) == architecture


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"bottom_size": 6}, "should be 4, 8 or 16"),
        ({"image_size": 16, "bottom_size": 16}, r"bottom_size is 16, and images of 16 pixels have"),
        ({"image_size": 8, "bottom_size": 16}, r"bottom_size is 16, and images of 8 pixels have"),
        ({"image_size": 48}, "image_size must be a power of two"),
    ],
)
def test_sides_that_no_halving_leads_to_are_refused(values: dict[str, int], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        tiny_architecture(**values)


# Normalisation of the discriminator


@pytest.mark.parametrize("normalisation", ["spectral", "none"])
def test_a_discriminator_without_batch_norm_has_biases_instead(normalisation: str) -> None:
    layers = Discriminator(tiny_architecture(discriminator_norm=normalisation)).layers
    assert [type(layer) for layer in layers] == [nn.Conv2d, nn.LeakyReLU] * 3 + [nn.Conv2d]
    assert all(layer.bias is not None for layer in layers if isinstance(layer, nn.Conv2d))


def normalised(seed: int = 0, **changes: object) -> Discriminator:
    """Return a discriminator in training, as initialised but for a scale that is far from 1."""
    discriminator = Discriminator(tiny_architecture(discriminator_norm="spectral", **changes))
    rng = seeded(seed)
    initialise(discriminator, rng)
    with torch.no_grad():
        for weight in discriminator.parameters():
            weight.mul_(30)
    normalise_spectrally(discriminator, rng)
    return discriminator.train()


def convolutions(network: nn.Module) -> list[nn.Conv2d]:
    return [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]


def trained_weight(layer: nn.Conv2d) -> Tensor:
    return layer.parametrizations.weight.original


def photographs(count: int) -> Tensor:
    return torch.rand(count, 3, 32, 32, generator=seeded(20)) * 2 - 1


def largest_singular_value(kernel: Tensor) -> float:
    matrix = kernel.detach().double().numpy().reshape(len(kernel), -1)
    return float(np.linalg.svd(matrix, compute_uv=False)[0])


def test_weights_are_divided_by_their_largest_singular_value() -> None:
    discriminator = normalised()
    kernels = [trained_weight(layer).detach().clone() for layer in convolutions(discriminator)]
    for layer in convolutions(discriminator):
        assert largest_singular_value(layer.eval().weight) == pytest.approx(1, abs=0.05)
    discriminator.train()
    for _ in range(300):  # each pass betters the estimate
        discriminator(photographs(1))
    discriminator.eval()
    assert len(kernels) == 4
    for layer, kernel in zip(convolutions(discriminator), kernels, strict=True):
        sigma = largest_singular_value(kernel)
        assert abs(sigma - 1) > 0.1
        torch.testing.assert_close(layer.weight.detach(), kernel / sigma, rtol=1e-4, atol=1e-7)
        assert torch.equal(trained_weight(layer), kernel)


def test_spectral_normalisation_follows_a_training() -> None:
    """Weights move by an optimiser's steps, and one power iteration a step keeps up with them."""
    discriminator = normalised()
    optimiser = torch.optim.Adam(discriminator.parameters(), 0.05, fused=True)
    before = [trained_weight(layer).detach().clone() for layer in convolutions(discriminator)]
    for _ in range(60):
        optimiser.zero_grad()
        torch.autograd.backward(functional.softplus(-discriminator(photographs(4))).mean())
        optimiser.step()
    after = [trained_weight(layer).detach() for layer in convolutions(discriminator.eval())]
    assert all(
        (new - old).norm() > 0.1 * old.norm() for new, old in zip(after, before, strict=True)
    )
    for layer in convolutions(discriminator):
        assert largest_singular_value(layer.weight) == pytest.approx(1, abs=0.05)


def test_the_start_vectors_come_from_the_given_generator_alone() -> None:
    def state(seed: int, global_seed: int) -> dict[str, Tensor]:
        torch.manual_seed(global_seed)
        before = torch.get_rng_state()
        discriminator = Discriminator(tiny_architecture(discriminator_norm="spectral"))
        initialise(discriminator, seeded(1))
        torch.set_rng_state(before)  # the layers' own first weights came from there
        normalise_spectrally(discriminator, seeded(seed))
        assert torch.equal(torch.get_rng_state(), before)
        return discriminator.state_dict()

    first, same, other = state(2, 0), state(2, 5), state(3, 0)
    vectors = {name for name in first if name.endswith(("_u", "_v"))}
    assert len(vectors) == 8
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert {name for name in first if not torch.equal(first[name], other[name])} == vectors
    used = [first[name][:4].tolist() for name in sorted(vectors)]
    assert len({tuple(values) for values in used}) == 8  # each layer has its own


def test_saved_weights_are_plain_and_saving_changes_no_training(tmp_path: Path) -> None:
    discriminator = normalised().to(memory_format=torch.channels_last)
    discriminator(photographs(2))
    before = copy.deepcopy(discriminator.state_dict())
    save_weights(discriminator, tmp_path / "d.safetensors")
    assert discriminator.training
    after = discriminator.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)

    later = Discriminator(tiny_architecture(discriminator_norm="spectral"))
    assert load_file(tmp_path / "d.safetensors").keys() == later.state_dict().keys()
    load_weights(later, tmp_path / "d.safetensors")
    assert not any(hasattr(layer, "parametrizations") for layer in later.modules())
    expected = discriminator.eval()(photographs(3))
    assert expected.std() > 1e-4
    torch.testing.assert_close(later.eval()(photographs(3)), expected)
    frozen = freeze(later)
    torch.testing.assert_close(frozen(photographs(3)), expected)
    save_weights(later, tmp_path / "again.safetensors")
    same = (tmp_path / "d.safetensors").read_bytes() == (
        tmp_path / "again.safetensors"
    ).read_bytes()
    assert same


def test_weights_of_another_normalisation_are_refused(tmp_path: Path) -> None:
    save_weights(Discriminator(SMALL), tmp_path / "d.safetensors")
    with pytest.raises(UserError, match="another architecture"):
        load_weights(
            Discriminator(tiny_architecture(discriminator_norm="none")), tmp_path / "d.safetensors"
        )


@pytest.mark.parametrize("copied", [plain, freeze, copy.deepcopy])
def test_copies_leave_a_normalised_discriminator_as_it_was(copied: Any) -> None:
    discriminator, untouched = normalised(), normalised()
    other = copied(discriminator)
    with torch.no_grad():
        for value in other.state_dict().values():
            value.add_(1)
    for _ in range(3):
        assert torch.equal(discriminator(photographs(2)), untouched(photographs(2)))
    torch.autograd.backward(discriminator(photographs(2)).sum())
    assert all(weight.grad is not None for weight in discriminator.parameters())


def test_each_layer_starts_from_vectors_of_its_own() -> None:
    """Two layers of equal weights, whose 15 power iterations have not yet come to one answer."""
    layers = nn.Sequential(nn.Conv2d(8, 64, 4), nn.Conv2d(8, 64, 4))
    initialise(layers, seeded(0))
    layers[1].load_state_dict(layers[0].state_dict())
    normalise_spectrally(layers, seeded(1))
    first, second = (layer.parametrizations.weight[0]._u for layer in layers)
    assert (first.abs() - second.abs()).norm() > 1e-3  # a singular vector has no sign


def test_a_normalised_discriminator_can_be_frozen() -> None:
    discriminator = normalised()
    frozen = freeze(discriminator)
    assert not any(hasattr(layer, "parametrizations") for layer in frozen.modules())
    assert not any(weight.requires_grad for weight in frozen.parameters())
    assert torch.equal(frozen(photographs(3)), discriminator.eval()(photographs(3)))


@pytest.mark.parametrize("trained", [True, False])
def test_a_plain_copy_computes_the_same(trained: bool) -> None:
    discriminator = normalised().requires_grad_(trained)
    with torch.no_grad():
        copied = plain(discriminator)
    assert not copied.training
    assert all(weight.requires_grad == trained for weight in copied.parameters())
    assert [type(layer) for layer in copied.layers] == [nn.Conv2d, nn.LeakyReLU] * 3 + [nn.Conv2d]
    expected = discriminator.eval()(photographs(3))
    assert torch.equal(copied(photographs(3)), expected)
    assert (
        copied.state_dict().keys()
        == Discriminator(tiny_architecture(discriminator_norm="spectral")).state_dict().keys()
    )


def test_averaging_spectrally_normalised_weights() -> None:
    network = normalised(1)
    average = copy.deepcopy(network)
    old = [weight.detach().clone() for weight in average.parameters()]
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(1)
    average_into(average, network, 0.75)
    for mine, before in zip(average.parameters(), old, strict=True):
        torch.testing.assert_close(mine.detach(), before + 0.25)


def test_a_normalised_training_goes_on_from_its_state() -> None:
    """The estimate of the singular vectors is part of the state: the same outputs to the bit."""
    first, second = normalised(1), normalised(2)
    for _ in range(3):
        first(photographs(2))
    second.load_state_dict(first.state_dict())
    for _ in range(3):
        assert torch.equal(first(photographs(2)), second(photographs(2)))


def test_spectral_normalisation_under_bfloat16() -> None:
    discriminator = normalised().to(memory_format=torch.channels_last)
    exact = copy.deepcopy(discriminator)(photographs(8))
    with torch.autocast("cpu", torch.bfloat16):
        rounded = discriminator(photographs(8))
    assert rounded.dtype == torch.bfloat16
    assert exact.std() > 1e-3
    torch.testing.assert_close(rounded.float(), exact, rtol=0.1, atol=0.1 * exact.std().item())
