"""A restoration in parts: a batch that is missing is an error, never a shorter result."""

from pathlib import Path

import numpy as np
import pytest

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.inpaint.results import Restoration
from dcgan_inpainting.running.in_parts import RestorationInParts, restore_in_parts
from dcgan_inpainting.running.parts import Parts
from tests.tiny_search import settings


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


def test_a_restoration_goes_on_and_its_parts_stay_until_it_is_written(tmp_path: Path) -> None:
    """Killed in its second batch of two, then while it writes."""
    asked: list[slice] = []
    written: list[Restoration] = []
    full = False

    def restore_batch(batch: slice) -> Restoration:
        asked.append(batch)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return Restoration(**part(batch.stop - batch.start))

    def write(found: Restoration) -> None:
        if full:
            raise OSError("No space left on device")
        written.append(found)

    def again() -> None:
        restore_in_parts(
            restore_batch,
            5,
            settings(batch_size=2),
            title="inpaint half",
            folder=tmp_path / "inpaint-0123456789abcdef",
            identity={"seed": 1},
            write=write,
        )

    with pytest.raises(KeyboardInterrupt):
        again()
    full = True
    with pytest.raises(OSError, match="No space"):
        again()
    assert asked == [slice(0, 2), slice(2, 4), slice(2, 4), slice(4, 5)]
    full = False
    again()
    assert len(asked) == 4
    assert [len(found.z) for found in written] == [5]
    assert not list(tmp_path.rglob("part-*"))
