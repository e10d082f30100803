"""The encoder: what it sees, what it returns, and its way to a file and back."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.networks.dcgan import Generator
from dcgan_inpainting.networks.encoder import Encoder, initialise_encoder, load_encoder
from dcgan_inpainting.networks.frozen import freeze
from dcgan_inpainting.networks.latent import render
from dcgan_inpainting.networks.pull_push import pull_push
from dcgan_inpainting.networks.unet import UNet, initialise_unet
from dcgan_inpainting.networks.weights import load_trained
from tests.tiny_encoder import damaged, networks
from tests.tiny_model import tiny_architecture, write_models


def fresh(generator: Generator, seed: int = 0) -> Encoder:
    encoder = Encoder(generator.architecture)
    initialise_encoder(encoder, torch.Generator().manual_seed(seed))
    return encoder


def seen(count: int = 3) -> tuple[Tensor, Tensor]:
    return damaged(count, torch.Generator().manual_seed(2))


@torch.no_grad()
@pytest.mark.parametrize("training", [False, True])
def test_the_image_is_what_the_point_renders_to(training: bool) -> None:
    generator, _, encoder = networks()
    frozen = freeze(generator)
    latent, made = encoder.train(training)(*seen(), frozen)
    assert made.shape == (3, 3, 32, 32)
    assert latent.z.shape == (3, 8)
    assert len(latent.corrections) == len(frozen.blocks)
    assert all(part.abs().max() > 0.01 for part in latent.corrections)
    torch.testing.assert_close(render(frozen, latent), made, rtol=0, atol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize("bottom_size", [8, 16])
def test_the_ladder_meets_a_generator_of_any_bottom(bottom_size: int) -> None:
    """Of a U-Net the encoder's ladder and the decoder's are those of a discriminator and of G."""
    architecture = tiny_architecture(latent_dim=8, bottom_size=bottom_size)
    unet = UNet(architecture)
    initialise_unet(unet, torch.Generator().manual_seed(0))
    latent, made = unet.encoder(*seen(), unet.decoder)
    sides = [part.shape[-1] for part in latent.corrections]
    assert sides == [side for side in (8, 16, 32) if side >= bottom_size]
    assert latent.z.shape == (3, 8)
    assert torch.equal(unet(*seen()), made)
    assert made.shape == (3, 3, 32, 32)


@torch.no_grad()
def test_what_stands_in_the_hole_never_matters_and_what_is_known_does() -> None:
    generator, _, encoder = networks()
    images, known = seen()
    first, made = encoder(images, known, generator)
    other = torch.where(known.bool(), images, 100 * images.flip(0))
    second, again = encoder(other, known, generator)
    assert all(map(torch.equal, first.parts, second.parts))
    assert torch.equal(made, again)
    third, _ = encoder(torch.where(known.bool(), -images, images), known, generator)
    assert all(not torch.equal(one, two) for one, two in zip(first.parts, third.parts, strict=True))


@torch.no_grad()
def test_the_mask_is_seen_too() -> None:
    """Of a grey image both masks leave the same filling."""
    generator, _, encoder = networks()
    grey, known = torch.full((1, 3, 32, 32), 0.5), seen(1)[1]
    first, _ = encoder(grey, known, generator)
    second, _ = encoder(grey, known.flip(2), generator)
    pairs = zip(first.parts, second.parts, strict=True)
    assert all((one - two).abs().max() > 1e-3 for one, two in pairs)


@torch.no_grad()
def test_at_first_the_image_of_z_is_joined_to_the_known_pixels_and_no_more() -> None:
    generator, _, _ = networks()
    images, known = seen()
    latent, made = fresh(generator).eval()(images, known, generator)
    assert not any(part.any() for part in latent.corrections[:-1])
    assert latent.z.any()
    plain = generator(latent.z)
    assert torch.equal(made, plain + pull_push(images - plain, known))


@torch.no_grad()
@pytest.mark.parametrize("training", [False, True])
def test_known_pixels_stay_as_they_were(training: bool) -> None:
    generator, _, encoder = networks()
    images, known = seen()
    _, made = encoder.train(training)(images, known, generator)
    kept = known.bool().expand_as(images)
    torch.testing.assert_close(made[kept], images[kept], rtol=0, atol=1e-6)
    assert ((made - images)[~kept].abs() > 0.01).float().mean() > 0.9


def test_the_seed_decides_the_weights() -> None:
    generator, _, _ = networks()
    first, second, other = (fresh(generator, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["z.weight"], other["z.weight"])


@torch.no_grad()
def test_a_frozen_encoder_computes_the_same_with_fewer_layers() -> None:
    generator, _, encoder = networks()
    frozen = freeze(encoder)
    assert any(isinstance(layer, torch.nn.BatchNorm2d) for layer in encoder.modules())
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in frozen.modules())
    assert not any(weight.requires_grad for weight in frozen.parameters())
    latent, made = encoder(*seen(), generator)
    same, again = frozen(*seen(), generator)
    torch.testing.assert_close(again, made, rtol=1e-4, atol=1e-5)
    for one, other in zip(same.parts, latent.parts, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_the_file_holds_all_that_the_encoder_needs(tmp_path: Path) -> None:
    models = write_models(tmp_path / "models", seed=5)
    generator, _ = load_trained(models)
    loaded, again = load_encoder(models), load_encoder(models)
    assert not loaded.training
    written = fresh(generator, seed=5)
    assert loaded.state_dict().keys() == written.state_dict().keys()
    assert not torch.equal(loaded.z.weight, written.z.weight)  # drawn after the other networks'
    latent, made = loaded(*seen(), generator)
    same, image = again(*seen(), generator)
    assert all(map(torch.equal, latent.parts, same.parts))
    assert torch.equal(made, image)


@pytest.mark.parametrize(
    "change", [{"width": 8}, {"latent_dim": 9}, {"image_size": 64}, {"bottom_size": 8}]
)
def test_weights_of_another_architecture_are_refused(
    change: dict[str, int], tmp_path: Path
) -> None:
    models = write_models(tmp_path / "models")
    load_encoder(models)
    tiny_architecture(**{"latent_dim": 8, **change}).save(models / "architecture.json")
    with pytest.raises(UserError, match=r"encoder\.safetensors holds .* another architecture"):
        load_encoder(models)


def test_gradients_reach_all_of_the_encoder_and_nothing_of_the_generator() -> None:
    generator, _, encoder = networks()
    frozen = freeze(generator)
    before = [weight.clone() for weight in frozen.state_dict().values()]
    _, made = encoder.train()(*seen(8), frozen)
    (made - 0.3).square().sum().backward()
    for name, weight in encoder.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().max() > 0, name
    assert all(weight.grad is None for weight in frozen.parameters())
    assert all(map(torch.equal, before, frozen.state_dict().values()))


def test_gradients_are_those_of_finite_differences() -> None:
    """In float64, along one direction for each of the encoder's parts."""
    generator, _, encoder = networks()
    frozen, encoder = freeze(generator).double(), encoder.double()
    images, known = (part.double() for part in seen())

    def loss() -> Tensor:
        return (encoder(images, known, frozen)[1] - 0.3).square().sum()

    loss().backward()
    rng = torch.Generator().manual_seed(3)
    for part in (encoder.down, encoder.z, *encoder.corrections):
        weights = list(part.parameters())
        directions = [torch.randn(w.shape, generator=rng, dtype=w.dtype) for w in weights]
        pairs = list(zip(weights, directions, strict=True))
        slope = sum((w.grad * direction).sum().item() for w, direction in pairs)
        values = []
        for step in (1e-7, -2e-7):  # forwards, and back beyond the beginning
            with torch.no_grad():
                for weight, direction in pairs:
                    weight += step * direction
                values.append(loss().item())
        assert (values[0] - values[1]) / 2e-7 == pytest.approx(slope, rel=1e-3)
