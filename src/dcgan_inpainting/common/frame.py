"""What a stage's work may ask of the frame in which it runs: to be tracked, and to be kept."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Run(Protocol):
    """What a stage may tell its tracker."""

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Note points of curves, or with no step, single figures. NaN and infinity are left out."""

    def log_artifact(self, path: Path, folder: str = "") -> None:
        """Keep a copy of a file or folder that the stage wrote."""

    def log_image(self, image: NDArray[np.uint8] | Path, key: str, step: int) -> None:
        """Keep a picture (uint8, H×W×3, or a file) as one step of a series of pictures."""

    def log_table(self, path: Path, pictures: Path, name: str) -> None:
        """Keep a table: a JSON file {column: [values]}, one column of which may be `picture`.

        Args:
            path: the file.
            pictures: the folder in which that column names files.
            name: what the table is called, ending in .json.
        """

    def log_dataset(self, path: Path, name: str) -> None:
        """Note a file that the stage reads, by its md5, which is also DVC's name for it."""


class _Silent:
    """The Run of a process that has nothing to tell, because another one tells it."""

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None: ...

    def log_artifact(self, path: Path, folder: str = "") -> None: ...

    def log_image(self, image: NDArray[np.uint8] | Path, key: str, step: int) -> None: ...

    def log_table(self, path: Path, pictures: Path, name: str) -> None: ...

    def log_dataset(self, path: Path, name: str) -> None: ...


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
