"""Restoration from the encoder's start."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dcgan_inpainting.common.distance import distance_to_known
from dcgan_inpainting.common.images import Images, Known
from dcgan_inpainting.inpaint import params as params_module
from dcgan_inpainting.inpaint.augmented import predict
from dcgan_inpainting.inpaint.mixture import ENCODER_REACH
from dcgan_inpainting.inpaint.restoration import restore
from dcgan_inpainting.inpaint.results import Restoration
from dcgan_inpainting.networks.frozen import freeze
from dcgan_inpainting.networks.tensors import to_tensor, to_uint8
from dcgan_inpainting.networks.unet import UNet
from tests.tiny_encoder import faces, holes, networks
from tests.tiny_search import problem, settings

GUIDED: dict[str, Any] = {"steps": 4, "depth_steps": 3}


def noisy(count: int = 5) -> Images:
    """Return faces with noise that the generator can't make, so that going on may do harm."""
    noise = np.random.default_rng(3).normal(0, 40, (count, 32, 32, 3))
    return (faces(count, seed=9) + noise).clip(0, 255).astype(np.uint8)


def run(images: Images, known: Known, **changes: object) -> Restoration:
    generator, discriminator, encoder = networks()
    params = settings(**{**GUIDED, **changes})
    return restore(images, known, generator, discriminator, params, encoder=encoder)


class NeverAsked(UNet):
    def z_and_images(self, *_arguments: object) -> Any:
        raise AssertionError("the encoder was asked")


@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_an_image_s_result_does_not_depend_on_its_companions(batch_size: int) -> None:
    images, known = noisy(), holes(5)
    together = run(images, known)
    assert together.trace.shape == (11, 5)
    apart = run(images, known, batch_size=batch_size)
    alone = run(images[3:4], known[3:4])
    np.testing.assert_allclose(apart.z, together.z, atol=1e-4)
    np.testing.assert_allclose(apart.trace, together.trace, rtol=1e-3)
    np.testing.assert_allclose(alone.z[0], together.z[3], atol=1e-4)
    for other, mine in ((apart.raw, together.raw), (alone.raw[0], together.raw[3])):
        assert np.abs(other.astype(int) - mine).max() <= 1


def test_what_stands_in_the_hole_is_never_looked_at() -> None:
    images, known = noisy(), holes(5)
    other = np.where(known[..., None], images, 255 - images)
    first, second = run(images, known), run(other, known)
    for field in dataclasses.fields(Restoration):
        assert np.array_equal(getattr(first, field.name), getattr(second, field.name))


def test_the_problem_itself_does_not_hold_what_is_missing() -> None:
    made, _ = problem(3)
    assert not made.target[~made.known.expand_as(made.target)].any()
    assert made.target[made.known.expand_as(made.target)].all()


@pytest.mark.parametrize("blending", ["paste", "poisson"])
def test_known_pixels_stay_and_holes_are_filled(blending: str) -> None:
    images, known = noisy(), holes(5)
    found = run(images, known, blending=blending)
    assert np.array_equal(found.composite[known], images[known])
    if blending == "paste":
        assert np.array_equal(found.composite[~known], found.raw[~known])


@torch.no_grad()
def test_no_steps_leave_what_the_encoder_said() -> None:
    images, known = noisy(), holes(5)
    generator, _, encoder = networks()
    z, _ = encoder.z_and_images(to_tensor(images), torch.from_numpy(known)[:, None].float())
    found = run(images, known, steps=0, depth=0)
    np.testing.assert_allclose(found.z, z, atol=1e-5)
    assert np.abs(found.raw.astype(int) - to_uint8(generator(z))).max() <= 1


def test_a_start_is_clipped_too() -> None:
    found = run(noisy(), holes(5), steps=0, depth=0, clip=0.1)
    assert np.abs(found.z).max() == pytest.approx(0.1)


# ── With and without an encoder ──────────────────────────────────────────────────────────────────


def test_without_an_encoder_there_is_no_such_start() -> None:
    generator, discriminator, _ = networks()
    images, known = noisy(2), holes(2)
    with pytest.raises(ValueError, match="use an encoder, and there is none"):
        restore(images, known, generator, discriminator, settings())
    restore(images, known, generator, discriminator, settings(start="random"))


@pytest.mark.parametrize("start", ["random", "encoder"])
def test_the_encoder_s_image_has_its_share(start: str) -> None:
    images, known = noisy(), holes(5)
    found, predicted, mixed = (
        run(images, known, start=start, encoder_share=share).raw.astype(float)
        for share in (0.0, 1.0, 0.3)
    )
    assert np.abs(found - predicted).max() > 10
    # At black and white a picture says less than was computed.
    inside = (np.minimum(found, predicted) > 0) & (np.maximum(found, predicted) < 255)
    assert inside.mean() > 0.8
    there = 0.3 ** (1 + 2 * np.exp(-distance_to_known(known)[..., None] / ENCODER_REACH))
    expected = (1 - there) * found + there * predicted
    np.testing.assert_allclose(mixed[inside], expected[inside], atol=1)


def test_the_encoder_s_image_is_the_mean_of_its_views() -> None:
    images, known = noisy(), holes(5)
    raw = run(images, known, encoder_share=1.0).raw
    made, _ = problem(5)
    target, shown = to_tensor(images) * torch.from_numpy(known)[:, None], made.known
    encoder = freeze(networks()[2])
    expected = predict(encoder, target, made.known, "auto")
    with torch.no_grad():
        alone = encoder(target, shown.float())
    assert (alone - expected).abs().max() > 0.1
    np.testing.assert_allclose(raw, to_uint8(expected), atol=1)


def test_deep_in_the_hole_stands_what_z_alone_had_found() -> None:
    """With the same z's way before it, so what depth 0 finds; beside known pixels the other."""
    images, known = noisy(), np.ones((5, 32, 32), bool)
    known[:, 2:] = False
    changes = {"start": "random", "learning_rate": 0.3, "steps": 8}
    by_z = run(images, known, **changes, depth=0).raw.astype(int)
    mixed = run(images, known, **changes, depth_steps=40).raw.astype(int)
    apart = np.abs(mixed - by_z).mean((0, 2, 3))
    assert apart[:2].mean() > 2 * apart[-2:].mean() > 0


def test_a_share_needs_an_encoder_whatever_the_start() -> None:
    generator, discriminator, _ = networks()
    params = settings(start="random", encoder_share=0.1)
    with pytest.raises(ValueError, match="use an encoder, and there is none"):
        restore(noisy(2), holes(2), generator, discriminator, params)


@pytest.mark.parametrize("changes", [{"start": "random"}, {"method": "yeh"}])
def test_a_random_start_never_asks_the_encoder(
    changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(params_module.YEH, "steps", 2)
    generator, discriminator, _ = networks()
    silent: nn.Module = NeverAsked(generator.architecture)
    images, known = noisy(2), holes(2)
    params = settings(**changes)
    with_one = restore(images, known, generator, discriminator, params, encoder=silent)
    without = restore(images, known, generator, discriminator, params)
    assert np.array_equal(with_one.raw, without.raw)
    with pytest.raises(AssertionError, match="was asked"):
        restore(images, known, generator, discriminator, settings(), encoder=silent)


def test_the_encoder_is_left_as_it_was() -> None:
    generator, discriminator, encoder = networks()
    before: dict[str, Tensor] = {n: v.clone() for n, v in encoder.train().state_dict().items()}
    restore(noisy(2), holes(2), generator, discriminator, settings(), encoder=encoder)
    assert encoder.training
    assert all(weight.requires_grad for weight in encoder.parameters())
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())
