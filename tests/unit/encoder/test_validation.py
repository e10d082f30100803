"""How well an encoder alone fills holes: its figures and its picture, on answers that are known."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dcgan_inpainting.common.images import Images
from dcgan_inpainting.encoder import validation
from dcgan_inpainting.encoder.holes import VALIDATION_SEED
from dcgan_inpainting.encoder.training import History
from dcgan_inpainting.encoder.validation import SHOWN, Validation, Validator
from dcgan_inpainting.masks.kinds import KINDS, make_masks
from dcgan_inpainting.networks.tensors import to_tensor
from tests.tiny_encoder import Kept, faces, networks, same, train


class Known(nn.Module):
    """An encoder whose images are known; it notes what it is asked."""

    def __init__(self, images: Images) -> None:
        super().__init__()
        self._images = to_tensor(images)
        self.asked: list[tuple[Tensor, Tensor]] = []

    def forward(self, damaged: Tensor, known: Tensor, _generator: nn.Module) -> Any:
        self.asked.append((damaged, known))
        return None, self._images


def noise(count: int, seed: int) -> Images:
    return np.random.default_rng(seed).integers(0, 256, (count, 32, 32, 3)).astype(np.uint8)


def validate(whole: Images, made: Images, seed: int = 3) -> Validation:
    return Validator(whole, list(KINDS), "float32", seed)(Known(made), networks()[0], 5, 20)


def test_psnr_is_the_mean_over_images_of_the_hole_s_alone() -> None:
    whole, made = noise(5, 1), noise(5, 2)
    seen = validate(whole, made)
    assert (seen.step, seen.images) == (5, 20)
    assert list(seen.psnr) == list(KINDS)
    for kind in KINDS:
        known = make_masks(kind, 5, 32, VALIDATION_SEED + 3)
        expected = []
        for image in range(5):
            hole = ~known[image]
            errors = (made[image][hole].astype(float) - whole[image][hole].astype(float)) / 255
            expected.append(10 * np.log10(1 / np.mean(errors**2)))
        assert seen.psnr[kind] == pytest.approx(np.mean(expected), rel=1e-9)
    assert seen.row() == {"step": 5, "images": 20, **seen.psnr}


def test_errors_of_known_pixels_count_nothing() -> None:
    """Only the middle square is right, so only the hole that is this square is filled exactly."""
    whole = noise(3, 1)
    made = 255 - whole
    made[:, 8:24, 8:24] = whole[:, 8:24, 8:24]
    psnr = validate(whole, made).psnr
    assert psnr.pop("center") == pytest.approx(100)  # as much as there can be
    assert max(psnr.values()) < 40


def test_the_encoder_is_asked_for_all_kinds_of_the_first_faces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(validation, "FACES", 6)
    whole = noise(9, 1)
    encoder = Known(whole[:6])
    Validator(whole, list(KINDS), "float32", 3)(encoder, networks()[0], 0, 0)
    for (damaged, known), kind in zip(encoder.asked, KINDS, strict=True):
        assert torch.equal(damaged, to_tensor(whole[:6]))
        drawn = make_masks(kind, 6, 32, VALIDATION_SEED + 3)
        assert np.array_equal(known[:, 0].numpy(), drawn.astype(np.float32))


def test_the_picture_shows_each_face_whole_damaged_and_filled() -> None:
    whole, made = noise(5, 1), noise(5, 2)
    shown = validate(whole, made).faces
    assert shown.shape == (len(KINDS) * SHOWN * 3, 32, 32, 3)
    assert shown.dtype == np.uint8
    sets = shown.reshape(len(KINDS), SHOWN, 3, 32, 32, 3)
    for kind, pictures in zip(KINDS, sets, strict=True):
        known = make_masks(kind, SHOWN, 32, VALIDATION_SEED + 3)
        assert np.array_equal(pictures[:, 0], whole[:SHOWN])
        assert np.array_equal(pictures[:, 1][known], whole[:SHOWN][known])
        assert (pictures[:, 1][~known] == 128).all()
        assert np.array_equal(pictures[:, 2], made[:SHOWN])


def test_a_validation_comes_back_from_its_state() -> None:
    seen = validate(noise(5, 1), noise(5, 2))
    again = Validation.of_state(seen.state_dict())
    assert again.row() == seen.row()
    assert np.array_equal(again.faces, seen.faces)
    assert again.faces.dtype == np.uint8


def test_a_history_comes_back_from_its_state() -> None:
    kept = Kept()
    _, told = train(memory=kept, on=faces(4))
    assert len(told.progress) == 6
    assert same(History.of_state(told.state_dict()), told)
