"""Section `masks` of params.yaml, and lists of kinds wherever a section has one."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from dcgan_inpainting.common.settings import Section, one_of
from dcgan_inpainting.masks.kinds import KINDS

OWN = "file"  # the kind of the user's own masks, which own.read_masks gives


def _each_once(kinds: list[str]) -> list[str]:
    if len(set(kinds)) < len(kinds):
        raise ValueError("each kind may stand in the list once only")
    return kinds


DrawnKinds = Annotated[
    list[Annotated[str, one_of(KINDS)]], Field(min_length=1), AfterValidator(_each_once)
]
Kinds = Annotated[
    list[Annotated[str, one_of((*KINDS, OWN))]], Field(min_length=1), AfterValidator(_each_once)
]


class MasksParams(Section):
    """Section `masks` of params.yaml, where each key is described."""

    kinds: Kinds
    split: Literal["test", "val"]
    images: Annotated[int, Field(ge=1, le=1_000_000)] | None
    folder: Path
    seed: int = Field(ge=0, lt=2**32)
