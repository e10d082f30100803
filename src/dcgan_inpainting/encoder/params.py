"""Section `encoder` of params.yaml."""

import math

from pydantic import Field

from dcgan_inpainting.common.settings import Section
from dcgan_inpainting.masks.params import DrawnKinds
from dcgan_inpainting.networks.choices import Fill, Precision

# What the training's length does change: its rate falls to zero at the end. So, other than the
# DCGAN's, a longer one begins anew.


class EncoderParams(Section):
    """The settings of the encoder's training; each key is described in params.yaml."""

    images: int = Field(ge=0, le=10**10)
    kinds: DrawnKinds
    batch_size: int = Field(ge=2, le=65_536)
    learning_rate: float = Field(gt=0, le=1)
    feature_weight: float = Field(ge=0, le=1000)
    latent_weight: float = Field(ge=0, le=100)
    flip: bool
    shift: int = Field(ge=0, le=16)
    shift_fill: Fill
    validate_every: int = Field(ge=1, le=10**10)
    precision: Precision
    seed: int = Field(ge=0, lt=2**32)

    @property
    def steps(self) -> int:
        """How many steps the training takes."""
        return math.ceil(self.images / self.batch_size)

    @property
    def steps_between_validations(self) -> int:
        """How many steps lie between two validations, at least one."""
        return max(1, round(self.validate_every / self.batch_size))
