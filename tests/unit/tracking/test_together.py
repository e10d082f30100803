"""What several callers ask for at once is worked on together, and each gets its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from dcgan_inpainting.common.images import Images, Known
from dcgan_inpainting.tracking import together
from dcgan_inpainting.tracking.together import Together

WRONG = 13  # an image of this level can't be worked on


def image(level: int, count: int = 1) -> tuple[Images, Known]:
    return np.full((count, 2, 2, 3), level, np.uint8), np.ones((count, 2, 2), bool)


class Work:
    """Adds 1 to each level; notes the sizes of the batches, and how many ran at once."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.most = self.now = 0
        self._lock = threading.Lock()

    def __call__(self, images: Images, known: Known) -> Images:
        with self._lock:
            self.sizes.append(len(images))
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            if (images == WRONG).any():
                raise ValueError("an unlucky image")
            threading.Event().wait(0.05)
            return images + np.uint8(1)
        finally:
            with self._lock:
                self.now -= 1


def all_at_once(call: Callable[[int], Images], levels: range) -> list[Images]:
    with ThreadPoolExecutor(len(levels)) as pool:
        return list(pool.map(call, levels))


@pytest.mark.parametrize("places", [1, 2])
def test_callers_at_once_share_batches_and_each_gets_its_own(places: int) -> None:
    work = Work()
    shared = Together(work, limit=8, places=places)
    answers = all_at_once(lambda level: shared(*image(level, 1 + level % 3)), range(14, 54))
    for level, answer in zip(range(14, 54), answers, strict=True):
        assert answer.shape == (1 + level % 3, 2, 2, 3)
        assert (answer == level + 1).all()
    assert sum(work.sizes) == sum(1 + level % 3 for level in range(14, 54))
    assert max(work.sizes) <= 8
    assert len(work.sizes) < 40
    assert work.most <= places


def test_an_error_reaches_the_caller_who_made_it_and_no_other() -> None:
    shared = Together(Work(), limit=64)

    def call(level: int) -> Images | str:
        try:
            return shared(*image(level))
        except ValueError as error:
            return str(error)

    answers = all_at_once(call, range(10, 20))
    for level, answer in zip(range(10, 20), answers, strict=True):
        if level == WRONG:
            assert answer == "an unlucky image"
        else:
            assert (answer == level + 1).all()


def test_more_images_than_a_batch_takes_stay_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "GATHER_SECONDS", 0.0)
    work = Work()
    assert len(Together(work, limit=8)(*image(20, 100))) == 100
    assert work.sizes == [100]
