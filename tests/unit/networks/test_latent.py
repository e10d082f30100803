"""Points of the generator's space: what is made of them, and their parts."""

import pytest
import torch

from dcgan_inpainting.networks.dcgan import Generator
from dcgan_inpainting.networks.latent import Latent, render, uncorrected
from tests.tiny_encoder import networks
from tests.tiny_model import tiny_architecture

SHAPES = [(16, 4, 4), (8, 8, 8), (4, 16, 16), (3, 32, 32)]  # of what the tiny blocks make


def points(corrections: int, count: int = 3) -> Latent:
    rng = torch.Generator().manual_seed(1)
    z = torch.randn(count, 8, generator=rng)
    shapes = SHAPES[:corrections]
    return Latent(z, tuple(torch.randn(count, *shape, generator=rng) for shape in shapes))


@torch.no_grad()
def test_an_uncorrected_point_is_what_the_generator_makes_of_z() -> None:
    generator, _, _ = networks()
    z = points(0).z
    assert torch.equal(render(generator, Latent(z, ())), generator(z))
    assert torch.equal(render(generator, uncorrected(z, generator, 2)), generator(z))


@torch.no_grad()
def test_corrections_are_added_behind_their_blocks() -> None:
    generator, _, _ = networks()
    latent = points(2)
    first, second, third, last = generator.blocks
    coarse = first(latent.z[:, :, None, None]) + latent.corrections[0]
    finer = second(coarse) + latent.corrections[1]
    expected = last(third(finer))
    assert torch.equal(render(generator, latent), expected)
    assert (expected - generator(latent.z)).abs().max() > 0.1


@torch.no_grad()
def test_the_last_correction_is_of_the_image_itself() -> None:
    generator, _, _ = networks()
    latent = points(4)
    without = render(generator, Latent(latent.z, latent.corrections[:3]))
    assert torch.equal(render(generator, latent), without + latent.corrections[3])


@pytest.mark.parametrize("blocks", [0, 1, 2, 3, 4, 6])
def test_corrections_begin_at_zero_behind_the_blocks_that_have_features(blocks: int) -> None:
    """The last block makes the image, which is no feature."""
    generator, _, _ = networks()
    z = points(0).z
    latent = uncorrected(z, generator, blocks)
    assert latent.z is z
    assert [part.shape[1:] for part in latent.corrections] == SHAPES[: min(blocks, 3)]
    assert all(len(part) == 3 and not part.any() for part in latent.corrections)


@torch.no_grad()
def test_corrections_begin_where_the_generator_s_bottom_is() -> None:
    generator = Generator(tiny_architecture(latent_dim=8, bottom_size=8)).eval()
    z = points(0).z
    latent = uncorrected(z, generator, 2)
    assert [part.shape[1:] for part in latent.corrections] == [(8, 8, 8), (4, 16, 16)]
    assert torch.equal(render(generator, latent), generator(z))


def test_parts_are_z_and_the_corrections_and_make_the_point_again() -> None:
    latent = points(2)
    assert latent.parts == (latent.z, *latent.corrections)
    again = Latent.of(list(latent.parts))
    assert again.z is latent.z
    assert again.corrections == latent.corrections
    assert Latent.of([latent.z]).corrections == ()


@pytest.mark.parametrize("index", [torch.tensor([True, False, True]), torch.tensor([2, 0])])
def test_an_index_chooses_points_with_all_their_parts(index: torch.Tensor) -> None:
    latent = points(3)
    for chosen, part in zip(latent[index].parts, latent.parts, strict=True):
        assert torch.equal(chosen, part[index])
        assert len(chosen) == 2
