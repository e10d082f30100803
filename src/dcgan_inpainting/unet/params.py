"""Section `unet` of params.yaml."""

from pydantic import Field

from dcgan_inpainting.common.settings import Section


class UNetParams(Section):
    """The settings of the U-Net's training; what is not here is as in the section encoder."""

    images: int = Field(ge=0, le=10**10)
