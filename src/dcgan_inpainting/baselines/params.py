"""Section `baselines` of params.yaml."""

from typing import Annotated

from pydantic import AfterValidator, Field

from dcgan_inpainting.baselines.methods import BASELINES
from dcgan_inpainting.common.settings import Section, each_once, one_of


class BaselinesParams(Section):
    """What to compare with; each key is described in params.yaml."""

    methods: Annotated[
        list[Annotated[str, one_of(BASELINES)]], Field(min_length=1), AfterValidator(each_once)
    ]
