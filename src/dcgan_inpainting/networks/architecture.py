"""What it takes to build the DCGAN's two networks, as a file beside their weights."""

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from dcgan_inpainting.common.errors import DamagedError
from dcgan_inpainting.common.files import write_text

ARCHITECTURE = "architecture.json"  # in models/

Activation = Literal["relu", "leaky_relu"]
Normalisation = Literal["batch", "spectral", "none"]
BottomSize = Literal[4, 8, 16]


class Architecture(BaseModel):
    """All that is needed to build both networks; stored as JSON beside their weights.

    discriminator_norm: batch is Radford et al.'s. With spectral, normalise_spectrally bounds D's
    weights while it is trained, and D has no batch norm, which would scale the bounded layers up
    again: Miyato et al. 2018 put the one in place of the other, and the comparison of Kurach et
    al., "A Large-Scale Study on Regularization and Normalization in GANs", ICML 2019, does so too.
    none is for a discriminator that R1 alone holds (losses.r1_penalty).

    bottom_size: side of the smallest feature maps, which G makes of z and D makes its logit of. The
    smaller it is, the more halvings lie between it and the image. 4 is Radford et al.'s.
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

    bottom_size: BottomSize = 4

    @model_validator(mode="after")
    def _halved_down_to_the_bottom(self) -> "Architecture":
        if self.image_size.bit_count() != 1:
            raise ValueError("image_size must be a power of two")
        if self.image_size <= self.bottom_size:
            raise ValueError(
                f"bottom_size is {self.bottom_size}, and images of {self.image_size} pixels have "
                "no smaller feature map: it must be less"
            )
        return self

    @property
    def channels(self) -> list[int]:
        """Channels of the feature maps from full resolution / 2 down to the bottom: w, 2w, 4w …"""
        halvings = (self.image_size // self.bottom_size).bit_length() - 1
        return [self.width * 2**level for level in range(halvings)]

    def save(self, path: Path) -> None:
        """Write this as JSON."""
        # Files from before there was a choice lack bottom_size, and those of the default stay as
        # they were, byte for byte: what depends on the file is not made again.
        left_out = {"bottom_size"} if self.bottom_size == 4 else None
        write_text(path, json.dumps(self.model_dump(exclude=left_out), indent=2) + "\n")

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
