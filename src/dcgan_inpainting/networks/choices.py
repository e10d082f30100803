"""What settings of networks may be: names alone, so that whoever reads them needs no PyTorch."""

from typing import Annotated, Literal

from pydantic import Field

from dcgan_inpainting.common.settings import one_complaint

Fill = Literal["edge", "reflect"]
Augmentation = Literal["color", "translation", "cutout"]
Precision = Literal["auto", "bf16", "float32"]
Devices = Annotated[  # on each machine
    Annotated[int, Field(ge=1, le=1024)] | Literal["all"],
    one_complaint("should be a whole number from 1 to 1024, or all"),
]
Strategy = Literal["auto", "ddp"]
