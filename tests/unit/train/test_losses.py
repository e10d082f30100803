"""The adversarial losses, against torch's own cross-entropy and against sums by hand; and R1."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from dcgan_inpainting.networks.dcgan import Discriminator, initialise
from dcgan_inpainting.train.losses import (
    discriminator_loss_on_fake,
    discriminator_loss_on_real,
    generator_loss,
    r1_penalty,
)
from dcgan_inpainting.train.params import Loss
from tests.tiny_model import tiny_architecture

LOGITS = torch.tensor([-3.0, -0.5, 0.0, 0.25, 4.0], dtype=torch.float64)
HARD = torch.tensor([-2.0, 0.5, 3.0], dtype=torch.float64)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_cross_entropy_is_against_the_article_s_labels(smoothing: float) -> None:
    def against(label: float) -> Tensor:
        return binary_cross_entropy_with_logits(LOGITS, torch.full_like(LOGITS, label))

    real = discriminator_loss_on_real(LOGITS, "cross_entropy", smoothing)
    torch.testing.assert_close(real, against(1 - smoothing))
    torch.testing.assert_close(discriminator_loss_on_fake(LOGITS, "cross_entropy"), against(0))
    torch.testing.assert_close(generator_loss(LOGITS, "cross_entropy"), against(1))


def test_an_undecided_discriminator_costs_ln_2() -> None:
    undecided = torch.zeros(4)
    expected = pytest.approx(math.log(2))
    assert discriminator_loss_on_real(undecided, "cross_entropy", 0.1).item() == expected
    assert discriminator_loss_on_fake(undecided, "cross_entropy").item() == expected
    assert generator_loss(undecided, "cross_entropy").item() == expected


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_hinge_by_hand(smoothing: float) -> None:
    real = discriminator_loss_on_real(HARD, "hinge", smoothing)
    assert real.item() == pytest.approx((3 + 0.5 + 0) / 3)
    assert discriminator_loss_on_fake(HARD, "hinge").item() == pytest.approx((0 + 1.5 + 4) / 3)
    assert generator_loss(HARD, "hinge").item() == pytest.approx(-0.5)


@pytest.mark.parametrize("size", [1000.0, -1000.0])
def test_sure_answers_stay_finite_and_keep_their_gradient(size: float) -> None:
    """The sigmoid of ±1000 is 0 or 1 exactly, whose logarithm is lost; the losses are not."""
    logits = torch.full((2,), size, requires_grad=True)
    wrong, right = max(-size, 0.0), max(size, 0.0)
    cases = {
        discriminator_loss_on_real(logits, "cross_entropy", 0.1): 0.9 * wrong + 0.1 * right,
        discriminator_loss_on_fake(logits, "cross_entropy"): right,
        generator_loss(logits, "cross_entropy"): wrong,
    }
    slopes = []
    for loss, value in cases.items():
        assert loss.item() == pytest.approx(value)
        (gradient,) = torch.autograd.grad(loss, logits)
        slopes.append(gradient.sum().item())
    expected = [0.1, 1.0, 0.0] if size > 0 else [-0.9, 0.0, -1.0]
    assert slopes == pytest.approx(expected)


@pytest.mark.parametrize("loss", ["cross_entropy", "hinge"])
def test_gradients(loss: Loss) -> None:
    logits = LOGITS.clone().requires_grad_(True)  # none on a kink of the hinge
    assert torch.autograd.gradcheck(lambda x: discriminator_loss_on_real(x, loss, 0.1), logits)
    assert torch.autograd.gradcheck(lambda x: discriminator_loss_on_fake(x, loss), logits)
    assert torch.autograd.gradcheck(lambda x: generator_loss(x, loss), logits)


def photographs(count: int, dtype: torch.dtype = torch.float32) -> Tensor:
    rng = torch.Generator().manual_seed(0)
    images = torch.rand(count, 3, 32, 32, generator=rng, dtype=dtype) * 2 - 1
    return images.requires_grad_(True)


def test_r1_of_a_linear_discriminator() -> None:
    """Of D(x) = w·x + b the slope is w at every image, so R1 is γ/2·‖w‖², whatever the images."""
    weights = torch.randn(3 * 32 * 32, generator=torch.Generator().manual_seed(1))
    weights.requires_grad_(True)
    images = photographs(5)
    penalty = r1_penalty(images.flatten(1) @ weights + 7, images, 3.0)
    assert penalty.shape == ()
    torch.testing.assert_close(penalty, 1.5 * weights.square().sum())
    (gradient,) = torch.autograd.grad(penalty, weights)
    torch.testing.assert_close(gradient, 3.0 * weights)


def test_r1_of_a_quadratic_discriminator() -> None:
    """Of D(x) = a·‖x‖²/2 the slope is a·x: R1 is γ/2·a²·mean ‖x‖², so it does see the images."""
    scale = torch.tensor(0.7, requires_grad=True)
    images = photographs(6)
    squares = images.square().sum((1, 2, 3))
    penalty = r1_penalty(scale * squares / 2, images, 10.0)
    torch.testing.assert_close(penalty, 5 * scale**2 * squares.mean())
    (gradient,) = torch.autograd.grad(penalty, scale)
    torch.testing.assert_close(gradient, 10 * scale * squares.mean())


def small_discriminator(normalisation: str) -> Discriminator:
    discriminator = Discriminator(tiny_architecture(discriminator_norm=normalisation))
    initialise(discriminator, torch.Generator().manual_seed(2))
    with torch.no_grad():  # slopes as of a discriminator that has learned something
        for weight in discriminator.parameters():
            weight.mul_(8)
    return discriminator


def slope_by_differences(
    judge: Callable[[Tensor], Tensor], images: Tensor, directions: Tensor
) -> Tensor:
    step = 1e-5
    with torch.no_grad():
        return (judge(images + step * directions) - judge(images - step * directions)) / (2 * step)


def test_r1_of_the_project_s_discriminator_by_finite_differences() -> None:
    """The mean square of slopes along normal directions is the squared gradient, by expectation.

    Along each of an orthonormal basis it is so exactly: all 3·32·32 unit vectors are tried.
    """
    discriminator = small_discriminator("none").double()
    image = photographs(1, torch.float64)
    basis = torch.eye(image.numel(), dtype=torch.float64).reshape(-1, *image.shape[1:])
    slopes = slope_by_differences(discriminator, image.detach(), basis)
    penalty = r1_penalty(discriminator(image), image, 2.0)
    assert penalty > 1e-4
    assert penalty.item() == pytest.approx(slopes.square().sum().item(), rel=1e-5)


@pytest.mark.parametrize("normalisation", ["batch", "spectral", "none"])
def test_r1_under_bfloat16_is_near_that_in_float32(normalisation: str) -> None:
    penalties, gradients = [], []
    for reduced in (False, True):
        discriminator = small_discriminator(normalisation).to(memory_format=torch.channels_last)
        images = photographs(8)
        with torch.autocast("cpu", torch.bfloat16, enabled=reduced):
            logits = discriminator(images.to(memory_format=torch.channels_last)).float()
        penalty = r1_penalty(logits, images, 10.0)
        assert penalty.dtype == torch.float32
        torch.autograd.backward(penalty)
        penalties.append(penalty.item())
        every = [weight.grad for weight in discriminator.parameters() if weight.grad is not None]
        gradients.append(torch.cat([gradient.flatten() for gradient in every]))
    assert penalties[0] > 1e-4
    assert penalties[1] == pytest.approx(penalties[0], rel=0.05)
    exact, rounded = gradients
    assert exact.norm() > 1e-4
    assert torch.cosine_similarity(exact, rounded, dim=0) > 0.99
