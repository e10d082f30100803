"""Blending, against closed forms, a dense solve of the same equation and the plate's energy."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dcgan_inpainting.common.images import Known
from dcgan_inpainting.inpaint import blending
from dcgan_inpainting.inpaint.blending import BLENDINGS, paste, poisson, tension
from dcgan_inpainting.inpaint.params import Blending

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
CORRECTING: list[Blending] = ["poisson", "tension"]


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


def plate_energy(surface: Floats, tension: float) -> float:
    """Return Σ (u_yy² + u_xx² + 2·u_xy²) + tension · Σ (u_y² + u_x²) of a surface, H×W×3."""
    u = surface
    down, across = u[1:] - u[:-1], u[:, 1:] - u[:, :-1]
    bent_down = u[2:] - 2 * u[1:-1] + u[:-2]
    bent_across = u[:, 2:] - 2 * u[:, 1:-1] + u[:, :-2]
    twisted = u[1:, 1:] - u[1:, :-1] - u[:-1, 1:] + u[:-1, :-1]
    bending = (bent_down**2).sum() + (bent_across**2).sum() + 2 * (twisted**2).sum()
    return float(bending + tension * ((down**2).sum() + (across**2).sum()))


def assert_least_energy(surface: Floats, known: Known, tension: float) -> None:
    """A move of any of the hole's pixels, up or down, costs energy."""
    least = plate_energy(surface, tension)
    for y, x in np.argwhere(~known):
        for move in (-1e-3, 1e-3):
            moved = surface.copy()
            moved[y, x, 1] += move
            assert plate_energy(moved, tension) > least


def test_paste_takes_each_pixel_from_its_side() -> None:
    raw, damaged = noise(1, (1, 9, 11, 3)), noise(2, (1, 9, 11, 3))
    known = holes("corner")[None]
    result = paste(raw, damaged, known)
    assert np.array_equal(result[known], damaged[known])
    assert np.array_equal(result[~known], raw[~known])
    assert BLENDINGS["paste"] is paste
    assert BLENDINGS["poisson"] is poisson
    assert BLENDINGS["tension"] is tension


@pytest.mark.parametrize("name", HOLES)
def test_poisson_is_the_dense_solution(name: str) -> None:
    raw, damaged, known = noise(1, (9, 11, 3)), noise(2, (9, 11, 3)), holes(name)
    result = poisson(raw[None], damaged[None], known[None])[0]
    np.testing.assert_allclose(result, by_dense_solve(raw, damaged, known), atol=1e-9)
    assert np.array_equal(result[known], damaged[known])


@pytest.mark.parametrize("name", HOLES)
def test_tension_has_the_least_energy(name: str) -> None:
    raw, damaged, known = noise(1, (9, 11, 3)), noise(2, (9, 11, 3)), holes(name)
    result = tension(raw[None], damaged[None], known[None])[0]
    assert_least_energy(result - raw, known, 0.1)
    assert np.array_equal(result[known], damaged[known])


@pytest.mark.parametrize("height", [1, 2, 5])
def test_under_tension_a_slope_dies_out_towards_a_free_border(height: int) -> None:
    """A strip whose first two columns are known, too long for its end to be felt.

    From column to column the differences v make Σ (v' − v)² + t·Σ v² least, so that v'' + v =
    (2 + t)·v': each is r times the one before it, with r + 1/r = 2 + t.
    """
    ratio = 1.05 - np.sqrt(1.05**2 - 1)  # t = 0.1
    slopes = 8 * ratio ** np.arange(99)
    surface = np.concatenate([[20], 20 + slopes.cumsum()])[None, :, None]
    damaged = np.broadcast_to(surface, (height, 100, 3)) + noise(1, (height, 100, 3))
    known = np.zeros((1, height, 100), bool)
    known[..., :2] = True
    result = tension(noise(1, (height, 100, 3))[None], damaged[None], known)[0]
    np.testing.assert_allclose(result, damaged, atol=1e-9)


