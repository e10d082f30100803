"""What is mixed by the distance to the nearest known pixel."""

import math

import pytest
import torch
from torch import Tensor

from dcgan_inpainting.inpaint.mixture import (
    ENCODER_REACH,
    Z_REACH,
    search_image,
    with_encoder,
)


def at(distance: float) -> Tensor:
    return torch.full((1, 1, 2, 2), distance)


ZERO, ONE = torch.zeros(1, 3, 2, 2), torch.ones(1, 3, 2, 2)


@pytest.mark.parametrize(
    ("distance", "share"),
    [(0.0, 0.0), (Z_REACH, 1 - 1 / math.e), (Z_REACH * math.log(2), 0.5), (math.inf, 1.0)],
)
def test_z_takes_over_in_the_deep(distance: float, share: float) -> None:
    assert search_image(ZERO, ONE, at(distance)).mean().item() == pytest.approx(share, abs=1e-6)
    swapped = search_image(ONE, ZERO, at(distance)).mean().item()
    assert swapped == pytest.approx(1 - share, abs=1e-6)


@pytest.mark.parametrize(
    ("distance", "power"), [(0.0, 3.0), (ENCODER_REACH * math.log(2), 2.0), (math.inf, 1.0)]
)
@pytest.mark.parametrize("share", [0.2, 0.75])
def test_the_encoder_comes_to_its_share_in_the_deep(
    distance: float, power: float, share: float
) -> None:
    here = with_encoder(ZERO, ONE, at(distance), share).mean().item()
    assert here == pytest.approx(share**power, abs=1e-6)
    assert with_encoder(ONE, ZERO, at(distance), share).mean().item() == pytest.approx(1 - here)


def test_shares_of_none_and_of_all_are_that_everywhere() -> None:
    distance = torch.tensor([[0.0, 1.0], [7.0, math.inf]])[None, None]
    assert torch.equal(with_encoder(ZERO, ONE, distance, 0.0), ZERO)
    assert torch.equal(with_encoder(ZERO, ONE, distance, 1.0), ONE)
