"""Filling holes smoothly: against plain loops, and on images whose filling is known."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from dcgan_inpainting.masks.kinds import make_masks
from dcgan_inpainting.networks.pull_push import by_weights, pull_push


def noise(count: int, size: int) -> Tensor:
    return 2 * torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(0)) - 1


def holes(kind: str, count: int, size: int) -> Tensor:
    return torch.from_numpy(make_masks(kind, count, size, seed=1))[:, None].float()


def by_loops(values: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fill one channel, S×S: each pixel of each level on its own, without premultiplied values."""
    size = len(values)
    if size == 1:
        return values * known
    half = size // 2
    mean, trust = np.zeros((half, half)), np.zeros((half, half))
    for row in range(half):
        for column in range(half):
            four = [(2 * row + down, 2 * column + right) for down in (0, 1) for right in (0, 1)]
            weight = sum(known[place] for place in four)
            if weight > 0:
                mean[row, column] = sum(known[p] * values[p] for p in four) / weight
            trust[row, column] = min(1, weight)
    above = by_loops(mean, trust)
    filled = np.zeros((size, size))
    for row in range(size):
        for column in range(size):
            share = known[row, column]
            guess = between(above, (row - 0.5) / 2, (column - 0.5) / 2)
            filled[row, column] = share * values[row, column] + (1 - share) * guess
    return filled


def between(level: NDArray[np.float64], row: float, column: float) -> float:
    """Return a level's value between its pixels, bilinearly; beyond the border, the border's."""
    last = len(level) - 1
    row, column = min(max(row, 0), last), min(max(column, 0), last)
    top, left = int(row), int(column)
    bottom, right = min(top + 1, last), min(left + 1, last)
    down, across = row - top, column - left
    upper = (1 - across) * level[top, left] + across * level[top, right]
    lower = (1 - across) * level[bottom, left] + across * level[bottom, right]
    return float((1 - down) * upper + down * lower)


@pytest.mark.parametrize("kind", ["center", "half", "random", "pattern"])
def test_filling_is_that_of_plain_loops(kind: str) -> None:
    images, known = noise(4, 8), holes(kind, 4, 8)
    sets = (part.double().numpy() for part in (images, known, pull_push(images, known)))
    for image, mask, mine in zip(*sets, strict=True):
        for channel in range(3):
            expected = by_loops(image[channel], mask[0])
            np.testing.assert_allclose(mine[channel], expected, atol=1e-6)


@pytest.mark.parametrize("kind", ["center", "random", "strokes_thick"])
def test_known_pixels_stay_and_what_stands_in_a_hole_never_matters(kind: str) -> None:
    images, known = noise(4, 32), holes(kind, 4, 32)
    filled = pull_push(images, known)
    assert torch.equal(filled * known, images * known)
    other = torch.where(known.bool(), images, 1e3 * images.flip(0))
    assert torch.equal(pull_push(other, known), filled)


@pytest.mark.parametrize("kind", ["center", "half", "random", "strokes_thin"])
def test_a_constant_image_is_filled_exactly(kind: str) -> None:
    known = holes(kind, 4, 32)
    levels = torch.tensor([-1, 0.5, 0.25])[None, :, None, None].expand(4, 3, 32, 32)
    assert torch.equal(pull_push(levels, known), levels)


def test_a_hole_in_a_ramp_is_filled_near_the_ramp() -> None:
    """A hole of 16 pixels between −0.5 and 0.5: a constant would miss by 0.5 at its edges."""
    ramp = torch.linspace(-1, 1, 32).expand(1, 3, 32, 32)
    known = holes("center", 1, 32)
    error = (pull_push(ramp, known) - ramp).abs()
    assert error.max() < 0.25
    assert error.sum() / (3 * (1 - known).sum()) < 0.1


def test_an_image_that_is_known_stays_and_one_of_which_nothing_is_known_is_zero() -> None:
    images = noise(2, 16)
    known = torch.stack([torch.ones(1, 16, 16), torch.zeros(1, 16, 16)])
    filled = pull_push(images, known)
    assert torch.equal(filled[0], images[0])
    assert torch.equal(filled[1], torch.zeros(3, 16, 16))


def test_one_known_pixel_fills_the_image() -> None:
    images, known = noise(1, 16), torch.zeros(1, 1, 16, 16)
    known[0, 0, 3, 12] = 1
    expected = images[:, :, 3:4, 12:13].expand_as(images)
    torch.testing.assert_close(pull_push(images, known), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("side", [1, 2, 8, 32])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_interpolation_on_a_gpu_is_that_of_a_cpu(side: int, layout: torch.memory_format) -> None:
    images = noise(3, side).contiguous(memory_format=layout)
    above = noise(3, 2 * side)
    gradients = []
    for double in (
        by_weights,
        lambda small: interpolate(small, scale_factor=2, mode="bilinear", align_corners=False),
    ):
        small = images.clone().requires_grad_(True)
        made = double(small)
        gradients.append((made.detach(), *torch.autograd.grad((made * above).sum(), small)))
    (made, slope), (expected, expected_slope) = gradients
    torch.testing.assert_close(made, expected, rtol=0, atol=1e-6)
    torch.testing.assert_close(slope, expected_slope, rtol=0, atol=1e-5)