def test_ever_more_tension_is_poisson(monkeypatch: pytest.MonkeyPatch) -> None:
    raw, damaged = noise(1, (6, 9, 11, 3)), noise(2, (6, 9, 11, 3))
    known = np.stack([holes(name) for name in HOLES])
    limit = poisson(raw, damaged, known)
    far = []
    for value in (0.1, 10.0, 1e3, 1e5):
        monkeypatch.setattr(blending, "TENSION", value)
        far.append(np.abs(tension(raw, damaged, known) - limit).max())
    assert far[0] > 10
    assert far[1] < far[0] / 3
    # From there on the rest is in proportion to 1/t.
    assert far[2] < far[1] / 50
    assert far[3] == pytest.approx(far[2] / 100, rel=0.1)


def test_tension_follows_a_smooth_surface_through_scattered_pixels() -> None:
    """Poisson's correction has a spike at each of them."""
    y, x = np.mgrid[:32, :32] / 31
    error = (90 * y**2 - 70 * y * x + 40 * x**2 - 60 * y)[..., None].repeat(3, axis=-1)
    raw = noise(1, (32, 32, 3))
    known = np.random.default_rng(5).random((32, 32)) > 0.8
    spread = {}
    for blend in (poisson, tension):
        result = blend(raw[None], (raw + error)[None], known[None])[0]
        spread[blend] = np.sqrt(np.square(result - raw - error)[~known].mean())
    assert spread[tension] < 0.3 * spread[poisson]


@pytest.mark.parametrize("place", [(0, 0), (31, 40), (63, 20)])
@pytest.mark.parametrize("method", CORRECTING)
def test_one_known_pixel_decides_a_constant(method: Blending, place: tuple[int, int]) -> None:
    """Every other surface through it has some energy, be it a ramp, which does not bend."""
    raw, damaged = noise(1, (1, 64, 64, 3)), noise(2, (1, 64, 64, 3))
    known = np.zeros((1, 64, 64), bool)
    known[0][place] = True
    result = BLENDINGS[method](raw, damaged, known)
    expected = raw + (damaged[0][place] - raw[0][place])
    np.testing.assert_allclose(result, expected, atol=1e-6)


@pytest.mark.parametrize("method", CORRECTING)
@pytest.mark.parametrize("name", HOLES)
def test_a_constant_offset_disappears(name: str, method: Blending) -> None:
    image, known = noise(1, (9, 11, 3)), holes(name)
    offset = np.array([40.0, -25.0, 3.0])
    result = BLENDINGS[method]((image + offset)[None], image[None], known[None])[0]
    np.testing.assert_allclose(result, image, atol=1e-9)


@pytest.mark.parametrize("method", CORRECTING)
def test_a_ramp_goes_through_a_hole_inside(method: Blending) -> None:
    """A ramp neither bends nor, away from the border, is pulled: the known ramp alone decides."""
    rows, columns = np.mgrid[:9, :11]
    known = holes("inside")
    damaged = (3.0 * rows - 2 * columns + 50)[..., None].repeat(3, axis=-1)
    raw = (-1.0 * rows + 5 * columns + 7)[..., None].repeat(3, axis=-1)
    damaged_in_hole = np.where(known[..., None], damaged, 0)
    result = BLENDINGS[method](raw[None], damaged_in_hole[None], known[None])[0]
    np.testing.assert_allclose(result, damaged, atol=1e-9)


@pytest.mark.parametrize("method", CORRECTING)
@pytest.mark.parametrize("name", HOLES)
def test_what_stands_in_the_hole_counts_nothing(name: str, method: Blending) -> None:
    raw, damaged, known = noise(1, (9, 11, 3)), noise(2, (9, 11, 3)), holes(name)
    other = np.where(known[..., None], damaged, -1e6)
    assert np.array_equal(
        BLENDINGS[method](raw[None], damaged[None], known[None]),
        BLENDINGS[method](raw[None], other[None], known[None]),
    )


