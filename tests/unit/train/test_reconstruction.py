"""Reconstruction: what a generator can make it finds, and what it can't it does not."""

import numpy as np
import pytest
import torch

from dcgan_inpainting.common.images import Images
from dcgan_inpainting.networks.dcgan import Generator
from dcgan_inpainting.networks.tensors import to_uint8
from dcgan_inpainting.networks.weights import load_trained
from dcgan_inpainting.train import reconstruction
from dcgan_inpainting.train.reconstruction import reconstruct
from tests.tiny_model import write_models


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Generator:
    return load_trained(write_models(tmp_path_factory.mktemp("models") / "models"))[0]


def made_by(generator: Generator, count: int) -> Images:
    z = torch.randn(count, generator.latent_dim, generator=torch.Generator().manual_seed(9))
    with torch.no_grad():
        return to_uint8(generator(z))


def test_its_own_images_are_found_again(generator: Generator) -> None:
    images = made_by(generator, 6)
    found = reconstruct(images, generator, "float32", seed=1)
    assert found.images.shape == images.shape
    assert found.images.dtype == np.uint8
    noise = np.random.default_rng(0).integers(0, 256, images.shape, dtype=np.uint8)
    strange = reconstruct(noise, generator, "float32", seed=1)
    assert found.psnr.min() > strange.psnr.max() + 5


def test_psnr_is_that_of_what_was_found(generator: Generator) -> None:
    from skimage.metrics import peak_signal_noise_ratio

    images = made_by(generator, 3)
    found = reconstruct(images, generator, "float32", seed=1)
    for image, made, psnr in zip(images, found.images, found.psnr, strict=True):
        assert psnr == pytest.approx(peak_signal_noise_ratio(image, made, data_range=255))


def test_the_search_gets_nearer_than_its_start(
    generator: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = made_by(generator, 6)
    found = reconstruct(images, generator, "float32", seed=1)
    monkeypatch.setattr(reconstruction, "STEPS", 0)
    start = reconstruct(images, generator, "float32", seed=1)
    assert (found.psnr > start.psnr).all()


def test_an_image_is_found_alike_alone_and_among_others(generator: Generator) -> None:
    images = made_by(generator, 5)
    together = reconstruct(images, generator, "float32", seed=1)
    alone = reconstruct(images[2:3], generator, "float32", seed=1)
    assert together.psnr[2] == pytest.approx(alone.psnr[0], abs=0.3)


def test_the_generator_is_not_changed(generator: Generator) -> None:
    before = {name: value.clone() for name, value in generator.state_dict().items()}
    reconstruct(made_by(generator, 2), generator, "bf16", seed=1)
    for name, value in generator.state_dict().items():
        assert torch.equal(value, before[name])
