"""Section `train` of params.yaml."""

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from dcgan_inpainting.common.settings import Section
from dcgan_inpainting.networks.architecture import (
    Activation,
    Architecture,
    BottomSize,
    Normalisation,
)
from dcgan_inpainting.networks.choices import Augmentation, Devices, Fill, Precision, Strategy

Loss = Literal["cross_entropy", "hinge"]

# What a training's length changes nothing about: a longer one goes on where a shorter one ended.
LENGTH = {"images", "epochs"}


class TrainParams(Section):
    """The settings of a training; each key is described in params.yaml."""

    images: Annotated[int, Field(ge=1, le=10**10)] | None
    epochs: Annotated[int, Field(ge=1, le=100_000)] | None
    batch_size: int = Field(ge=2, le=65_536)
    learning_rate: float = Field(gt=0, le=0.1)
    discriminator_learning_rate: Annotated[float, Field(gt=0, le=0.1)] | None
    beta1: float = Field(ge=0, le=0.999)
    generator_steps: int = Field(ge=1, le=10)
    loss: Loss
    label_smoothing: float = Field(ge=0, le=0.5)
    r1_weight: float = Field(ge=0, le=1000)
    r1_every: int = Field(ge=1, le=1000)
    latent_dim: int = Field(ge=1, le=1024)
    width: int = Field(ge=4, le=256)
    bottom_size: BottomSize
    kernel_size: int = Field(ge=3, le=7)
    generator_activation: Activation
    discriminator_activation: Activation
    discriminator_norm: Normalisation
    leaky_slope: float = Field(ge=0, le=1)
    flip: bool
    shift: int = Field(ge=0, le=16)
    shift_fill: Fill
    augment: tuple[Augmentation, ...]
    ema_decay: float = Field(ge=0, le=0.99999)
    select: Literal["swd", "reconstruction", "last"]
    precision: Precision
    devices: Devices
    nodes: int = Field(ge=1, le=10_000)
    strategy: Strategy
    samples: int = Field(ge=1, le=256)
    validate_every: int = Field(ge=1, le=10**10)
    seed: int = Field(ge=0, lt=2**32)

    @model_validator(mode="after")
    def _one_length(self) -> "TrainParams":
        if (self.images is None) == (self.epochs is None):
            raise ValueError("set one of train.images and train.epochs, and the other to null")
        return self

    def architecture(self, image_size: int) -> Architecture:
        """Return the networks' description for images of this side in pixels."""
        keys = Architecture.model_fields.keys() - {"image_size"}
        return Architecture(image_size=image_size, **self.model_dump(include=set(keys)))

    def steps(self, available: int) -> int:
        """Return how many discriminator steps the training takes with `available` images."""
        images = self.images if self.epochs is None else self.epochs * available
        assert images is not None
        return math.ceil(images / self.batch_size)

    @property
    def steps_between_validations(self) -> int:
        """How many steps lie between two validations, at least one."""
        return max(1, round(self.validate_every / self.batch_size))

    @property
    def learning_rates(self) -> tuple[float, float]:
        """Adam's step for the generator and for the discriminator.

        Two different ones: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge
        to a Local Nash Equilibrium", NeurIPS 2017.
        """
        return self.learning_rate, self.discriminator_learning_rate or self.learning_rate