@pytest.mark.parametrize("method", CORRECTING)
def test_nothing_to_blend(method: Blending) -> None:
    """A mask without a hole gives the image, a mask without a known pixel what was generated."""
    raw, damaged = noise(1, (2, 9, 11, 3)), noise(2, (2, 9, 11, 3))
    known = np.stack([np.ones((9, 11), bool), np.zeros((9, 11), bool)])
    result = BLENDINGS[method](raw, damaged, known)
    assert np.array_equal(result[0], damaged[0])
    assert np.array_equal(result[1], raw[1])
    pair = BLENDINGS[method](raw[:1, :1, :2], damaged[:1, :1, :2], np.zeros((1, 1, 2), bool))
    assert np.array_equal(pair, raw[:1, :1, :2])


@pytest.mark.parametrize("method", CORRECTING)
def test_inputs_are_left_alone(method: Blending) -> None:
    raw, damaged, known = noise(1, (1, 9, 11, 3)), noise(2, (1, 9, 11, 3)), holes("half")[None]
    before = raw.copy(), damaged.copy(), known.copy()
    BLENDINGS[method](raw, damaged, known)
    for now, then in zip((raw, damaged, known), before, strict=True):
        assert np.array_equal(now, then)


def test_each_image_has_its_own_mask() -> None:
    raw, damaged = noise(1, (6, 9, 11, 3)), noise(2, (6, 9, 11, 3))
    known = np.stack([holes(name) for name in HOLES])
    together = poisson(raw, damaged, known)
    for index in range(6):
        expected = by_dense_solve(raw[index], damaged[index], known[index])
        np.testing.assert_allclose(together[index], expected, atol=1e-9)


@pytest.mark.parametrize("method", CORRECTING)
def test_an_image_s_bytes_do_not_depend_on_its_companions(method: Blending) -> None:
    raw, damaged = noise(1, (9, 32, 33, 3)), noise(2, (9, 32, 33, 3))
    known = np.stack([holes(name, 32, 33) for name in ["half", "half", "scattered"] * 3])
    together = BLENDINGS[method](raw, damaged, known)
    for index in range(9):
        one = slice(index, index + 1)
        blending._solver.cache_clear()
        alone = BLENDINGS[method](raw[one], damaged[one], known[one])
        assert np.array_equal(alone, together[one])


def test_the_blendings_of_one_mask_are_not_mixed_up() -> None:
    blending._solver.cache_clear()
    raw, damaged, known = noise(1, (9, 11, 3)), noise(2, (9, 11, 3)), holes("corner")
    for _ in range(2):
        stretched = poisson(raw[None], damaged[None], known[None])[0]
        np.testing.assert_allclose(stretched, by_dense_solve(raw, damaged, known), atol=1e-9)
        bent = tension(raw[None], damaged[None], known[None])[0]
        assert_least_energy(bent - raw, known, 0.1)


def test_masks_of_equal_bytes_and_other_shapes_are_not_mixed_up() -> None:
    blending._solver.cache_clear()
    known = holes("corner", 6, 8)
    for shape in ((6, 8), (8, 6), (4, 12)):
        raw, damaged = noise(1, (*shape, 3)), noise(2, (*shape, 3))
        mask = known.reshape(shape)
        result = poisson(raw[None], damaged[None], mask[None])[0]
        np.testing.assert_allclose(result, by_dense_solve(raw, damaged, mask), atol=1e-9)
        bent = tension(raw[None], damaged[None], mask[None])[0]
        assert_least_energy(bent - raw, mask, 0.1)


def test_a_mask_that_is_not_contiguous() -> None:
    raw, damaged = noise(1, (11, 9, 3)), noise(2, (11, 9, 3))
    known = holes("corner").T
    result = poisson(raw[None], damaged[None], known[None])[0]
    np.testing.assert_allclose(result, by_dense_solve(raw, damaged, known), atol=1e-9)


@pytest.mark.parametrize("method", CORRECTING)
def test_images_with_one_mask_share_its_solver(method: Blending) -> None:
    blending._solver.cache_clear()
    known = holes("inside")[None].repeat(5, axis=0)
    BLENDINGS[method](noise(1, (5, 9, 11, 3)), noise(2, (5, 9, 11, 3)), known)
    assert blending._solver.cache_info().misses == 1
