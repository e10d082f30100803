"""Flips and shifts of stored images, and what D sees of images through DiffAugment."""

import itertools

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from dcgan_inpainting.networks.augmentation import diff_augment, flip, shift
from dcgan_inpainting.networks.choices import Augmentation


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


@pytest.mark.parametrize("limit", [1, 3, 5])  # 5: the last pixel comes in
def test_shift_can_reflect_instead(limit: int) -> None:
    images = faces(300)
    shifted = shift(images, limit, seeded(1), "reflect")
    same_moves = shift(images, limit, seeded(1))
    height, width = images.shape[1:3]
    moves = set()
    for before, after, by_edge in zip(
        images.numpy(), shifted.numpy(), same_moves.numpy(), strict=True
    ):
        beyond = ((limit, limit), (limit, limit), (0, 0))
        reflected, repeated = (np.pad(before, beyond, mode=mode) for mode in ("reflect", "edge"))
        matching = [
            (row, column)
            for row, column in itertools.product(range(2 * limit + 1), repeat=2)
            if np.array_equal(reflected[row : row + height, column : column + width], after)
            and np.array_equal(repeated[row : row + height, column : column + width], by_edge)
        ]
        assert len(matching) == 1
        moves.add(matching[0])
    assert len(moves) > 0.85 * (2 * limit + 1) ** 2  # 300 draws of 121 show 92 % of them
    assert shifted.dtype == torch.uint8


def test_no_reflection_beyond_the_image() -> None:
    with pytest.raises(ValueError, match="6×8 images cannot be reflected 6 pixels beyond"):
        shift(faces(2), 6, seeded(1), "reflect")
    shift(faces(2), 6, seeded(1), "edge")


# DiffAugment


def photographs(count: int, height: int = 16, width: int = 24, seed: int = 0) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.rand(count, 3, height, width, generator=rng, dtype=torch.float64) * 2 - 1


def coloured_by_hand(image: NDArray[np.float64], numbers: list[float]) -> NDArray[np.float64]:
    """Change one image (H×W×3) pixel by pixel, with numbers of 0…1 for the three changes."""
    brightness, saturation, contrast = numbers[0] - 0.5, 2 * numbers[1], numbers[2] + 0.5
    result = image + brightness
    for row, column in np.ndindex(image.shape[:2]):
        grey = sum(result[row, column]) / 3
        result[row, column] = [grey + saturation * (value - grey) for value in result[row, column]]
    mean = sum(result.ravel()) / result.size
    return mean + contrast * (result - mean)


def moved_by_hand(image: NDArray[np.float64], down: int, right: int) -> NDArray[np.float64]:
    result = np.zeros_like(image)
    for row, column in np.ndindex(image.shape[:2]):
        if 0 <= row - down < image.shape[0] and 0 <= column - right < image.shape[1]:
            result[row, column] = image[row - down, column - right]
    return result


def cut_by_hand(image: NDArray[np.float64], top: int, left: int) -> NDArray[np.float64]:
    result = image.copy()
    height, width = image.shape[0] // 2, image.shape[1] // 2
    for row, column in np.ndindex(image.shape[:2]):
        if top <= row < top + height and left <= column < left + width:
            result[row, column] = 0
    return result


def as_arrays(images: Tensor) -> list[NDArray[np.float64]]:
    return list(images.permute(0, 2, 3, 1).double().numpy())


def test_colour_is_the_paper_s_loop() -> None:
    images = photographs(6)
    numbers = torch.rand(3, 6, 1, 1, 1, generator=seeded(3)).reshape(3, 6).T.tolist()
    changed = diff_augment(images, ["color"], seeded(3))
    for before, after, drawn in zip(as_arrays(images), as_arrays(changed), numbers, strict=True):
        np.testing.assert_allclose(after, coloured_by_hand(before, drawn), atol=1e-12)


def coloured(count: int) -> NDArray[np.float64]:
    """Return the numbers behind `count` changes of colour, worked out of the changed images.

    Every image is the same: a row of red and cyan over one of green and magenta, so that its
    mean, a pixel's grey and a pixel's distance from grey tell the three changes apart.
    """
    one = torch.tensor([[[0.6, 0.2], [-0.3, 0.1]], [[-0.2, 0.5], [0.4, -0.1]], [[0.1, 0.3]] * 2])
    images = one.double().expand(count, 3, 2, 2)
    changed = diff_augment(images, ["color"], seeded(5)).numpy()
    before = images.numpy()
    # The mean sees brightness alone, the greys' spread contrast alone, the rest both factors.
    brightness = changed.mean((1, 2, 3)) - before.mean((1, 2, 3))
    contrast = changed.mean(1).std((1, 2)) / before.mean(1).std((1, 2))
    chroma = (changed - changed.mean(1, keepdims=True)).std((1, 2, 3))
    saturation = chroma / (before - before.mean(1, keepdims=True)).std((1, 2, 3)) / contrast
    return np.stack([brightness, saturation, contrast])


def test_numbers_of_the_colour_are_uniform_in_the_paper_s_ranges() -> None:
    count = 20_000
    found = coloured(count)
    for values, low, high in zip(found, (-0.5, 0.0, 0.5), (0.5, 2.0, 1.5), strict=True):
        assert low - 1e-9 <= values.min() < low + 0.01
        assert high - 0.01 < values.max() <= high + 1e-9
        shares = np.histogram(values, 10, (low, high))[0]
        # Five standard deviations of a binomial count.
        assert np.abs(shares - count / 10).max() < 5 * np.sqrt(count * 0.09)
    assert np.abs(np.corrcoef(found) - np.eye(3)).max() < 5 / np.sqrt(count)


