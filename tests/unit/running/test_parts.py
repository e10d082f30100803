"""Parts: whole or absent, in any order, and damage is noticed."""

import logging
from pathlib import Path

import numpy as np
import pytest

from dcgan_inpainting.running.parts import Parts


def some(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {"z": rng.normal(size=(3, 5)), "images": rng.integers(0, 256, (3, 8, 8, 3), np.uint8)}


def test_parts_come_back_as_they_were(tmp_path: Path) -> None:
    parts = Parts(tmp_path / "new")
    for number in (7, 0, 12):
        parts.save(number, some(number))
    for number in (12, 7, 0):
        found = Parts(tmp_path / "new").load(number)
        assert found is not None
        assert found.keys() == some(number).keys()
        for name, value in some(number).items():
            assert found[name].dtype == value.dtype
            assert np.array_equal(found[name], value)
    assert parts.load(1) is None


def test_clear_leaves_other_files_alone(tmp_path: Path) -> None:
    (tmp_path / "identity.json").write_text("{}")
    parts = Parts(tmp_path)
    parts.save(3, some(3))
    parts.clear()
    assert parts.load(3) is None
    assert [path.name for path in tmp_path.iterdir()] == ["identity.json"]


@pytest.mark.parametrize("place", [0.0, 0.1, 0.4, 0.6, 0.95])
def test_a_flipped_byte_is_noticed(
    place: float, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    parts = Parts(tmp_path)
    parts.save(3, some(3))
    (path,) = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 255
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        found = parts.load(3)
    if found is None:
        assert "part-0000003.npz is damaged" in caplog.text
    else:  # a byte that zip does not use
        assert all(np.array_equal(found[name], value) for name, value in some(3).items())


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_truncated_part_is_made_anew(share: float, tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    parts.save(3, some(3))
    (path,) = tmp_path.iterdir()
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert parts.load(3) is None
    parts.save(3, some(3))
    assert parts.load(3) is not None
