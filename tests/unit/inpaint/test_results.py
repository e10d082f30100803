"""What the stage inpaint leaves is what the stage pictures reads."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from dcgan_inpainting.common.errors import DamagedError
from dcgan_inpainting.inpaint.results import Restoration, load_results, load_settings, save_results
from tests.tiny_search import settings


def restoration(candidates: int) -> Restoration:
    rng = np.random.default_rng(1)
    answers = rng.integers(0, 256, (4, candidates, 8, 8, 3), np.uint8)
    trace = rng.random((6, 4)).astype(np.float32)
    objectives = np.sort(rng.random((4, candidates)).astype(np.float32), axis=1)
    objectives[:, 0] = trace.min(0)
    return Restoration(
        composite=answers[:, 0],
        raw=rng.integers(0, 256, (4, 8, 8, 3), np.uint8),
        z=rng.random((4, 5)).astype(np.float32),
        trace=trace,
        candidates=answers,
        objectives=objectives,
        frames=rng.integers(0, 256, (3, 2, 8, 8, 3), np.uint8),
    )


@pytest.mark.parametrize("candidates", [1, 3])
def test_all_of_it_comes_back(candidates: int, tmp_path: Path) -> None:
    found, params = restoration(candidates), settings(candidates=candidates, starts=9)
    save_results(tmp_path, found, params)
    again = load_results(tmp_path)
    for field in dataclasses.fields(Restoration):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(found, field.name))
    assert load_settings(tmp_path) == params


@pytest.mark.parametrize("content", [None, b"no array"])
def test_a_damaged_array_is_named(content: bytes | None, tmp_path: Path) -> None:
    save_results(tmp_path, restoration(1), settings())
    (tmp_path / "trace.npy").unlink()
    if content:
        (tmp_path / "trace.npy").write_bytes(content)
    with pytest.raises(DamagedError, match=r"trace\.npy is"):
        load_results(tmp_path)


@pytest.mark.parametrize("content", [b"{", b"{}", b"[]"])
def test_damaged_settings_are_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_bytes(content)
    with pytest.raises(DamagedError, match=r"settings\.json"):
        load_settings(tmp_path)
