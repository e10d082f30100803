from pathlib import Path

import numpy as np
import pytest

from dcgan_inpainting.common.growing_array import growing_array


@pytest.mark.parametrize("runs", [[], [0], [1], [3, 0, 9_999, 200_000]])
def test_it_is_what_numpy_would_save(tmp_path: Path, runs: list[int]) -> None:
    parts = [np.random.default_rng(n).integers(0, 256, (n, 2, 3), dtype=np.uint8) for n in runs]
    with growing_array(tmp_path / "a.npy", (2, 3), np.uint8) as append:
        for part in parts:
            append(part)
    expected = np.concatenate([np.empty((0, 2, 3), np.uint8), *parts])
    np.save(tmp_path / "b.npy", expected)
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()
    if len(expected):
        loaded = np.load(tmp_path / "a.npy", mmap_mode="r")
        assert isinstance(loaded, np.memmap)
        assert np.array_equal(loaded, expected)


def test_rows_that_are_not_contiguous(tmp_path: Path) -> None:
    rows = np.arange(24, dtype=np.uint8).reshape(4, 3, 2).transpose(0, 2, 1)
    with growing_array(tmp_path / "a.npy", (2, 3), np.uint8) as append:
        append(rows)
    assert np.array_equal(np.load(tmp_path / "a.npy"), rows)


@pytest.mark.parametrize("rows", [np.zeros((2, 3, 3), np.uint8), np.zeros((2, 2, 3), np.int16)])
def test_other_rows_are_refused(tmp_path: Path, rows: np.ndarray) -> None:
    with (
        pytest.raises(ValueError, match="expected n×"),
        growing_array(tmp_path / "a.npy", (2, 3), np.uint8) as append,
    ):
        append(rows)
    assert not list(tmp_path.iterdir())
