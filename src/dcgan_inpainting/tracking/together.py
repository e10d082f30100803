"""Requests that wait are put together: a batch of many images takes little longer than one image.

No thread runs in the background: one of the callers computes for all who wait, and the others find
their answers.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dcgan_inpainting.common.images import Images, Known

# How long a batch waits for one more, and for all of them: those who ask at once are read by turns,
# and whoever comes too late waits for a whole batch.
GATHER_SECONDS, MOST_GATHER_SECONDS = 0.1, 1.0

Work = Callable[[Images, Known], Images]


@dataclass(eq=False)
class _Asked:
    """What one caller asks for, and what became of it."""

    images: Images
    known: Known
    answer: Images | None = None
    error: BaseException | None = None

    @property
    def done(self) -> bool:
        return self.answer is not None or self.error is not None


class Together:
    """Calls `work` for several callers at once, each in a thread of its own.

    Each gets the answers to its own images, or the error to which they led.
    """

    def __init__(self, work: Work, limit: int, places: int = 1) -> None:
        """Prepare.

        Args:
            work: restores N images; an image's result must not depend on the others.
            limit: most images of a batch. A caller's own images stay together, also if more.
            places: how many batches are computed at the same time.
        """
        self._work, self._limit, self._places = work, limit, places
        self._busy = self._computing = 0  # places taken, and those of them that have their batch
        self._waiting: deque[_Asked] = deque()
        self._changed = threading.Condition()

    def __call__(self, images: Images, known: Known) -> Images:
        """Return what `work` makes of images.

        Raises:
            whatever `work` raises for them.
        """
        asked = _Asked(images, known)
        with self._changed:
            self._waiting.append(asked)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: asked.done or self._place_to_take())
                if asked.error is not None:
                    raise asked.error
                if asked.answer is not None:
                    return asked.answer
                self._busy += 1
            self._take_place()

    def _place_to_take(self) -> bool:
        return bool(self._waiting) and self._busy < self._places

    def _take_place(self) -> None:
        """Compute a batch for those who have waited longest."""
        self._gather()
        with self._changed:
            batch = self._batch()
            self._computing += 1
        try:
            self._compute(batch)
        finally:
            with self._changed:
                self._busy -= 1
                self._computing -= 1
                self._changed.notify_all()

    def _gather(self) -> None:
        """Wait while more are still coming."""
        end = time.monotonic() + MOST_GATHER_SECONDS
        seen = -1
        while len(self._waiting) > seen and time.monotonic() < end:
            seen = len(self._waiting)
            time.sleep(GATHER_SECONDS)

    def _batch(self) -> list[_Asked]:
        """Take callers from the queue: a fair share for each place that has no batch yet."""
        images = sum(len(asked.images) for asked in self._waiting)
        share = min(-(-images // (self._places - self._computing)), self._limit)
        batch: list[_Asked] = []
        size = 0
        while self._waiting:
            size += len(self._waiting[0].images)
            if batch and size > share:
                break
            batch.append(self._waiting.popleft())
        return batch

    def _compute(self, batch: list[_Asked]) -> None:
        """Give each caller of a batch its answer or its error."""
        if not batch:
            return  # another place has taken all
        try:
            images = np.concatenate([asked.images for asked in batch])
            known = np.concatenate([asked.known for asked in batch])
            answers = self._work(images, known)
        except BaseException as error:
            if len(batch) == 1 or not isinstance(error, Exception):
                for asked in batch:
                    asked.error = error
                return
            for asked in batch:  # one's images must not cost another its answer
                self._compute([asked])
            return
        ends = np.cumsum([len(asked.images) for asked in batch])
        for asked, answer in zip(batch, np.split(answers, ends[:-1]), strict=True):
            asked.answer = answer
