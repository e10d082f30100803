"""The bar that shows on a terminal how far a training is."""

import logging
from types import TracebackType
from typing import Self

from tqdm import tqdm

log = logging.getLogger(__name__)


class TrainingBar:
    """A progress bar that counts images, also over several attempts at a training."""

    def __init__(self, stage: str, images: int) -> None:
        """Show the bar, once a second has passed.

        Args:
            stage: its name.
            images: that the whole training will see.
        """
        self._bar = tqdm(desc=stage, total=images, unit=" images", delay=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()

    def go_on(self, images: int) -> None:
        """Say after how many images, which an earlier process saw, the training goes on."""
        log.info("going on after %d images, from a checkpoint", images)
        # All three, or the first rate that is shown counts the earlier process's images too.
        self._bar.initial = self._bar.n = self._bar.last_print_n = images

    def reach(self, images: int, **losses: str) -> float:
        """Move to so many images; return how many this process sees a second."""
        self._bar.set_postfix(losses, refresh=False)
        self._bar.update(images - self._bar.n)
        return self._bar.format_dict["rate"] or 0.0
