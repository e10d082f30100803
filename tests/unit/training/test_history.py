"""Rows of numbers: their figures, and which of them are none."""

import math

from dcgan_inpainting.training.history import figures_of, not_finite_in


def test_a_figure_that_is_no_number_is_named() -> None:
    assert not_finite_in({"g_loss": 3.0, "d_loss": -1e300}) == ""
    assert not_finite_in({"g_loss": 3.0, "d_loss": math.nan}) == "d_loss is nan"
    assert not_finite_in({"g_loss": math.inf, "d_loss": 1.0}) == "g_loss is inf"


def test_the_figures_of_a_row_are_all_but_its_place() -> None:
    assert figures_of({"step": 3, "images": 12, "psnr": 20.5}) == {"psnr": 20.5}
