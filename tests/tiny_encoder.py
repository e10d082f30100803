"""An encoder of tiny networks that does more than one fresh from its start, and its training."""

import copy
import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from dcgan_inpainting.common.frame import Memory
from dcgan_inpainting.common.images import Images, Known
from dcgan_inpainting.encoder.params import EncoderParams
from dcgan_inpainting.encoder.training import train_encoder
from dcgan_inpainting.encoder.validation import Validator
from dcgan_inpainting.networks.dcgan import Discriminator, Generator
from dcgan_inpainting.networks.tensors import to_uint8
from dcgan_inpainting.networks.unet import ENCODER, UNet, load_unet
from dcgan_inpainting.networks.weights import load_trained
from dcgan_inpainting.training.history import History
from tests.heard import Heard
from tests.tiny_model import SIDE, write_models

PARAMS: dict[str, Any] = {
    "images": 24,
    "kinds": [
        *("center", "pattern", "random", "half"),
        *("strokes_thin", "strokes_medium", "strokes_thick"),
    ],
    "batch_size": 4,
    "learning_rate": 0.02,
    "feature_weight": 7.0,
    "latent_weight": 0.015,
    "flip": True,
    "shift": 2,
    "shift_fill": "reflect",
    "validate_every": 8,
    "precision": "float32",
    "seed": 1,
}


def settings(**changes: object) -> EncoderParams:
    """Return the tiny training's settings with changes."""
    return EncoderParams.model_validate({**PARAMS, **changes})


def networks() -> tuple[Generator, Discriminator, UNet]:
    """Return tiny networks in evaluation mode; the encoder corrects every block's features."""
    return copy.deepcopy(_networks())


@cache
def _networks() -> tuple[Generator, Discriminator, UNet]:
    with TemporaryDirectory() as folder:
        models = write_models(Path(folder) / "models")
        generator, discriminator = load_trained(models)
        encoder = load_unet(models, ENCODER)
    rng = torch.Generator().manual_seed(7)
    with torch.no_grad():
        encoder.z.weight.mul_(40)
        for correct in encoder.corrections:
            correct[-1].weight.normal_(0, 0.3, generator=rng)
        encoder.train()
        for _ in range(5):  # so that batch norm has statistics of its own
            encoder(*damaged(16, rng))
    return generator, discriminator, encoder.eval()


def damaged(count: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return noise in the shape of images, count×3×SIDE×SIDE, and masks, 1 = known, 0 = hole."""
    images = 2 * torch.rand(count, 3, SIDE, SIDE, generator=rng) - 1
    known = torch.ones(count, 1, SIDE, SIDE)
    corners = torch.randint(SIDE // 2, (count, 2), generator=rng)
    for mask, (top, left) in zip(known, corners, strict=True):
        mask[:, top : top + SIDE // 2, left : left + SIDE // 2] = 0
    return images, known


def faces(count: int = 10, seed: int = 0) -> Images:
    """Return images that the tiny generator makes, uint8, count×SIDE×SIDE×3."""
    generator, _, _ = networks()
    z = torch.randn(count, generator.latent_dim, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        return to_uint8(generator(z))


def holes(count: int) -> Known:
    """Return masks, count×SIDE×SIDE, True = known: a square at another place in each."""
    _, known = damaged(count, torch.Generator().manual_seed(4))
    return known[:, 0].bool().numpy()


def train(
    *,
    memory: Memory | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    heard: Heard | None = None,
    on: Images | None = None,
    **changes: object,
) -> tuple[UNet, History]:
    """Train for the tiny generator, on images that it makes or on those given."""
    params = settings(**changes)
    generator, discriminator, _ = networks()
    return train_encoder(
        faces() if on is None else on,
        Validator(faces(2, seed=1), params.kinds, params.precision, params.seed),
        generator,
        discriminator,
        params,
        observer=heard,
        memory=memory,
        interrupted=interrupted,
    )


def digest(encoder: UNet) -> str:
    """Return an md5 of all weights and statistics."""
    total = hashlib.md5(usedforsecurity=False)
    for name, value in sorted(encoder.state_dict().items()):
        total.update(name.encode())
        total.update(value.cpu().contiguous().numpy().tobytes())
    return total.hexdigest()
