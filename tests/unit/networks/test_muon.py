"""Muon: which weights it takes, and by what it moves them."""

import copy

import pytest
import torch
from torch import nn

from dcgan_inpainting.networks.muon import MOMENTUM, Muon, hidden, orthogonal
from dcgan_inpainting.networks.unet import UNet
from tests.tiny_model import tiny_architecture


@pytest.mark.parametrize("shape", [(12, 12), (9, 40), (40, 9)])
def test_orthogonal_keeps_the_directions_and_levels_their_lengths(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    left, lengths, right = torch.linalg.svd(matrix, full_matrices=False)
    made = orthogonal(matrix)
    along = left.T @ made @ right.T
    assert made.shape == shape
    assert lengths.max() > 2 * lengths.min()
    assert ((along.diagonal() > 0.6) & (along.diagonal() < 1.3)).all()
    assert (along - along.diagonal().diag()).abs().max() < 1e-6


def test_the_length_of_a_gradient_is_nothing() -> None:
    matrix = torch.randn(9, 30, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(orthogonal(1e-3 * matrix), orthogonal(matrix), rtol=0, atol=2e-3)
    assert orthogonal(torch.zeros(9, 30)).isfinite().all()


def test_float32_is_exact_enough() -> None:
    """Also where singular values lie far apart, as those of a gradient do."""
    rng = torch.Generator().manual_seed(2)
    left, right = (torch.linalg.qr(torch.randn(24, 24, generator=rng).double())[0] for _ in "ab")
    matrix = left @ torch.logspace(0, -6, 24, dtype=torch.float64).diag() @ right
    error = orthogonal(matrix.float()).double() - orthogonal(matrix)
    assert error.norm() < 0.01 * orthogonal(matrix).norm()


def test_a_step_goes_along_the_momentum_that_looks_ahead() -> None:
    rng = torch.Generator().manual_seed(3)
    weight = nn.Parameter(torch.randn(10, 9, 3, 3, generator=rng))
    muon = Muon([weight], 0.5)
    momentum, expected = torch.zeros_like(weight), weight.detach().clone()
    for _ in range(3):
        weight.grad = torch.randn(weight.shape, generator=rng)
        momentum = MOMENTUM * momentum + (1 - MOMENTUM) * weight.grad
        ahead = MOMENTUM * momentum + (1 - MOMENTUM) * weight.grad
        expected = expected - 0.5 * orthogonal(ahead.reshape(10, 81)).reshape(10, 9, 3, 3)
        muon.step()
    torch.testing.assert_close(weight.detach(), expected)


def test_it_goes_on_from_its_state() -> None:
    rng = torch.Generator().manual_seed(4)
    first = nn.Parameter(torch.randn(9, 9, 3, 3, generator=rng))
    muon = Muon([first], 0.1)
    first.grad = torch.randn(first.shape, generator=rng)
    muon.step()
    second = nn.Parameter(first.detach().clone())
    again = Muon([second], 0.1)
    again.load_state_dict(copy.deepcopy(muon.state_dict()))  # which holds the tensors themselves
    first.grad = second.grad = torch.randn(first.shape, generator=rng)
    muon.step()
    again.step()
    assert torch.equal(first, second)


def test_the_hidden_weights_are_those_between_features() -> None:
    unet = UNet(tiny_architecture(width=16, latent_dim=16))
    names = {id(weight): name for name, weight in unet.named_parameters()}
    chosen = {names[id(weight)] for weight in hidden(unet)}
    assert {"down.1.0.weight", "z.weight", "decoder.blocks.1.0.weight"} <= chosen
    pixels = {"down.0.0.weight", "decoder.blocks.3.0.weight", "corrections.3.0.weight"}
    assert not pixels & chosen
    assert not any("bias" in name or name.endswith("1.weight") for name in chosen)
