"""The training of the U-Net: what it learns, and that nothing but holes teaches it."""

import copy

import numpy as np
import pytest
import torch

from dcgan_inpainting.common.seeds import Purpose, generator_for
from dcgan_inpainting.encoder import holes, training
from dcgan_inpainting.encoder.validation import Validator
from dcgan_inpainting.networks.unet import UNet, initialise_unet
from dcgan_inpainting.training import loop
from dcgan_inpainting.training.history import History, figures_of
from dcgan_inpainting.unet.training import train_unet
from tests.heard import Kept
from tests.tiny_encoder import damaged, digest, faces, settings
from tests.tiny_model import tiny_architecture


@pytest.fixture(autouse=True)
def few_holes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holes, "OF_EACH_KIND", 8)


def train(memory: Kept | None = None, **changes: object) -> tuple[UNet, History]:
    params = settings(**changes)
    validator = Validator(faces(2, seed=1), params.kinds, params.precision, params.seed)
    return train_unet(faces(), validator, tiny_architecture(), params, memory=memory)


def fresh(seed: int = 1) -> UNet:
    unet = UNet(tiny_architecture())
    initialise_unet(unet, generator_for(Purpose.UNET, seed))
    return unet


def test_a_training_learns_to_fill_holes() -> None:
    unet, history = train(images=480, batch_size=8, learning_rate=0.2, shift=0, validate_every=240)
    first, *_, last = map(figures_of, history.validations)
    assert np.mean([*last.values()]) > np.mean([*first.values()]) + 1
    assert not unet.training


def test_all_its_layers_learn_the_decoder_s_too() -> None:
    unet, _ = train()
    before = dict(fresh().named_parameters())
    # The first step moves no layer behind one whose weights are zero at the start.
    still = [name for name, value in unet.named_parameters() if torch.equal(value, before[name])]
    assert still == []


def test_nothing_but_the_holes_error_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    usual, _ = train()
    heavy, _ = train(feature_weight=100.0, latent_weight=10.0)
    assert digest(usual) == digest(heavy)
    monkeypatch.setattr(training, "psnr_of", lambda made, *_: 0 * made.sum())
    still, _ = train()
    assert all(map(torch.equal, still.parameters(), fresh().parameters()))


def test_from_every_checkpoint_a_training_ends_with_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop, "SAVE_SECONDS", -1.0)
    kept = Kept()
    whole, told = train(kept)
    assert list(kept.states) == [0, 1, 2, 3, 4, 5, 6]
    for step in (0, 3, 6):
        unet, history = train(copy.deepcopy(kept).up_to(step))
        assert digest(unet) == digest(whole)
        assert history == told


def test_what_stands_in_the_hole_never_matters_and_known_pixels_stay() -> None:
    unet, _ = train()
    images, known = damaged(3, torch.Generator().manual_seed(2))
    with torch.no_grad():
        made = unet(images, known)
        again = unet(torch.where(known.bool(), images, 100 * images.flip(0)), known)
    assert torch.equal(made, again)
    kept = known.bool().expand_as(images)
    torch.testing.assert_close(made[kept], images[kept], rtol=0, atol=1e-6)
    assert (made != images)[~kept].all()
