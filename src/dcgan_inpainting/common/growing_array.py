"""An .npy file whose number of rows is known only when the last one is written."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from dcgan_inpainting.common.files import replacing


@contextmanager
def growing_array(
    path: Path, row: tuple[int, ...], dtype: type[np.generic]
) -> Iterator[Callable[[NDArray[np.generic]], None]]:
    """Give a function that appends rows (n × `row`, of `dtype`) to an .npy file.

    The file appears when the block ends, and np.load maps it into memory like any other; if the
    block raises, it does not appear.
    """
    with replacing(path) as temporary, temporary.open("wb") as file:
        count = 0
        _write_header(file, (0, *row), dtype)
        start = file.tell()

        def append(rows: NDArray[np.generic]) -> None:
            nonlocal count
            if rows.shape[1:] != row or rows.dtype != dtype:
                expected = f"n×{row} {np.dtype(dtype)}"
                raise ValueError(f"rows are {rows.shape} {rows.dtype}, expected {expected}")
            file.write(np.ascontiguousarray(rows).data)
            count += len(rows)

        yield append
        file.seek(0)
        _write_header(file, (count, *row), dtype)
        # NumPy pads the header for a first axis of any length; the rows must not have moved.
        if file.tell() != start:
            raise RuntimeError(f"{path}: the header of {count} rows has another length")


def _write_header(file: BinaryIO, shape: tuple[int, ...], dtype: type[np.generic]) -> None:
    description = np.lib.format.dtype_to_descr(np.dtype(dtype))
    header = {"descr": description, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
