"""The parts of a long piece of work, done in any order by any process, each of them once."""

import logging
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgan_inpainting.common.files import replacing

log = logging.getLogger(__name__)

Arrays = Mapping[str, NDArray[Any]]


class Parts:
    """Arrays in a folder, a file for each part; a part is there whole, or not at all.

    Several processes may add to one folder, also from several machines that share it, as long as
    no two of them work at the same part.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, number: int, arrays: Arrays) -> None:
        """Keep what part `number` gave, under any names."""
        with replacing(self._path(number)) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)

    def load(self, number: int) -> dict[str, NDArray[Any]] | None:
        """Return what part `number` gave; None if it was not done, or its file is damaged."""
        path = self._path(number)
        try:
            # Reading checks each array against its checksum.
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                return dict(arrays)
        except FileNotFoundError:
            return None
        except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
            log.warning("%s is damaged (%s), and is made anew", path, error)
            return None

    def clear(self) -> None:
        """Remove all parts, once what they make up is safe elsewhere."""
        for path in self.folder.glob("part-*.npz"):
            path.unlink()

    def _path(self, number: int) -> Path:
        return self.folder / f"part-{number:07d}.npz"
