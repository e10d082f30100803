"""Tables of figures, as CSV."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from dcgan_inpainting.atomic import write_csv


def write_table(path: Path, names: Sequence[str], rows: Iterable[Mapping[str, float]]) -> None:
    """Write rows, all with the same names, under a header; fractions with six digits.

    Args:
        path: the CSV to write.
        names: of the columns, which a table without rows has too.
        rows: the values by name, each in the order of the names.
    """
    texts = (
        [value if isinstance(value, int) else f"{value:.6g}" for value in row.values()]
        for row in rows
    )
    write_csv(path, names, texts)
