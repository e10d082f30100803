"""How well a network fills holes: its figures and its picture, on answers that are known."""

import numpy as np
import pytest
import torch
from torch import Tensor

from dcgan_inpainting.common.images import Images, grid
from dcgan_inpainting.encoder import validation
from dcgan_inpainting.encoder.holes import VALIDATION_SEED
from dcgan_inpainting.encoder.validation import SHOWN, Validator, headline
from dcgan_inpainting.masks.kinds import KINDS, make_masks
from dcgan_inpainting.networks.tensors import to_tensor


class Known:
    """A network whose images are known; it notes what it is asked."""

    def __init__(self, images: Images) -> None:
        self._images = to_tensor(images)
        self.asked: list[tuple[Tensor, Tensor]] = []

    def __call__(self, damaged: Tensor, known: Tensor) -> Tensor:
        self.asked.append((damaged, known))
        return self._images


def noise(count: int, seed: int) -> Images:
    return np.random.default_rng(seed).integers(0, 256, (count, 32, 32, 3)).astype(np.uint8)


def validate(whole: Images, made: Images, seed: int = 3) -> tuple[dict[str, float], Images]:
    return Validator(whole, list(KINDS), "float32", seed)(Known(made))


def test_psnr_is_the_mean_over_images_of_the_hole_s_alone() -> None:
    whole, made = noise(5, 1), noise(5, 2)
    psnr, _ = validate(whole, made)
    assert list(psnr) == list(KINDS)
    for kind in KINDS:
        known = make_masks(kind, 5, 32, VALIDATION_SEED + 3)
        expected = []
        for image in range(5):
            hole = ~known[image]
            errors = (made[image][hole].astype(float) - whole[image][hole].astype(float)) / 255
            expected.append(10 * np.log10(1 / np.mean(errors**2)))
        assert psnr[kind] == pytest.approx(np.mean(expected), rel=1e-9)


def test_errors_of_known_pixels_count_nothing() -> None:
    """Only the middle square is right, so only the hole that is this square is filled exactly."""
    whole = noise(3, 1)
    made = 255 - whole
    made[:, 8:24, 8:24] = whole[:, 8:24, 8:24]
    psnr, _ = validate(whole, made)
    assert psnr.pop("center") == pytest.approx(100)  # as much as there can be
    assert max(psnr.values()) < 40


def test_the_network_is_asked_for_all_kinds_of_the_first_faces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(validation, "FACES", 6)
    whole = noise(9, 1)
    network = Known(whole[:6])
    Validator(whole, list(KINDS), "float32", 3)(network)
    for (damaged, known), kind in zip(network.asked, KINDS, strict=True):
        assert torch.equal(damaged, to_tensor(whole[:6]))
        drawn = make_masks(kind, 6, 32, VALIDATION_SEED + 3)
        assert np.array_equal(known[:, 0].numpy(), drawn.astype(np.float32))


def test_the_picture_shows_each_face_whole_damaged_and_filled() -> None:
    whole, made = noise(5, 1), noise(5, 2)
    _, picture = validate(whole, made)
    tiles = []
    for kind in KINDS:
        known = make_masks(kind, SHOWN, 32, VALIDATION_SEED + 3)
        damaged = np.where(known[..., None], whole[:SHOWN], np.uint8(128))
        for face in range(SHOWN):
            tiles += [whole[face], damaged[face], made[face]]
    assert picture.dtype == np.uint8
    assert np.array_equal(picture, grid(np.stack(tiles), columns=3 * SHOWN))


def test_the_headline_is_the_mean_over_kinds() -> None:
    row = {"step": 6, "images": 24, "center": 20.00049, "random": 30.5}
    assert headline("unet", row) == {"unet_psnr": {"center": 20.0, "random": 30.5, "mean": 25.25}}
