"""What a network makes of an image, from several views of it."""

import pytest
import torch
from torch import Tensor

from dcgan_inpainting.inpaint.augmented import VIEWS, View, predict
from dcgan_inpainting.inpaint.problem import Problem
from dcgan_inpainting.networks.tensors import Fill
from tests.tiny_search import problem

ALL = [*VIEWS, View(down=2, right=-3, mirrored=True)]


def predicted(fill: Fill, made: Problem) -> Tensor:
    return predict(fill, made.target, made.known, "float32")


def local(damaged: Tensor, known: Tensor) -> Tensor:
    """Make of each pixel something that depends on that pixel alone."""
    return damaged * 0.5 + 0.25 * known


def picture() -> Tensor:
    return torch.arange(1.0, 2 * 3 * 8 * 8 + 1).reshape(2, 3, 8, 8)


def test_a_view_shows_the_image_moved() -> None:
    seen = View(down=1, right=-2).of(picture())
    torch.testing.assert_close(seen[..., 1:, :-2], picture()[..., :-1, 2:])
    assert seen[..., 0, :].abs().max() == seen[..., -2:].abs().max() == 0
    assert seen[..., 1:, :-2].min() > 0


def test_a_mirrored_view_is_the_mirror_image_of_the_moved_one() -> None:
    plain, mirrored = View(1, -2).of(picture()), View(1, -2, mirrored=True).of(picture())
    torch.testing.assert_close(mirrored, plain.flip(-1))


@pytest.mark.parametrize("view", ALL)
def test_back_brings_all_but_what_was_lost_to_its_place(view: View) -> None:
    back = view.back(view.of(picture()))
    kept = view.back(view.of(torch.ones(1, 1, 8, 8)))[0, 0].bool()
    assert kept.sum() == (8 - abs(view.down)) * (8 - abs(view.right))
    torch.testing.assert_close(back[..., kept], picture()[..., kept])
    assert back[..., ~kept].abs().sum() == 0


def test_one_who_sees_every_view_alike_makes_what_one_view_would() -> None:
    """So each pixel, also at the border, is brought back to its place, and its weights sum to 1."""
    made, _ = problem()
    expected = local(made.target, made.known.float())
    torch.testing.assert_close(predicted(local, made), expected)


@pytest.mark.parametrize(("row", "column"), [(5, 5), (0, 5), (-1, 5), (5, 0), (5, -1)])
def test_a_pixel_counts_only_the_views_that_show_it(row: int, column: int) -> None:
    made, _ = problem()
    numbers = iter(range(len(VIEWS)))
    mean = predicted(lambda damaged, _: torch.full_like(damaged, next(numbers)), made)
    side = mean.shape[-1]
    showing = [
        (number, view.weight)
        for number, view in enumerate(VIEWS)
        if 0 <= row % side + view.down < side and 0 <= column % side + view.right < side
    ]
    expected = sum(n * w for n, w in showing) / sum(w for _, w in showing)
    assert mean[0, 0, row, column].item() == pytest.approx(expected, rel=1e-6)
    assert (len(showing) < len(VIEWS)) == (row != 5 or column != 5)


def test_what_enters_a_view_is_a_hole() -> None:
    seen: list[Tensor] = []

    def watched(damaged: Tensor, known: Tensor) -> Tensor:
        seen.append(known)
        return damaged

    made, _ = problem()
    predicted(watched, made)
    for view, known in zip(VIEWS, seen, strict=True):
        kept = view.back(view.of(torch.ones_like(known)))
        torch.testing.assert_close(view.back(known), made.known.float() * kept)
        assert known.sum() <= made.known.sum()