def test_translation_moves_each_image_by_up_to_an_eighth_and_fills_with_zeros() -> None:
    images = photographs(400)
    moved = diff_augment(images, ["translation"], seeded(1))
    counts: dict[tuple[int, int], int] = {}
    possible = list(itertools.product(range(-2, 3), range(-3, 4)))  # of 16 and of 24 pixels
    by_border = {
        (moved_by_hand(np.ones((16, 24, 3)), *move)[:, :, 0] == 0).tobytes(): move
        for move in possible
    }
    assert len(by_border) == len(possible)
    for before, after in zip(as_arrays(images), as_arrays(moved), strict=True):
        move = by_border[(after == 0).all(2).tobytes()]  # a KeyError: no such move
        np.testing.assert_array_equal(after, moved_by_hand(before, *move))
        counts[move] = counts.get(move, 0) + 1
    assert set(counts) == set(possible)
    expected = 400 / len(possible)
    assert max(counts.values()) < expected + 5 * np.sqrt(expected)


@pytest.mark.parametrize(("height", "width"), [(8, 12), (10, 6)])  # half a side is even, or odd
def test_cutout_hides_half_a_side_anywhere(height: int, width: int) -> None:
    """The square's middle is uniform over the image, so the square may be cut at the border."""
    images = photographs(4000, height, width)
    cut = diff_augment(images, ["cutout"], seeded(1))
    tops, lefts = (
        [middle - side // 4 for middle in range(side + 1 - side // 2 % 2)]
        for side in (height, width)
    )
    by_hole = {
        (cut_by_hand(np.ones((height, width, 3)), top, left)[:, :, 0] == 0).tobytes(): (top, left)
        for top, left in itertools.product(tops, lefts)
    }
    assert len(by_hole) == len(tops) * len(lefts)
    counts = dict.fromkeys(by_hole, 0)
    for before, after in zip(as_arrays(images), as_arrays(cut), strict=True):
        hole = (after == 0).all(2)
        np.testing.assert_array_equal(after, np.where(hole[:, :, None], 0, before))
        counts[hole.tobytes()] += 1  # a KeyError: no such square
    expected = 4000 / len(by_hole)
    assert min(counts.values()) > expected - 5 * np.sqrt(expected)
    assert max(counts.values()) < expected + 5 * np.sqrt(expected)


EVERY: tuple[Augmentation, ...] = ("color", "translation", "cutout")
POLICIES = [policy for length in range(1, 4) for policy in itertools.permutations(EVERY, length)]


@pytest.mark.parametrize("policy", POLICIES, ids="-".join)
def test_a_policy_is_its_changes_in_their_order(policy: tuple[Augmentation, ...]) -> None:
    images = photographs(5)
    rng = seeded(4)
    expected = images
    for name in policy:
        expected = diff_augment(expected, [name], rng)
    assert torch.equal(diff_augment(images, policy, seeded(4)), expected)
    assert torch.equal(images, photographs(5))


def test_no_policy_leaves_images_as_they_are() -> None:
    images, rng = photographs(3), seeded(0)
    assert diff_augment(images, [], rng) is images
    assert torch.equal(rng.get_state(), seeded(0).get_state())


def test_images_are_changed_one_by_one() -> None:
    """Equal images come out different; and what one is cannot be seen in another."""
    images = photographs(1).expand(16, -1, -1, -1).clone()
    changed = diff_augment(images, EVERY, seeded(2))
    assert len({image.numpy().tobytes() for image in changed}) == 16
    images[3] = photographs(1, seed=9)[0]
    again = diff_augment(images, EVERY, seeded(2))
    differing = [index for index in range(16) if not torch.equal(again[index], changed[index])]
    assert differing == [3]


@pytest.mark.parametrize("policy", [*((name,) for name in EVERY), EVERY], ids="-".join)
def test_the_gradient_by_finite_differences(policy: tuple[Augmentation, ...]) -> None:
    images = photographs(2, 8, 8).requires_grad_(True)
    assert torch.autograd.gradcheck(lambda x: diff_augment(x, policy, seeded(6)), images)
    # R1 of a discriminator that sees changed images differentiates twice.
    assert torch.autograd.gradgradcheck(lambda x: diff_augment(x, policy, seeded(6)), images)


def test_memory_format_and_type_make_no_difference() -> None:
    images = photographs(4).float()
    expected = diff_augment(images, EVERY, seeded(7))
    last = images.to(memory_format=torch.channels_last)
    found = diff_augment(last, EVERY, seeded(7))
    assert found.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(found, expected)
    rounded = diff_augment(last.bfloat16(), EVERY, seeded(7))
    assert rounded.dtype == torch.bfloat16
    torch.testing.assert_close(rounded.float(), expected, rtol=0, atol=0.04)


def test_changes_follow_from_the_generator_of_random_numbers_alone() -> None:
    images = photographs(4)
    torch.manual_seed(0)
    first = diff_augment(images, EVERY, seeded(8))
    torch.manual_seed(1)
    assert torch.equal(diff_augment(images, EVERY, seeded(8)), first)
    assert not torch.equal(diff_augment(images, EVERY, seeded(9)), first)
    # On a GPU the numbers are still the CPU's; `meta`, a device without memory, stands for one.
    assert diff_augment(images.to("meta"), EVERY, seeded(8)).device.type == "meta"
