"""Tiny networks as the stage train leaves them, for the tests of the model in MLflow."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from dcgan_inpainting.common.images import Images, Known
from dcgan_inpainting.inpaint.params import InpaintParams
from dcgan_inpainting.inpaint.restoration import restore
from dcgan_inpainting.networks.architecture import Architecture
from dcgan_inpainting.networks.averaging import recalibrate
from dcgan_inpainting.networks.dcgan import Discriminator, Generator, initialise
from dcgan_inpainting.networks.unet import ENCODER, UNET, UNet, initialise_unet, load_unet
from dcgan_inpainting.networks.weights import load_trained, save_weights
from dcgan_inpainting.tracking.registry import publish

SIDE = 32

# All that a search may use: a prior that asks the discriminator, the processor's own precision.
SETTINGS: dict[str, Any] = {
    "method": "latent",
    "start": "encoder",
    "starts": 8,
    "steps": 3,
    "depth": 2,
    "depth_steps": 2,
    "correction_weight": 1.0,
    "candidates": 1,
    "answer": "best",
    "encoder_share": 0.5,
    "optimizer": "adam",
    "learning_rate": 0.05,
    "schedule": "cosine",
    "distance": "l2",
    "weights": "neighbours",
    "window": 7,
    "weight_floor": 0.2,
    "prior": "minus_log_d",
    "prior_weight": 1.0,
    "latent_weight": 1.0,
    "clip": None,
    "blending": "poisson",
    "batch_size": 2,
    "precision": "auto",
    "seed": 3,
}
PARAMS = InpaintParams.model_validate(SETTINGS)


def tiny_architecture(**changes: object) -> Architecture:
    """Return the description of networks that take no time, with changes."""
    values = {
        "image_size": SIDE,
        "latent_dim": 6,
        "width": 4,
        "kernel_size": 4,
        "generator_activation": "relu",
        "discriminator_activation": "leaky_relu",
        "leaky_slope": 0.2,
    }
    return Architecture.model_validate({**values, **changes})


def write_models(folder: Path, seed: int = 0, architecture: Architecture | None = None) -> Path:
    """Write the files of models/ with random weights, and one more, as there is; return it."""
    folder.mkdir(parents=True)
    architecture = architecture or tiny_architecture(latent_dim=8)
    generator, discriminator = Generator(architecture), Discriminator(architecture)
    rng = torch.Generator().manual_seed(seed)
    for network in (generator, discriminator):
        initialise(network, rng)
    with torch.no_grad():  # a contrast as of a trained generator
        generator.blocks[-1][0].weight.mul_(8)
    recalibrate(generator, torch.randn(4, 64, generator.latent_dim, generator=rng))
    architecture.save(folder / "architecture.json")
    for name in ("generator", "generator_average"):
        save_weights(generator, folder / f"{name}.safetensors")
    save_weights(discriminator, folder / "discriminator.safetensors")
    for name in (ENCODER, UNET):
        unet = UNet(architecture)
        initialise_unet(unet, rng)
        if name == ENCODER:
            unet.decoder.load_state_dict(generator.state_dict())
        save_weights(unet, folder / name)
    return folder


def restored(images: Images, known: Known, models: Path) -> Images:
    """Return what the search makes of images, with the networks of a folder and PARAMS."""
    networks, encoder = load_trained(models), load_unet(models, ENCODER)
    return restore(images, known, *networks, PARAMS, encoder=encoder).composite


def publish_two(folder: Path) -> tuple[str, Path]:
    """Publish a champion and a version that is none; return the store and the champion's models."""
    from mlflow import MlflowClient

    uri = f"sqlite:///{folder}/mlflow.db"
    client = MlflowClient(uri)
    experiment = client.create_experiment("tests", (folder / "mlruns").as_uri())
    for seed, headline in enumerate((20.0, 10.0)):
        publish(
            client,
            client.create_run(experiment).info.run_id,
            write_models(folder / f"models {seed}", seed),
            SETTINGS,
            headline=headline,
            test="one",
            source="drawn",
            lock=folder / "lock",
        )
    return uri, folder / "models 0"


def images_and_masks(count: int, side: int = SIDE) -> tuple[Images, Images]:
    """Return random images (uint8, count×side×side×3) and masks (uint8, 0 = known, 255 = hole)."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    masks = np.zeros((count, side, side), np.uint8)
    for mask in masks:
        top, left = rng.integers(0, side // 2, 2)
        mask[top : top + side // 2, left : left + side // 2] = 255
    return images, masks
