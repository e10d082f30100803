"""The holes that the encoder learns to fill: a function of step and seed, and none of a test."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from dcgan_inpainting.encoder import holes
from dcgan_inpainting.encoder.holes import (
    ELSEWHERE,
    OTHER_SEED,
    VALIDATION_SEED,
    Holes,
)
from dcgan_inpainting.masks.kinds import KINDS, make_masks
from dcgan_inpainting.masks.params import MasksParams

SIZE, EACH = 32, 8  # as many as the stock holds while it is tested


def prints(known: np.ndarray) -> list[int]:
    """Return masks as numbers that can be looked up."""
    return [hash(mask.astype(bool).tobytes()) for mask in known]


def stock(seed: int) -> dict[str, set[int]]:
    """Return what the stock of a seed holds, by kind."""
    return {kind: set(prints(make_masks(kind, EACH, SIZE, OTHER_SEED + seed))) for kind in KINDS}


def test_holes_are_a_function_of_step_and_seed() -> None:
    first, second, other = (Holes(SIZE, list(KINDS), seed) for seed in (1, 1, 2))
    forwards = [first(step, 8) for step in (1, 2, 3)]
    backwards = [second(step, 8) for step in (3, 2, 1)][::-1]
    assert all(map(torch.equal, forwards, backwards))
    assert torch.equal(first(2, 8), forwards[1])
    assert not torch.equal(forwards[0], forwards[1])
    assert not torch.equal(other(1, 8), forwards[0])


def test_masks_are_floats_with_a_hole_and_something_known() -> None:
    known = Holes(SIZE, list(KINDS), 1)(1, 500)
    assert known.shape == (500, 1, SIZE, SIZE)
    assert known.dtype == torch.float32
    for mask in known:
        assert mask.unique().tolist() == [0, 1]


def test_all_kinds_occur_and_a_share_is_moved() -> None:
    """Of 4,000 masks: the share's standard error is 0.007."""
    drawn = prints(Holes(SIZE, list(KINDS), 1)(1, 4000).numpy())
    kinds = stock(1)
    for masks in kinds.values():
        assert 4000 * (1 - ELSEWHERE) / len(kinds) == pytest.approx(
            sum(mask in masks for mask in drawn), rel=0.2
        )
    known = set().union(*kinds.values())
    assert sum(mask not in known for mask in drawn) / 4000 == pytest.approx(ELSEWHERE, abs=0.03)


def test_a_moved_square_stays_one_and_lies_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moved across the border it comes in at the other side: a quarter is missing wherever."""
    monkeypatch.setattr(holes, "ELSEWHERE", 1.0)
    known = Holes(SIZE, ["center"], 1)(1, 600)[:, 0]
    assert ((1 - known).sum((1, 2)) == SIZE**2 / 4).all()
    rows, columns = ((1 - known).sum(axis) > 0 for axis in (2, 1))
    assert (rows.sum(1) == SIZE / 2).all()
    assert (columns.sum(1) == SIZE / 2).all()
    assert len({tuple(row) for row in rows.tolist()}) == SIZE
    assert len({tuple(column) for column in columns.tolist()}) == SIZE
    by_pixel = 1 - known.mean(0)
    assert by_pixel.min() > 0.15  # 0.25 ± 0.018 expected
    assert by_pixel.max() < 0.35


def test_moving_changes_no_mask_of_the_stock() -> None:
    used = Holes(SIZE, list(KINDS), 1)
    for step in range(1, 20):
        used(step, 50)
    assert torch.equal(used(20, 50), Holes(SIZE, list(KINDS), 1)(20, 50))


def test_no_mask_of_a_test_is_learned() -> None:
    """The seeds of the stock are beyond those that masks.seed may have."""
    values = {"kinds": ["half"], "split": "test", "images": None, "folder": "data/holes"}
    MasksParams.model_validate({**values, "seed": 2**32 - 1})
    with pytest.raises(ValidationError, match="seed"):
        MasksParams.model_validate({**values, "seed": OTHER_SEED})


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_a_test_with_the_encoder_s_own_seed_has_other_masks(seed: int) -> None:
    """Seed, kind and index are words to NumPy; those of a larger seed may be read as others."""
    learned = stock(seed)
    for kind in KINDS:
        if kind not in ("center", "half", "corner"):  # of which there are but one, four and two
            tested, judged = (
                prints(make_masks(kind, EACH, SIZE, first + seed)) for first in (0, VALIDATION_SEED)
            )
            assert learned[kind].isdisjoint(tested)
            assert learned[kind].isdisjoint(judged)
            assert set(tested).isdisjoint(judged)
