"""A restoration in parts: a batch that is missing is an error, never a shorter result."""

from pathlib import Path

import numpy as np
import pytest

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.running.in_parts import RestorationInParts
from dcgan_inpainting.running.parts import Parts


def part(images: int) -> dict[str, np.ndarray]:
    faces = np.zeros((images, 8, 8, 3), np.uint8)
    z = np.zeros((images, 5), np.float32)
    candidates = {"candidates": faces[:, None], "objectives": z[:, :1]}
    return {
        "raw": faces,
        "composite": faces,
        "z": z,
        "trace": z.T,
        **candidates,
        "frames": faces[None, :1],
    }


def test_parts_are_joined_in_their_order(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    for number, images in ((1, 2), (0, 3)):
        parts.save(number, part(images))
    joined = RestorationInParts(parts, 5, 3).joined()
    assert joined.raw.shape == (5, 8, 8, 3)
    assert joined.trace.shape == (5, 5)
    assert joined.candidates.shape == (5, 1, 8, 8, 3)
    assert joined.frames.shape == (1, 2, 8, 8, 3)


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    for number in (0, 2):
        parts.save(number, part(2))
    batches = RestorationInParts(parts, 5, 2)
    assert batches.missing() == {1: slice(2, 4)}
    with pytest.raises(UserError, match=r"batch 1 is not in .*the same command restores"):
        batches.joined()
