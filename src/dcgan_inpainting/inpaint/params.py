"""Section `inpaint` of params.yaml, and the methods that it may name."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from dcgan_inpainting.common.settings import Section, one_of
from dcgan_inpainting.networks.choices import Devices, Precision

Blending = Literal["paste", "poisson", "tension"]
Distance = Literal["l1", "l2"]
Prior = Literal["log_one_minus_d", "minus_log_d", "none"]

SHARING = {"devices", "nodes"}  # settings on which no result depends

# Section 4 of the paper: one random start for each image, 1,500 steps of Adam, 7×7 weights by the
# neighbours that exist, without a floor, prior weight 0.003, z kept within ±1, Poisson blending. It
# does not give Adam's step; 0.01 is what public implementations use. Nor does it say which iterate
# is the answer: here it is the best by the objective, as for every method (best_iterate.py); the
# authors' code (moodoki/semantic_image_inpainting) takes the last image that it made. Its precision
# is the machine's, as everywhere: bf16 finds what float32 does, in half the time.
YEH: Mapping[str, Any] = {
    "start": "random",
    "starts": 1,
    "shared_starts": False,
    "steps": 1500,
    "depth": 0,
    "candidates": 1,
    "answer": "best",
    "encoder_share": 0.0,
    "optimizer": "adam",
    "learning_rate": 0.01,
    "schedule": "constant",
    "distance": "l1",
    "weights": "neighbours_inside",
    "window": 7,
    "weight_floor": 0.0,
    "prior": "log_one_minus_d",
    "prior_weight": 0.003,
    "latent_weight": 0.0,
    "clip": 1.0,
    "blending": "poisson",
}

# The methods of the search, each by the settings that it fixes, whatever stands in params.yaml: a
# new one is a dictionary and a line here.
METHODS: Mapping[str, Mapping[str, Any]] = {
    "latent": {},
    "yeh": YEH,
}


class InpaintParams(Section):
    """The settings of the search; each key is described in params.yaml."""

    method: Annotated[str, one_of(METHODS)]
    start: Literal["encoder", "random"]
    starts: int = Field(ge=1, le=100_000)
    shared_starts: bool = True  # models from before there was a choice lack it
    steps: int = Field(ge=0, le=100_000)
    depth: int = Field(ge=0, le=6)
    depth_steps: int = Field(ge=1, le=100_000)
    correction_weight: float = Field(ge=0, le=1000)
    candidates: int = Field(ge=1, le=64)
    answer: Literal["best", "mean"]
    encoder_share: float = Field(ge=0, le=1)
    optimizer: Literal["adam", "nesterov"]
    learning_rate: float = Field(gt=0, le=10)
    schedule: Literal["cosine", "constant"]
    distance: Distance
    weights: Literal["neighbours", "neighbours_inside", "uniform"]
    window: int = Field(ge=3, le=63)
    weight_floor: float = Field(ge=0, le=1)
    prior: Prior
    prior_weight: float = Field(ge=0, le=100)
    latent_weight: float = Field(ge=0, le=1000)
    clip: Annotated[float, Field(ge=0.1, le=100)] | None
    blending: Blending
    batch_size: int = Field(ge=1, le=4096)
    precision: Precision
    devices: Devices = 1
    nodes: int = Field(default=1, ge=1, le=10_000)
    seed: int = Field(ge=0, lt=2**32)

    @field_validator("window")
    @classmethod
    def _has_a_middle(cls, window: int) -> int:
        if window % 2 == 0:
            raise ValueError("the window's side must be odd, so that it has a middle")
        return window

    @model_validator(mode="after")
    def _candidates_start_apart(self) -> Self:
        used = self.resolved()
        if used.candidates > used.starts:
            raise ValueError(
                f"candidates is {used.candidates}, and each begins at another random z, of which "
                f"starts tries {used.starts}: more starts are needed, or fewer candidates"
            )
        return self

    @property
    def images_at_once(self) -> int:
        """How many images a batch has: batch_size counts points, and an image has several."""
        return max(1, self.batch_size // self.candidates)

    @property
    def uses_encoder(self) -> bool:
        """Whether these settings, if they are resolved, need an encoder."""
        return self.start == "encoder" or self.encoder_share > 0

    @property
    def phases(self) -> list[int]:
        """The search's steps in each phase: z alone, then one block's features more each."""
        return [self.steps, *[self.depth_steps] * self.depth]

    def resolved(self) -> "InpaintParams":
        """Return the settings to use: these, but for those that the method fixes."""
        return self.model_copy(update=METHODS[self.method])
