"""A frame that is off is moved to where the networks know the face."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from dcgan_inpainting.networks.pull_push import pull_push
from dcgan_inpainting.restore.colours import Colours
from dcgan_inpainting.restore.frame import Frame, stretch
from dcgan_inpainting.restore.refine import refined

SIDE = 64
SHAPE = (300, 340)
FRAME = Frame.about(170 + 150j, 160, SIDE, angle=0.1)
COLOURS = Colours(None, 3, 255)
NOTHING = np.zeros(SHAPE, bool)


def face() -> np.ndarray:
    noise = np.random.default_rng(4).normal(0, 1, (SIDE, SIDE, 3))
    smooth = gaussian_filter(noise, (3, 3, 0))
    return 128 + 45 * smooth / smooth.std()


def photograph() -> np.ndarray:
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    return np.rint(stretch(face(), FRAME, columns, rows)).clip(0, 255).astype(np.uint8)


def knowing(damaged: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """Stand for an encoder that has learned one face: whatever it sees, it is that."""
    learned = torch.from_numpy(face().clip(0, 255) / 127.5 - 1).float().permute(2, 0, 1)[None]
    return known * damaged + (1 - known) * learned


def wrong(found: Frame) -> float:
    places = np.array([20.4 + 33j, 42.6 + 33j, 31.5 + 57.6j])
    apart = found.turn * places + found.origin - FRAME.turn * places - FRAME.origin
    return float(np.abs(apart).mean() / FRAME.scale)


@pytest.mark.parametrize("covered", [False, True])
@pytest.mark.parametrize(
    "off",
    [
        {"shift": 3 - 2j},
        {"scale": 1.12},
        {"angle": math.radians(-8)},
        {"shift": -2 + 3j, "scale": 0.9, "angle": math.radians(5)},
    ],
)
def test_a_frame_that_is_off_comes_back(off: dict[str, complex], covered: bool) -> None:
    hole = NOTHING.copy()
    if covered:
        hole[130:170, 150:200] = True
    pixels = np.where(hole[..., None], np.uint8(0), photograph())
    begun = FRAME.moved(**off)  # type: ignore[arg-type]
    found = refined(begun, pixels, hole, COLOURS, knowing)
    assert wrong(found) < 0.7 < 1.5 < wrong(begun)


def test_networks_to_which_no_place_is_better_leave_it() -> None:
    flat = np.full((*SHAPE, 3), 100, np.uint8)
    begun = FRAME.moved(shift=3)
    assert refined(begun, flat, NOTHING, COLOURS, pull_push) == begun


def test_where_hardly_anything_is_known_it_stays() -> None:
    hole = ~NOTHING
    hole[150:155, 170:175] = False
    begun = FRAME.moved(shift=3)
    assert refined(begun, photograph(), hole, COLOURS, knowing) == begun


def test_it_is_not_turned_further_than_faces_are_known() -> None:
    """The photograph's face is turned by 60°; the frame begins where it could get there."""
    turned = FRAME.moved(angle=math.radians(60) - math.radians(FRAME.angle))
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(float)
    levels = stretch(face(), turned, columns, rows)
    pixels = np.rint(levels).clip(0, 255).astype(np.uint8)
    begun = turned.moved(angle=math.radians(-16))
    found = refined(begun, pixels, NOTHING, COLOURS, knowing)
    assert begun.angle + 1 < found.angle <= 50
