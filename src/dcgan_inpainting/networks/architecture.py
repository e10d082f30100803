"""What it takes to build the DCGAN's two networks, as a file beside their weights."""

import json
import math
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from dcgan_inpainting.common.errors import DamagedError
from dcgan_inpainting.common.files import write_text

ARCHITECTURE = "architecture.json"  # in models/

Activation = Literal["relu", "leaky_relu"]
Normalisation = Literal["batch", "spectral", "none"]


class Architecture(BaseModel):
    """All that is needed to build both networks; stored as JSON beside their weights.

    discriminator_norm: batch is Radford et al.'s. With spectral, normalise_spectrally bounds D's
    weights while it is trained, and D has no batch norm, which would scale the bounded layers up
    again: Miyato et al. 2018 put the one in place of the other, and the comparison of Kurach et
    al., "A Large-Scale Study on Regularization and Normalization in GANs", ICML 2019, does so too.
    none is for a discriminator that R1 alone holds (losses.r1_penalty).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    image_size: int = Field(ge=8, le=1024)
    latent_dim: int = Field(ge=1, le=1024)
    width: int = Field(ge=1, le=1024)
    kernel_size: int = Field(ge=3, le=7)
    generator_activation: Activation
    discriminator_activation: Activation
    leaky_slope: float = Field(ge=0, le=1)
    discriminator_norm: Normalisation = "batch"  # files from before there was a choice lack it

    @field_validator("image_size")
    @classmethod
    def _halved_down_to_4(cls, side: int) -> int:
        if side.bit_count() != 1:
            raise ValueError("must be a power of two")
        return side

    @property
    def channels(self) -> list[int]:
        """Channels of the feature maps from full resolution / 2 down to 4×4: w, 2w, 4w …"""
        halvings = int(math.log2(self.image_size)) - 2
        return [self.width * 2**level for level in range(halvings)]

    def save(self, path: Path) -> None:
        """Write this as JSON."""
        write_text(path, json.dumps(self.model_dump(), indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> "Architecture":
        """Read what save wrote.

        Raises:
            DamagedError: the file is missing, or holds something else.
        """
        if not path.is_file():
            raise DamagedError(path, "is missing")
        try:
            return cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            what = f"{key}: {first['msg']}" if key else first["msg"]
            raise DamagedError(path, f"does not describe networks ({what})") from None
