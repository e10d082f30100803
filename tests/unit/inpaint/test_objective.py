"""What the search makes small, against double loops and the formulas of the paper."""

import numpy as np
import pytest
import torch

from dcgan_inpainting.inpaint.objective import (
    context_loss,
    latent_loss,
    neighbour_weights,
    prior_loss,
    squared_distances,
    uniform_weights,
)
from dcgan_inpainting.inpaint.params import Prior


def masks() -> torch.Tensor:
    """Scattered pixels, a block at a corner, and a single pixel: 3×12×10."""
    rng = np.random.default_rng(0)
    known = rng.random((3, 12, 10)) > 0.4
    known[1] = True
    known[1, :4, 6:] = False
    known[2] = True
    known[2, 5, 5] = False
    return torch.from_numpy(known)


def weights_by_loops(
    known: np.ndarray, window: int, floor: float, *, inside: bool = False
) -> np.ndarray:
    """Yeh et al., equation 4: the sum over neighbours j of (1 − M_j) / |N|, for known pixels."""
    height, width = known.shape
    reach = window // 2
    weights = np.zeros((height, width))
    for row in range(height):
        for column in range(width):
            if not known[row, column]:
                continue
            lost = there = 0
            for y in range(row - reach, row + reach + 1):
                for x in range(column - reach, column + reach + 1):
                    if 0 <= y < height and 0 <= x < width and (y, x) != (row, column):
                        there += 1
                        lost += not known[y, x]
            weights[row, column] = floor + lost / (there if inside else window * window - 1)
    return weights


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("floor", [0.0, 0.2])
@pytest.mark.parametrize("window", [3, 7, 15])
def test_neighbour_weights(window: int, floor: float, inside: bool) -> None:
    """The widest window is larger than the images."""
    known = masks()
    weights = neighbour_weights(known, window, floor, inside=inside)
    assert weights.shape == (3, 1, 12, 10)
    assert weights.dtype == torch.float32
    expected = np.stack(
        [weights_by_loops(mask.numpy(), window, floor, inside=inside) for mask in known]
    )
    np.testing.assert_allclose(weights[:, 0], expected, atol=1e-6)


def test_neighbour_weights_around_a_single_missing_pixel() -> None:
    """One of the 48 neighbours is missing within 3 pixels of it, none further away."""
    weights = neighbour_weights(masks()[2:], 7, 0.0)[0, 0]
    expected = torch.zeros(12, 10)
    expected[2:9, 2:9] = 1 / 48
    expected[5, 5] = 0
    torch.testing.assert_close(weights, expected)


def test_neighbours_beyond_the_border_count_or_not() -> None:
    """A corner has three neighbours, all of which are missing: 3 of 8 in a window of 3×3."""
    known = torch.zeros(1, 6, 6, dtype=torch.bool)
    known[0, 0, 0] = True
    assert neighbour_weights(known, 3, 0.0)[0, 0, 0, 0] == pytest.approx(3 / 8)
    assert neighbour_weights(known, 3, 0.0, inside=True)[0, 0, 0, 0] == pytest.approx(1)


def test_uniform_weights() -> None:
    weights = uniform_weights(masks())
    assert weights.shape == (3, 1, 12, 10)
    assert torch.equal(weights[:, 0], masks().float())


def test_context_loss_by_hand() -> None:
    generated = torch.tensor([[0.5, -1.0], [0.0, 1.0]])
    target = torch.tensor([[0.0, 1.0], [0.25, 1.0]])
    weights = torch.tensor([[1.0, 0.5], [2.0, 3.0]])[None, None]
    three = torch.stack([generated, 2 * generated, target])[None]  # differences in two channels
    truth = torch.stack([target] * 3)[None]
    # Channel 1: 1·0.5 + 0.5·2 + 2·0.25 + 3·0; channel 2: 1·1 + 0.5·3 + 2·0.25 + 3·1; channel 3: 0.
    assert context_loss(three, truth, weights, "l1").tolist() == [2.0 + 6.0]
    # The same with the squares of the differences.
    assert context_loss(three, truth, weights, "l2").tolist() == [
        (0.25 + 2 + 0.125) + (1 + 4.5 + 0.125 + 3)
    ]


def test_context_loss_is_one_number_an_image_and_blind_to_the_hole() -> None:
    rng = torch.Generator().manual_seed(0)
    generated, target = torch.randn(2, 3, 3, 12, 10, generator=rng)
    weights = uniform_weights(masks())
    loss = context_loss(generated, target, weights, "l1")
    assert loss.shape == (3,)
    for index in range(3):
        one = slice(index, index + 1)
        alone = context_loss(generated[one], target[one], weights[one], "l1")
        torch.testing.assert_close(alone[0], loss[index])
    other = torch.where(masks()[:, None], target, torch.full_like(target, 100))
    assert torch.equal(context_loss(generated, other, weights, "l1"), loss)


def test_priors_are_the_logarithms() -> None:
    logits = torch.linspace(-6, 6, 25, dtype=torch.float64)
    answers = 1 / (1 + np.exp(-logits.numpy()))
    log_one_minus_d = prior_loss(logits, "log_one_minus_d")
    minus_log_d = prior_loss(logits, "minus_log_d")
    np.testing.assert_allclose(log_one_minus_d, np.log(1 - answers), rtol=1e-10)
    np.testing.assert_allclose(minus_log_d, -np.log(answers), rtol=1e-10)
    assert torch.equal(prior_loss(logits, "none"), torch.zeros(25, dtype=torch.float64))


@pytest.mark.parametrize("prior", ["log_one_minus_d", "minus_log_d"])
def test_priors_fall_as_d_is_convinced_and_stay_finite(prior: Prior) -> None:
    logits = torch.tensor([-1000.0, -1.0, 0.0, 1.0, 1000.0], requires_grad=True)
    losses = prior_loss(logits, prior)
    (gradient,) = torch.autograd.grad(losses.sum(), logits)
    assert torch.isfinite(losses).all()
    assert (gradient <= 0).all()
    assert (gradient[1:4] < 0).all()
    # Where D sees through the image, the paper's prior has no slope left; the other has all.
    assert gradient[0].item() == (0 if prior == "log_one_minus_d" else -1)


def test_latent_loss_is_the_normal_density_s_logarithm() -> None:
    z = torch.randn(5, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    density = torch.distributions.Normal(0.0, 1.0)
    at_zero = density.log_prob(torch.zeros(8, dtype=torch.float64)).sum()
    torch.testing.assert_close(latent_loss(z), at_zero - density.log_prob(z).sum(1))


def test_squared_distances_are_the_l2_loss_of_every_pair() -> None:
    rng = torch.Generator().manual_seed(5)
    generated = torch.rand(7, 3, 8, 8, generator=rng) * 2 - 1
    target = torch.rand(4, 3, 8, 8, generator=rng) * 2 - 1
    weights = torch.rand(4, 1, 8, 8, generator=rng)
    found = squared_distances(generated, target, weights)
    for row in range(4):
        for column in range(7):
            error = (generated[column].double() - target[row].double()) ** 2
            expected = float((weights[row].double() * error).sum())
            assert float(found[row, column]) == pytest.approx(expected, rel=1e-4)


def test_squared_distance_to_itself_is_not_below_zero() -> None:
    images = torch.full((1, 3, 8, 8), 0.7)
    assert float(squared_distances(images, images, torch.ones(1, 1, 8, 8))) >= 0
