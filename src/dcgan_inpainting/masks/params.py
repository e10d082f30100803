"""Section `masks` of params.yaml, and lists of kinds wherever a section has one."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from dcgan_inpainting.common.settings import Section, each_once, one_of
from dcgan_inpainting.masks.kinds import KINDS

OWN = "file"  # the kind of the user's own masks, which own.read_masks gives


DrawnKinds = Annotated[
    list[Annotated[str, one_of(KINDS)]], Field(min_length=1), AfterValidator(each_once)
]
Kinds = Annotated[
    list[Annotated[str, one_of((*KINDS, OWN))]], Field(min_length=1), AfterValidator(each_once)
]


class MasksParams(Section):
    """Section `masks` of params.yaml, where each key is described."""

    kinds: Kinds
    split: Literal["test", "val"]
    images: Annotated[int, Field(ge=1, le=1_000_000)] | None
    folder: Path
    seed: int = Field(ge=0, lt=2**32)
