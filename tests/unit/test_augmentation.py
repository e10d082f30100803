"""Flips and shifts of stored images."""

import numpy as np
import pytest
import torch

from dcgan_inpainting.augmentation import flip, shift


def faces(count: int, side: int = 6) -> torch.Tensor:
    rng = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, side, side + 2, 3), dtype=torch.uint8, generator=rng)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_flip_mirrors_about_half_left_to_right() -> None:
    images = faces(1000)
    flipped = flip(images, seeded(1))
    mirrored = 0
    for before, after in zip(images.numpy(), flipped.numpy(), strict=True):
        is_mirrored = np.array_equal(after, np.fliplr(before))
        assert is_mirrored or np.array_equal(after, before)
        mirrored += is_mirrored
    assert 420 < mirrored < 580  # five standard deviations
    assert flipped.dtype == torch.uint8


def test_flip_follows_from_the_generator_of_random_numbers() -> None:
    images = faces(50)
    assert torch.equal(flip(images, seeded(1)), flip(images, seeded(1)))
    assert not torch.equal(flip(images, seeded(1)), flip(images, seeded(2)))


@pytest.mark.parametrize("limit", [1, 3, 8])  # 8: further than the images are wide
def test_shift_moves_whole_pixels_and_repeats_the_edge(limit: int) -> None:
    images = faces(400)
    shifted = shift(images, limit, seeded(1))
    moves = set()
    height, width = images.shape[1:3]
    for before, after in zip(images.numpy(), shifted.numpy(), strict=True):
        padded = np.pad(before, ((limit, limit), (limit, limit), (0, 0)), mode="edge")
        windows = {
            (row, column): padded[row : row + height, column : column + width]
            for row in range(2 * limit + 1)
            for column in range(2 * limit + 1)
        }
        matching = [move for move, window in windows.items() if np.array_equal(window, after)]
        assert matching
        if len(matching) == 1:
            moves.add(matching[0])
    if limit == 1:
        assert len(moves) == 9  # each of the moves occurs
    assert shifted.dtype == torch.uint8


def test_shift_follows_from_the_generator_of_random_numbers() -> None:
    images = faces(20)
    assert torch.equal(shift(images, 2, seeded(1)), shift(images, 2, seeded(1)))
    assert not torch.equal(shift(images, 2, seeded(1)), shift(images, 2, seeded(2)))
    assert torch.equal(shift(images, 0, seeded(1)), images)
