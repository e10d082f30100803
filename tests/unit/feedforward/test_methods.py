"""Networks that fill holes in one pass, as methods."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from dcgan_inpainting.common.images import Images
from dcgan_inpainting.feedforward.methods import FEEDFORWARD, as_method
from dcgan_inpainting.inpaint.restoration import restore
from dcgan_inpainting.networks.unet import ENCODER, load_unet
from dcgan_inpainting.networks.weights import load_trained
from tests.tiny_encoder import faces, holes
from tests.tiny_model import write_models
from tests.tiny_search import settings


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return write_models(tmp_path / "models")


def hidden(images: Images, level: int) -> Images:
    """Return images with a grey level in their holes."""
    return np.where(holes(len(images))[..., None], images, np.uint8(level))


@pytest.mark.parametrize("name", FEEDFORWARD)
def test_only_holes_change_and_by_what_is_known(name: str, models: Path) -> None:
    images, known = faces(5), holes(5)
    method = as_method(FEEDFORWARD[name](models), settings(batch_size=2, blending="poisson"))
    filled = method(hidden(images, 0), known)
    assert filled.dtype == np.uint8
    assert np.array_equal(filled[known], images[known])
    assert np.array_equal(filled, method(hidden(images, 255), known))
    assert (filled != hidden(images, 0)).any(axis=(1, 2, 3)).all()


@pytest.mark.parametrize("name", FEEDFORWARD)
def test_which_images_are_filled_together_changes_little(name: str, models: Path) -> None:
    """A matrix product may round its last digit another way."""
    images, known = faces(5), holes(5)
    fill = FEEDFORWARD[name](models)
    one, all_at_once = (as_method(fill, settings(batch_size=size)) for size in (1, 8))
    apart = one(images, known).astype(int) - all_at_once(images, known)
    assert np.abs(apart).max() <= 1


def test_the_encoder_is_the_search_s_encoder_without_a_search(models: Path) -> None:
    images, known = faces(4), holes(4)
    params = settings(encoder_share=1.0, blending="poisson")
    alone = as_method(FEEDFORWARD["encoder"](models), params)(images, known)
    networks = load_trained(models)
    found = restore(images, known, *networks, params, encoder=load_unet(models, ENCODER))
    assert np.array_equal(alone, found.composite)


def test_the_networks_differ(models: Path) -> None:
    images, known = faces(4), holes(4)
    unet, encoder = (
        as_method(fill(models), settings())(images, known) for fill in FEEDFORWARD.values()
    )
    assert (unet != encoder).any()


def grey(damaged: Tensor, _known: Tensor) -> Tensor:
    return torch.full_like(damaged, 0.1)


def test_blending_is_that_of_the_settings() -> None:
    images, known = faces(4), holes(4)
    pasted, blended = (
        as_method(grey, settings(blending=name))(images, known) for name in ("paste", "tension")
    )
    assert (pasted[~known] == pasted[~known][0]).all()
    assert (pasted != blended).any()
