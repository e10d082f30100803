"""Batches: every image once an epoch, whatever the step one begins with and however many share."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dcgan_inpainting.networks.batches import Batches
from dcgan_inpainting.networks.distribution import Rank
from tests.tiny_training import faces, settings


def batches_of(
    count: int, steps: int, rank: Rank | None = None, **changes: object
) -> list[list[int]]:
    """Return which images each batch holds; image n is of the grey level n throughout."""
    images = np.arange(count, dtype=np.uint8)[:, None, None, None].repeat(32, 1).repeat(32, 2)
    batches = Batches(images.repeat(3, axis=3), settings(**changes), rank or Rank())
    found = []
    for step in range(1, steps + 1):
        batch = batches(step)
        assert batch.shape[1:] == (3, 32, 32)
        levels = (batch + 1) * 127.5
        assert (levels.amax((1, 2, 3)) - levels.amin((1, 2, 3))).max() < 1e-3
        found.append([round(level) for level in levels.mean((1, 2, 3)).tolist()])
    return found


@pytest.mark.parametrize("changes", [{}, {"flip": False, "shift": 0}])
def test_each_epoch_sees_each_image_once_in_a_new_order(changes: dict[str, Any]) -> None:
    batches = batches_of(12, 9, **changes)
    epochs = [batches[start : start + 3] for start in (0, 3, 6)]
    for epoch in epochs:
        assert sorted(image for batch in epoch for image in batch) == list(range(12))
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]


def test_an_epoch_may_end_within_a_batch() -> None:
    seen = [image for batch in batches_of(11, 11) for image in batch]
    assert len(seen) == 44
    assert np.bincount(seen).tolist() == [4] * 11


def test_fewer_images_than_the_batch_take_turns() -> None:
    batches = batches_of(3, 9, batch_size=8)
    assert all(np.bincount(batch, minlength=3).min() >= 2 for batch in batches)
    seen = [image for batch in batches for image in batch]
    assert np.bincount(seen).tolist() == [24, 24, 24]


@pytest.mark.parametrize("world_size", [2, 4])
def test_ranks_share_what_one_process_has(world_size: int) -> None:
    alone = batches_of(11, 6, batch_size=8)
    shares = [
        batches_of(11, 6, Rank(number, world_size), batch_size=8) for number in range(world_size)
    ]
    for step, batch in enumerate(alone):
        assert sorted(batch) == sorted(image for share in shares for image in share[step])


def test_a_batch_depends_on_its_step_alone() -> None:
    images = faces(11)
    first, second = (Batches(images, settings(), Rank()) for _ in range(2))
    in_order = {step: first(step) for step in range(1, 10)}
    for step in (9, 2, 5, 1):
        assert (second(step) == in_order[step]).all()


def test_batches_are_the_images_as_the_networks_see_them() -> None:
    images = faces(4)
    batch = Batches(images, settings(flip=False, shift=0), Rank())(1)
    expected = images.transpose(0, 3, 1, 2) / 127.5 - 1
    np.testing.assert_allclose(batch, expected, atol=1e-6)


@pytest.mark.parametrize("changes", [{"flip": True, "shift": 0}, {"flip": False, "shift": 3}])
def test_augmentation_is_applied_when_asked(changes: dict[str, Any]) -> None:
    images = faces(4)
    batches = Batches(images, settings(**changes), Rank())
    plain = images.transpose(0, 3, 1, 2) / 127.5 - 1
    assert any(np.abs(batches(step).numpy() - plain).max() > 0.1 for step in range(1, 5))


def test_images_may_be_memory_mapped_and_are_not_changed(tmp_path: Path) -> None:
    np.save(tmp_path / "train.npy", faces())
    before = (tmp_path / "train.npy").read_bytes()
    mapped = np.load(tmp_path / "train.npy", mmap_mode="r")
    params = settings()
    assert (Batches(mapped, params, Rank())(3) == Batches(faces(), params, Rank())(3)).all()
    assert (tmp_path / "train.npy").read_bytes() == before
