"""Tables of figures, as CSV."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from dcgan_inpainting.atomic import write_csv


def write_table(path: Path, rows: Sequence[Mapping[str, float]]) -> None:
    """Write rows, all with the same names, under a header; fractions with six digits.

    Raises:
        IndexError: there is no row.
    """
    texts = (
        [value if isinstance(value, int) else f"{value:.6g}" for value in row.values()]
        for row in rows
    )
    write_csv(path, list(rows[0]), texts)
