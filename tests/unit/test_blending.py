"""Blending, against closed forms and a dense solve of the same equation."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dcgan_inpainting import blending
from dcgan_inpainting.blending import BLENDINGS, paste, poisson
from dcgan_inpainting.images import Known

Floats = NDArray[np.float64]


def noise(seed: int, shape: tuple[int, ...]) -> Floats:
    return np.random.default_rng(seed).uniform(0, 255, shape)


def holes(name: str, height: int = 9, width: int = 11) -> Known:
    """Return a mask by the name of its hole."""
    known = np.ones((height, width), bool)
    if name == "inside":
        known[3:6, 4:8] = False
    elif name == "corner":
        known[:4, :5] = False
    elif name == "half":
        known[:, width // 2 :] = False
    elif name == "frame":
        known[:] = False
        known[3:5, 4:6] = True
    elif name == "pixel":
        known[2, 2] = False
    elif name == "scattered":
        known = np.random.default_rng(5).random((height, width)) > 0.6
    return known


HOLES = ["inside", "corner", "half", "frame", "pixel", "scattered"]


def by_dense_solve(raw: Floats, damaged: Floats, known: Known) -> Floats:
    """Solve Σ_q (f_p − f_q) = Σ_q (g_p − g_q) for each hole pixel p over its neighbours q.

    One equation for every pixel of the image; a known pixel's says that f is what it is.
    """
    height, width = known.shape
    count = height * width
    matrix, right = np.zeros((count, count)), np.zeros((count, raw.shape[-1]))
    for y in range(height):
        for x in range(width):
            place = y * width + x
            if known[y, x]:
                matrix[place, place] = 1
                right[place] = damaged[y, x]
                continue
            for j, i in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                if 0 <= j < height and 0 <= i < width:
                    matrix[place, place] += 1
                    matrix[place, j * width + i] -= 1
                    right[place] += raw[y, x] - raw[j, i]
    return np.linalg.solve(matrix, right).reshape(raw.shape)


def test_paste_takes_each_pixel_from_its_side() -> None:
    raw, damaged = noise(1, (1, 9, 11, 3)), noise(2, (1, 9, 11, 3))
    known = holes("corner")[None]
    result = paste(raw, damaged, known)
    assert np.array_equal(result[known], damaged[known])
    assert np.array_equal(result[~known], raw[~known])
    assert BLENDINGS["paste"] is paste
    assert BLENDINGS["poisson"] is poisson


@pytest.mark.parametrize("name", HOLES)
def test_poisson_is_the_dense_solution(name: str) -> None:
    raw, damaged, known = noise(1, (9, 11, 3)), noise(2, (9, 11, 3)), holes(name)
    result = poisson(raw[None], damaged[None], known[None])[0]
    np.testing.assert_allclose(result, by_dense_solve(raw, damaged, known), atol=1e-9)
    assert np.array_equal(result[known], damaged[known])


@pytest.mark.parametrize("name", HOLES)
def test_a_constant_offset_disappears(name: str) -> None:
    image, known = noise(1, (9, 11, 3)), holes(name)
    offset = np.array([40.0, -25.0, 3.0])
    result = poisson((image + offset)[None], image[None], known[None])[0]
    np.testing.assert_allclose(result, image, atol=1e-9)


def test_a_ramp_goes_through_a_hole_inside() -> None:
    """Any linear image has no Laplacian, so the known ramp alone decides."""
    rows, columns = np.mgrid[:9, :11]
    known = holes("inside")
    damaged = (3.0 * rows - 2 * columns + 50)[..., None].repeat(3, axis=-1)
    raw = (-1.0 * rows + 5 * columns + 7)[..., None].repeat(3, axis=-1)
    damaged_in_hole = np.where(known[..., None], damaged, 0)
    result = poisson(raw[None], damaged_in_hole[None], known[None])[0]
    np.testing.assert_allclose(result, damaged, atol=1e-9)


@pytest.mark.parametrize("name", HOLES)
def test_what_stands_in_the_hole_counts_nothing(name: str) -> None:
    raw, damaged, known = noise(1, (9, 11, 3)), noise(2, (9, 11, 3)), holes(name)
    other = np.where(known[..., None], damaged, -1e6)
    assert np.array_equal(
        poisson(raw[None], damaged[None], known[None]),
        poisson(raw[None], other[None], known[None]),
    )


def test_nothing_to_blend() -> None:
    """A mask without a hole gives the image, a mask without a known pixel what was generated."""
    raw, damaged = noise(1, (2, 9, 11, 3)), noise(2, (2, 9, 11, 3))
    known = np.stack([np.ones((9, 11), bool), np.zeros((9, 11), bool)])
    result = poisson(raw, damaged, known)
    assert np.array_equal(result[0], damaged[0])
    assert np.array_equal(result[1], raw[1])
    pair = poisson(raw[:1, :1, :2], damaged[:1, :1, :2], np.zeros((1, 1, 2), bool))
    assert np.array_equal(pair, raw[:1, :1, :2])


def test_inputs_are_left_alone() -> None:
    raw, damaged, known = noise(1, (1, 9, 11, 3)), noise(2, (1, 9, 11, 3)), holes("half")[None]
    before = raw.copy(), damaged.copy(), known.copy()
    poisson(raw, damaged, known)
    for now, then in zip((raw, damaged, known), before, strict=True):
        assert np.array_equal(now, then)


def test_each_image_has_its_own_mask() -> None:
    raw, damaged = noise(1, (6, 9, 11, 3)), noise(2, (6, 9, 11, 3))
    known = np.stack([holes(name) for name in HOLES])
    together = poisson(raw, damaged, known)
    for index in range(6):
        expected = by_dense_solve(raw[index], damaged[index], known[index])
        np.testing.assert_allclose(together[index], expected, atol=1e-9)


def test_masks_of_equal_bytes_and_other_shapes_are_not_mixed_up() -> None:
    blending._solver.cache_clear()
    known = holes("corner", 6, 8)
    for shape in ((6, 8), (8, 6), (4, 12)):
        raw, damaged = noise(1, (*shape, 3)), noise(2, (*shape, 3))
        mask = known.reshape(shape)
        result = poisson(raw[None], damaged[None], mask[None])[0]
        np.testing.assert_allclose(result, by_dense_solve(raw, damaged, mask), atol=1e-9)


def test_a_mask_that_is_not_contiguous() -> None:
    raw, damaged = noise(1, (11, 9, 3)), noise(2, (11, 9, 3))
    known = holes("corner").T
    result = poisson(raw[None], damaged[None], known[None])[0]
    np.testing.assert_allclose(result, by_dense_solve(raw, damaged, known), atol=1e-9)


def test_images_with_one_mask_share_its_solver() -> None:
    blending._solver.cache_clear()
    known = holes("inside")[None].repeat(5, axis=0)
    poisson(noise(1, (5, 9, 11, 3)), noise(2, (5, 9, 11, 3)), known)
    assert blending._solver.cache_info().misses == 1
