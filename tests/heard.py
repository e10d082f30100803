"""An observer and a memory of a training, for the tests of all trainings."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dcgan_inpainting.common.images import Images
from dcgan_inpainting.training.history import Row


@dataclass
class Heard:
    """An observer that keeps what it is told."""

    progress: list[Row] = field(default_factory=list)
    validations: list[Row] = field(default_factory=list)
    pictures: list[Images] = field(default_factory=list)
    images: list[int] = field(default_factory=list)  # after which it was resumed
    before: dict[int, bytes] = field(default_factory=dict)  # the pictures that there were then

    def resumed(self, images: int, pictures: Mapping[int, bytes]) -> None:
        """Keep it."""
        self.images.append(images)
        self.before = dict(pictures)

    def progressed(self, progress: Row) -> None:
        """Keep it."""
        self.progress.append(progress)

    def validated(self, validation: Row, picture: Images) -> None:
        """Keep it."""
        self.validations.append(validation)
        self.pictures.append(picture)


@dataclass
class Kept:
    """A memory that keeps the state of every step that it is given."""

    states: dict[int, Any] = field(default_factory=dict)
    ends: list[int] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    def save(self, step: int, state: Mapping[str, Any], *, end: bool = False) -> None:
        """Keep a copy."""
        assert set(state["files"]) <= set(self.files)  # kept before what counts on them
        self.states[step] = copy.deepcopy(state)
        self.ends += [step] if end else []

    def newest(self, at_most: int | None = None) -> tuple[int, Any] | None:
        """Return a copy of the last one."""
        steps = [step for step in self.states if at_most is None or step <= at_most]
        return (max(steps), copy.deepcopy(self.states[max(steps)])) if steps else None

    def keep(self, name: str, content: bytes) -> str:
        """Keep a file."""
        self.files[name] = content
        return name

    def kept(self, name: str) -> bytes:
        """Return a file's content."""
        return self.files[name]

    def up_to(self, step: int) -> "Kept":
        """Return a memory that has the state of a step, and the files that it names, alone."""
        state = self.states[step]
        return Kept({step: state}, files={name: self.files[name] for name in state["files"]})


def after(steps: int) -> Any:
    """Return an `interrupted` that says so after so many steps."""
    asked = iter([False] * (steps - 1) + [True])
    return lambda: next(asked)
