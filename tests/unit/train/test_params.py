"""The settings of a training: what is refused, and how long it is."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from torch import nn

from dcgan_inpainting.commands.presets import applied, read_preset
from dcgan_inpainting.common.settings import load_params
from dcgan_inpainting.networks.dcgan import Discriminator, Generator
from dcgan_inpainting.train.params import TrainParams
from tests.tiny_training import settings

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("length", [{"images": 5, "epochs": 5}, {"images": None, "epochs": None}])
def test_the_length_is_given_once(length: dict[str, int | None]) -> None:
    with pytest.raises(ValidationError, match=r"set one of train\.images and train\.epochs"):
        settings(**length)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("images", 0),
        ("batch_size", 1),
        ("learning_rate", 0),
        ("beta1", 1),
        ("generator_steps", 0),
        ("loss", "wasserstein"),
        ("label_smoothing", 0.6),
        ("width", 3),
        ("bottom_size", 2),
        ("kernel_size", 2),
        ("kernel_size", 8),
        ("generator_activation", "swish"),
        ("ema_decay", 1),
        ("precision", "fp16"),
        ("discriminator_learning_rate", 0),
        ("discriminator_norm", "layer"),
        ("r1_weight", -1),
        ("r1_every", 0),
        ("augment", ["blur"]),
        ("shift_fill", "wrap"),
        ("select", "best"),
        ("validate_every", 0),
        ("devices", 0),
        ("devices", "some"),
        ("nodes", 0),
        ("strategy", "fsdp"),
        ("seed", -1),
    ],
)
def test_params_out_of_range_are_refused(key: str, value: object) -> None:
    with pytest.raises(ValidationError, match=key):
        settings(**{key: value})


@pytest.mark.parametrize("value", [0, 1025, "some", 1.5, None, [1]])
def test_devices_are_refused_in_one_plain_complaint(value: object) -> None:
    with pytest.raises(ValidationError) as no:
        settings(devices=value)
    (complaint,) = no.value.errors()
    assert complaint["loc"] == ("devices",)
    assert complaint["msg"] == "Value error, should be a whole number from 1 to 1024, or all"


def test_architecture_is_what_the_params_say() -> None:
    architecture = settings(width=12, latent_dim=50, leaky_slope=0.3).architecture(128)
    assert architecture.model_dump() == {
        "image_size": 128,
        "latent_dim": 50,
        "width": 12,
        "kernel_size": 4,
        "generator_activation": "relu",
        "discriminator_activation": "leaky_relu",
        "leaky_slope": 0.3,
        "discriminator_norm": "batch",
        "bottom_size": 4,
    }


def test_the_article_s_preset_is_the_article_s_table() -> None:
    document = applied(read_preset("article", ROOT / "presets"), load_params(ROOT / "params.yaml"))
    params = TrainParams.model_validate(document["train"])
    table = {
        "latent_dim": 100,
        "learning_rate": 0.0002,
        "beta1": 0.5,
        "label_smoothing": 0.1,
        "leaky_slope": 0.2,
        "batch_size": 128,
        "kernel_size": 5,
        "epochs": 10,
        # The article's words: LeakyReLU in G and ReLU in D, sigmoid cross-entropy, one G as it is
        # trained (no average, no augmentation), two G steps for each D step.
        "images": None,
        "bottom_size": 8,
        "generator_activation": "leaky_relu",
        "discriminator_activation": "relu",
        "loss": "cross_entropy",
        "generator_steps": 2,
        "ema_decay": 0,
        "flip": False,
        "shift": 0,
        "augment": (),
        "discriminator_norm": "batch",
        "discriminator_learning_rate": None,
        "r1_weight": 0,
        "select": "last",
    }
    dumped = params.model_dump()
    assert {key: dumped[key] for key in table} == table
    assert document["download"]["source"] == "celeba"
    assert document["crop"]["image_size"] == 64
    architecture = params.architecture(64)
    convolutions = [
        layer
        for network in (Generator(architecture), Discriminator(architecture))
        for layer in network.modules()
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
    ]
    # Figure 2.7: three transposed convolutions lead from the map made of z to the image.
    ends, inner = ((8, 8), (1, 1)), ((5, 5), (2, 2))
    layers = [(layer.kernel_size, layer.stride) for layer in convolutions]
    assert layers == [ends, *[inner] * 3, *[inner] * 3, ends]


@pytest.mark.parametrize(
    ("length", "available", "steps"),
    [
        ({"images": 1}, 1000, 1),
        ({"images": 64}, 1000, 2),
        ({"images": 65}, 1000, 3),
        ({"images": 320}, 5, 10),
        ({"images": None, "epochs": 1}, 1000, 32),  # 31.25: the last batch goes on into the next
        ({"images": None, "epochs": 3}, 96, 9),
        ({"images": None, "epochs": 3}, 5, 1),
    ],
)
def test_steps(length: dict[str, int | None], available: int, steps: int) -> None:
    assert settings(batch_size=32, **length).steps(available) == steps


def test_the_article_s_ten_epochs_of_celeba() -> None:
    """162,770 images of training, by CelebA's list, ten times, in batches of 128."""
    assert settings(images=None, epochs=10, batch_size=128).steps(162_770) == 12_717


@pytest.mark.parametrize(("every", "steps"), [(1, 1), (4, 1), (12, 3), (13, 3), (15, 4)])
def test_validations_come_by_images(every: int, steps: int) -> None:
    assert settings(validate_every=every).steps_between_validations == steps


def test_the_discriminator_s_rate_is_the_generator_s_unless_it_is_given() -> None:
    assert settings().learning_rates == (1e-3, 1e-3)
    assert settings(discriminator_learning_rate=4e-3).learning_rates == (1e-3, 4e-3)
