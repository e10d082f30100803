"""An observer of a training, of the DCGAN or of the encoder, for the tests of both."""

from dataclasses import dataclass, field, replace
from typing import Any


@dataclass
class Heard:
    """An observer that keeps what it is told."""

    progress: list[Any] = field(default_factory=list)
    validations: list[Any] = field(default_factory=list)
    histories: list[Any] = field(default_factory=list)
    images: list[int] = field(default_factory=list)  # after which it was resumed

    def resumed(self, images: int, history: Any) -> None:
        """Keep what it is now; it goes on growing."""
        self.images.append(images)
        now = {"progress": list(history.progress), "validations": list(history.validations)}
        self.histories.append(replace(history, **now))

    def progressed(self, progress: Any) -> None:
        """Keep it."""
        self.progress.append(progress)

    def validated(self, validation: Any) -> None:
        """Keep it."""
        self.validations.append(validation)
