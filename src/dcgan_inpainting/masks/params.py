"""Section `masks` of params.yaml, and lists of kinds wherever a section has one."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from dcgan_inpainting.common.settings import Section, each_once
from dcgan_inpainting.masks.kinds import kind_and_number

# Beyond those of the test, of what the encoder learns and of what it is validated on.
TUNING_SEED = 3 * 2**64
OWN = "file"  # the kind of the user's own masks, which own.read_masks gives


def _drawn(name: str) -> str:
    kind_and_number(name)
    return name


def _drawn_or_own(name: str) -> str:
    try:
        return name if name == OWN else _drawn(name)
    except ValueError as error:
        raise ValueError(f"{error} or {OWN}") from None


# How large a number may be where the images are smaller than the largest, check.consistency says.
DrawnKinds = Annotated[
    list[Annotated[str, AfterValidator(_drawn)]], Field(min_length=1), AfterValidator(each_once)
]
Kinds = Annotated[
    list[Annotated[str, AfterValidator(_drawn_or_own)]],
    Field(min_length=1),
    AfterValidator(each_once),
]


class MasksParams(Section):
    """Section `masks` of params.yaml, where each key is described."""

    kinds: Kinds
    split: Literal["test", "val"]
    images: Annotated[int, Field(ge=1, le=1_000_000)] | None
    folder: Path
    seed: int = Field(ge=0, lt=2**32)

    @property
    def stream(self) -> int:
        """The seed of the masks: what is tuned on validation images is tested on other masks."""
        return self.seed + (TUNING_SEED if self.split == "val" else 0)
