"""The adversarial losses, against torch's own cross-entropy and against sums by hand."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from dcgan_inpainting.losses import (
    Loss,
    discriminator_loss_on_fake,
    discriminator_loss_on_real,
    generator_loss,
)

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
