"""The U-Net: what it sees, what it returns, and its way to a file and back."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.networks.dcgan import Discriminator, Generator
from dcgan_inpainting.networks.frozen import freeze
from dcgan_inpainting.networks.pull_push import pull_push
from dcgan_inpainting.networks.unet import (
    ENCODER,
    UNET,
    UNet,
    begin_as_dcgan,
    initialise_unet,
    load_unet,
)
from tests.tiny_encoder import damaged, networks
from tests.tiny_model import tiny_architecture, write_models


def fresh(seed: int = 0, **changes: object) -> UNet:
    unet = UNet(tiny_architecture(**{"latent_dim": 8, **changes}))
    initialise_unet(unet, torch.Generator().manual_seed(seed))
    return unet


def seen(count: int = 3) -> tuple[Tensor, Tensor]:
    return damaged(count, torch.Generator().manual_seed(2))


@torch.no_grad()
@pytest.mark.parametrize("training", [False, True])
def test_the_image_comes_with_its_z(training: bool) -> None:
    unet = networks()[2].train(training)
    z, made = unet.z_and_images(*seen())
    assert z.shape == (3, 8)
    assert made.shape == (3, 3, 32, 32)
    assert torch.equal(unet(*seen()), made)


@torch.no_grad()
@pytest.mark.parametrize(("bottom_size", "corrections"), [(4, 4), (8, 3), (16, 2)])
def test_the_ladder_meets_a_decoder_of_any_bottom(bottom_size: int, corrections: int) -> None:
    unet = fresh(bottom_size=bottom_size)
    z, made = unet.z_and_images(*seen())
    assert (len(unet.corrections), len(unet.decoder.blocks)) == (corrections, corrections)
    assert z.shape == (3, 8)
    assert made.shape == (3, 3, 32, 32)


@torch.no_grad()
def test_what_stands_in_the_hole_never_matters_and_what_is_known_does() -> None:
    unet = networks()[2]
    images, known = seen()
    first = unet.z_and_images(images, known)
    other = torch.where(known.bool(), images, 100 * images.flip(0))
    assert all(map(torch.equal, first, unet.z_and_images(other, known)))
    third = unet.z_and_images(torch.where(known.bool(), -images, images), known)
    assert not any(map(torch.equal, first, third))


@torch.no_grad()
def test_the_mask_is_seen_too() -> None:
    """Of a grey image both masks leave the same filling."""
    unet = networks()[2]
    grey, known = torch.full((1, 3, 32, 32), 0.5), seen(1)[1]
    pairs = zip(unet.z_and_images(grey, known), unet.z_and_images(grey, known.flip(2)), strict=True)
    assert all((one - two).abs().max() > 1e-3 for one, two in pairs)


@torch.no_grad()
def test_at_first_the_decoder_s_image_of_z_is_joined_to_the_known_pixels_and_no_more() -> None:
    unet = fresh().eval()
    images, known = seen()
    z, made = unet.z_and_images(images, known)
    assert z.any()
    plain = unet.decoder(z)
    assert torch.equal(made, plain + pull_push(images - plain, known))


@torch.no_grad()
@pytest.mark.parametrize("training", [False, True])
def test_known_pixels_stay_as_they_were(training: bool) -> None:
    images, known = seen()
    made = networks()[2].train(training)(images, known)
    kept = known.bool().expand_as(images)
    torch.testing.assert_close(made[kept], images[kept], rtol=0, atol=1e-6)
    assert ((made - images)[~kept].abs() > 0.01).float().mean() > 0.9


def test_the_seed_decides_the_weights() -> None:
    first, second, other = (fresh(seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["z.weight"], other["z.weight"])


@torch.no_grad()
def test_a_frozen_one_computes_the_same_with_fewer_layers() -> None:
    unet = networks()[2]
    frozen = freeze(unet)
    assert any(isinstance(layer, torch.nn.BatchNorm2d) for layer in unet.modules())
    assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in frozen.modules())
    assert not any(weight.requires_grad for weight in frozen.parameters())
    pairs = zip(frozen.z_and_images(*seen()), unet.z_and_images(*seen()), strict=True)
    for again, made in pairs:
        torch.testing.assert_close(again, made, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_its_file_holds_all_that_it_needs(tmp_path: Path) -> None:
    models = write_models(tmp_path / "models", seed=5)
    loaded, again, other = (load_unet(models, name) for name in (ENCODER, ENCODER, UNET))
    assert not loaded.training
    assert loaded.state_dict().keys() == fresh().state_dict().keys()
    made = loaded(*seen())
    assert torch.equal(again(*seen()), made)
    assert not torch.equal(other(*seen()), made)


@pytest.mark.parametrize(
    "change", [{"width": 8}, {"latent_dim": 9}, {"image_size": 64}, {"bottom_size": 8}]
)
def test_weights_of_another_architecture_are_refused(
    change: dict[str, int], tmp_path: Path
) -> None:
    models = write_models(tmp_path / "models")
    load_unet(models, ENCODER)
    tiny_architecture(**{"latent_dim": 8, **change}).save(models / "architecture.json")
    with pytest.raises(UserError, match=r"encoder\.safetensors holds .* another architecture"):
        load_unet(models, ENCODER)


def test_gradients_reach_all_of_it() -> None:
    unet = networks()[2]
    made = unet.train()(*seen(8))
    (made - 0.3).square().sum().backward()
    assert all(weight.grad is not None and weight.grad.any() for weight in unet.parameters())


def test_gradients_are_those_of_finite_differences() -> None:
    """In float64, along one direction for each of its parts."""
    unet = networks()[2].double()
    images, known = (part.double() for part in seen())

    def loss() -> Tensor:
        return (unet(images, known) - 0.3).square().sum()

    loss().backward()
    rng = torch.Generator().manual_seed(3)
    for part in (unet.down, unet.z, unet.decoder, *unet.corrections):
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


# ── Its start ────────────────────────────────────────────────────────────────────────────────────


def dcgan(**changes: object) -> tuple[Generator, Discriminator]:
    """Return a generator and a discriminator with weights that are nowhere a constant."""
    architecture = tiny_architecture(**{"latent_dim": 8, **changes})
    rng = torch.Generator().manual_seed(5)
    both = Generator(architecture), Discriminator(architecture)
    for network in both:
        for weight in network.parameters():
            nn.init.normal_(weight, generator=rng)
    return both


@torch.no_grad()
def test_it_begins_as_a_dcgan() -> None:
    """On the way up as G; on the way down, of whole images whose mask says nothing, as D."""
    generator, discriminator = dcgan()
    unet = fresh()
    begin_as_dcgan(unet, generator, discriminator)
    assert all(map(torch.equal, unet.decoder.parameters(), generator.parameters()))
    images = seen()[0]
    unet.down[0][0].weight[:, 3:] = 0
    unet.down[0] = unet.down[0][::2]  # D has no batch norm behind its first layer, but a bias
    unet.down[0][0].bias = discriminator.layers[0].bias
    features = torch.cat([images, torch.ones_like(images[:, :1])], 1)
    for layer, its in zip(unet.down.train(), discriminator.train().features(images), strict=True):
        features = layer(features)
        torch.testing.assert_close(features, its)


@pytest.mark.parametrize("norm", ["spectral", "none"])
def test_a_discriminator_without_batch_norm_gives_its_kernels_alone(norm: str) -> None:
    drawn, unet = fresh(), fresh()
    generator, discriminator = dcgan(discriminator_norm=norm)
    begin_as_dcgan(unet, generator, discriminator)
    kernels = [layer for layer in discriminator.layers if isinstance(layer, nn.Conv2d)][:-1]
    assert torch.equal(unet.down[0][0].weight[:, :3], kernels[0].weight)
    assert torch.equal(unet.down[0][0].weight[:, 3:], drawn.down[0][0].weight[:, 3:])
    for own, before, kernel in zip(unet.down[1:], drawn.down[1:], kernels[1:], strict=True):
        assert torch.equal(own[0].weight, kernel.weight)
        assert torch.equal(own[1].weight, before[1].weight)


def test_of_a_discriminator_with_other_kernels_nothing_is_taken() -> None:
    drawn, unet = fresh(kernel_size=5), fresh(kernel_size=5)
    generator, discriminator = dcgan(kernel_size=5)
    begin_as_dcgan(unet, generator, discriminator)
    assert all(map(torch.equal, unet.down.parameters(), drawn.down.parameters()))
    assert all(map(torch.equal, unet.decoder.parameters(), generator.parameters()))
