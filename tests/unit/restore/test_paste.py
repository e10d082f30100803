"""The restored square in the photograph: only the hole changes, and no seam is left."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from dcgan_inpainting.restore import paste as restoring
from dcgan_inpainting.restore.frame import Frame, stretch
from dcgan_inpainting.restore.paste import paste, spread

SIDE = 64
SHAPE = (300, 340)
FRAME = Frame.about(170 + 150j, 240, SIDE, angle=0.2)


def soft(seed: int = 0) -> np.ndarray:
    """A square of smooth colours in about 40…215."""
    noise = gaussian_filter(np.random.default_rng(seed).normal(0, 1, (SIDE, SIDE, 3)), (3, 3, 0))
    return 128 + 40 * noise / noise.std()


def stretched(square: np.ndarray) -> np.ndarray:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    return stretch(square, FRAME, columns, rows).clip(0, 255)


def middle() -> np.ndarray:
    hole = np.zeros(SHAPE, bool)
    hole[100:200, 120:230] = True
    return hole


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_truth_brings_the_photograph_back(dtype: type[np.uint8] | type[np.uint16]) -> None:
    steps = np.iinfo(dtype).max // 255
    square = soft()
    truth = np.rint(stretched(square) * steps).astype(dtype)
    damaged = np.where(middle()[..., None], dtype(0), truth)
    filled = paste(damaged, middle(), [(FRAME, square * steps)], seed=0)
    # Rounding alone, in the photograph and in what is spread from it.
    assert np.abs(filled.astype(int) - truth).max() <= steps
    assert np.abs(filled.astype(int) - truth).mean() < steps / 4
    assert filled.dtype == dtype


def test_known_pixels_are_the_same_to_the_bit() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (*SHAPE, 3), dtype=np.uint8)
    filled = paste(pixels, middle(), [(FRAME, soft())], seed=0)
    assert np.array_equal(filled[~middle()], pixels[~middle()])
    assert not np.array_equal(filled[middle()], pixels[middle()])


def test_another_tone_leaves_no_step_at_the_edge() -> None:
    square = soft()
    truth = np.rint(stretched(square)).astype(np.uint8)
    filled = paste(truth, middle(), [(FRAME, square + 30)], seed=0).astype(int)
    columns = slice(125, 225)
    step = np.abs(filled[100, columns] - truth[99, columns]).mean()
    plain = np.abs(truth[100, columns] + 30 - truth[99, columns]).mean()
    assert step < 3 < 25 < plain


def test_a_large_hole_is_solved_on_a_coarser_grid_and_joins_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    square = soft()
    truth = np.rint(stretched(square)).astype(np.uint8)
    monkeypatch.setattr(restoring, "MOST", 500)
    filled = paste(truth, middle(), [(FRAME, square + 30)], seed=0).astype(int)
    assert np.abs(filled - truth)[middle()].mean() < 1
    assert np.abs(filled - truth).max() < 4


def test_grain_is_that_of_the_photograph_and_follows_the_seed() -> None:
    square = soft()
    noise = np.random.default_rng(5).normal(0, 6, (*SHAPE, 1))
    photograph = np.rint(stretched(square) + noise).clip(0, 255).astype(np.uint8)
    one, same, other = (
        paste(photograph, middle(), [(FRAME, square)], seed=seed) for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    deep = np.zeros(SHAPE, bool)
    deep[120:180, 140:210] = True
    found = (one - stretched(square))[deep]
    assert found.std() == pytest.approx(6, rel=0.2)
    # As in the photograph, red is as green and blue.
    assert np.corrcoef(found.T)[0, 1] > 0.9
    smooth = paste(photograph, middle(), [(FRAME, square)], seed=1, grain=False)
    assert (smooth - stretched(square))[deep].std() < 2


def test_beside_the_frame_the_hole_is_filled_smoothly() -> None:
    photograph = np.full((*SHAPE, 3), 90, np.uint8)
    hole = np.zeros(SHAPE, bool)
    hole[100:200, 120:330] = True
    filled = paste(photograph, hole, [(FRAME, np.full((SIDE, SIDE, 3), 90.0))], seed=0)
    assert np.abs(filled.astype(int) - 90).max() <= 1


def test_where_two_faces_are_each_has_its_own() -> None:
    photograph = np.full((200, 400, 3), 100, np.uint8)
    frames = [Frame.about(100 + 100j, 120, SIDE), Frame.about(300 + 100j, 120, SIDE)]
    hole = np.zeros((200, 400), bool)
    hole[80:120, 80:120] = hole[80:120, 280:320] = True
    bump = np.full((SIDE, SIDE, 3), 100.0)
    bump[28:36, 28:36] = 200
    squares = [(frames[0], bump), (frames[1], 200 - bump)]
    filled = paste(photograph, hole, squares, seed=0, grain=False)
    assert filled[100, 100].min() > 180
    assert filled[100, 300].max() < 20


@pytest.mark.parametrize("side", [40, 5000])
def test_a_surface_goes_on_smoothly_at_any_size(side: int) -> None:
    ramp = np.tile(np.linspace(0, 200, side)[None, :, None], (64, 1, 1))
    known = np.ones((64, side), bool)
    known[:, side // 4 : side // 2] = False
    filled = spread(np.where(known[..., None], ramp, 999), known)
    assert np.array_equal(filled[known], ramp[known])
    assert filled.min() >= 0
    assert filled.max() <= 200
