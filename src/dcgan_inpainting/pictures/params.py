"""Section `pictures` of params.yaml."""

from pydantic import Field

from dcgan_inpainting.common.settings import Section


class PicturesParams(Section):
    """How much is shown; each key is described in params.yaml."""

    gallery: int = Field(ge=1, le=64)
