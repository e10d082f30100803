"""What may have become of a file."""

from collections.abc import Callable
from pathlib import Path

Damage = Callable[[Path], object]


class Bomb:
    """Whoever unpickles it makes a file."""

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return (open, ("executed", "w"))


def cut(share: float) -> Damage:
    """Keep only this share of the file, from its start."""
    return lambda path: path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
