"""What a training says of itself: rows of numbers, each with its step and the images seen."""

import math
from dataclasses import dataclass, field

Row = dict[str, float]  # `step` and `images`, then figures by name

PLACE = ("step", "images")


@dataclass
class History:
    """All rows of a training from its first step on, also those of earlier processes."""

    progress: list[Row] = field(default_factory=list)  # means over the steps since the row before
    validations: list[Row] = field(default_factory=list)


def figures_of(row: Row) -> Row:
    """Return a row without its place."""
    return {name: value for name, value in row.items() if name not in PLACE}


def not_finite_in(row: Row) -> str:
    """Return the first figure that is NaN or infinite, in words; "" where none is."""
    odd = (f"{name} is {value}" for name, value in row.items() if not math.isfinite(value))
    return next(odd, "")
