"""What a training may ask of the frame in which it runs: to be followed live, and to be kept."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Run(Protocol):
    """What a training may show while it runs. What its files hold is logged from them later."""

    def kept_in(self, folder: Path) -> None:
        """Say where the training keeps its state: who goes on from that goes on with this run."""

    def log_metrics(self, metrics: Mapping[str, float], step: int) -> None:
        """Show points of curves. NaN and infinity are left out."""

    def log_image(self, image: NDArray[np.uint8], key: str, step: int) -> None:
        """Show a picture (uint8, H×W×3) as one step of a series of pictures."""


class _Silent:
    """The Run of a process that has nothing to show, because another one shows it."""

    def kept_in(self, folder: Path) -> None: ...

    def log_metrics(self, metrics: Mapping[str, float], step: int) -> None: ...

    def log_image(self, image: NDArray[np.uint8], key: str, step: int) -> None: ...


SILENT: Run = _Silent()


class Memory(Protocol):
    """Where a training keeps its state; running.checkpoints.Checkpoints is one."""

    def save(self, step: int, state: Mapping[str, Any], *, end: bool = False) -> None:
        """Keep the state after a step, and in `files` the names of kept files that it needs."""

    def newest(self, at_most: int | None = None) -> tuple[int, Any] | None:
        """Return the last step that was saved, at most this one, and its state."""

    def keep(self, name: str, content: bytes) -> str:
        """Keep a file beside the states; return what it is called there."""

    def kept(self, name: str) -> bytes:
        """Return the content of a file that the state of `newest` names."""
