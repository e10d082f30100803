"""How a learning rate falls."""

import pytest

from dcgan_inpainting.networks.schedules import half_cosine


def test_half_a_cosine_falls_from_one_over_a_half_to_zero() -> None:
    assert half_cosine(0, 8) == 1
    assert half_cosine(4, 8) == pytest.approx(0.5)
    assert half_cosine(8, 8) == pytest.approx(0)
    rates = [half_cosine(step, 8) for step in range(9)]
    assert rates == sorted(rates, reverse=True)
