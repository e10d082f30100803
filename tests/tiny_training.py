"""A training that takes a second, for the tests of training."""

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
from lightning_fabric import Fabric

from dcgan_inpainting.common.frame import Memory
from dcgan_inpainting.common.images import Images
from dcgan_inpainting.networks.distribution import start
from dcgan_inpainting.train.loop import Trained, Weights, fit
from dcgan_inpainting.train.params import TrainParams
from dcgan_inpainting.train.validation import Validator
from tests.heard import Heard

PARAMS: dict[str, Any] = {
    "images": 24,
    "epochs": None,
    "batch_size": 4,
    "learning_rate": 1e-3,
    "discriminator_learning_rate": None,
    "beta1": 0.5,
    "generator_steps": 1,
    "loss": "cross_entropy",
    "label_smoothing": 0.1,
    "r1_weight": 0,
    "r1_every": 2,
    "latent_dim": 8,
    "width": 4,
    "bottom_size": 4,
    "kernel_size": 4,
    "generator_activation": "relu",
    "discriminator_activation": "leaky_relu",
    "discriminator_norm": "batch",
    "leaky_slope": 0.2,
    "flip": True,
    "shift": 2,
    "shift_fill": "reflect",
    "augment": [],
    "ema_decay": 0.9,
    "validate_every": 12,
    "select": "last",
    "samples": 4,
    "precision": "float32",
    "devices": 1,
    "nodes": 1,
    "strategy": "auto",
    "seed": 1,
}


def settings(**changes: object) -> TrainParams:
    """Return the tiny training's settings with changes."""
    return TrainParams.model_validate({**PARAMS, **changes})


def faces(count: int = 10, seed: int = 0) -> Images:
    """Return noise in the shape of faces, uint8, count×32×32×3."""
    return np.random.default_rng(seed).integers(0, 256, (count, 32, 32, 3)).astype(np.uint8)


def one_process() -> Fabric:
    """Return Fabric for one CPU process in float32."""
    return start(1, 1, "auto", "float32")


def train(
    on: Images | None = None,
    /,
    *,
    memory: Memory | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    heard: Heard | None = None,
    **changes: object,
) -> tuple[Trained, Heard]:
    """Train on noise, or on the images given, and return what came of it."""
    images = faces() if on is None else on
    params = settings(**changes)
    heard = Heard() if heard is None else heard
    trained = fit(
        images,
        Validator(images, faces(6, seed=1), params),
        params,
        start(1, 1, params.strategy, params.precision),
        observer=heard,
        memory=memory,
        interrupted=interrupted,
    )
    assert trained is not None
    return trained, heard


def digest(weights: Weights) -> str:
    """Return an md5 of all weights."""
    total = hashlib.md5(usedforsecurity=False)
    for network in sorted(weights):
        for name, value in sorted(weights[network].items()):
            total.update(name.encode())
            total.update(value.contiguous().numpy().tobytes())
    return total.hexdigest()
