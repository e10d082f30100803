"""The search for z, on generators so simple that the answer is known.

A linear generator, G(z) = A·z + b, makes the search a least-squares problem.
"""

import copy
import dataclasses
import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import Tensor, nn

from dcgan_inpainting.common.images import Images, Known
from dcgan_inpainting.inpaint import initialisation, search
from dcgan_inpainting.inpaint import params as params_module
from dcgan_inpainting.inpaint.objective import neighbour_weights
from dcgan_inpainting.inpaint.params import InpaintParams
from dcgan_inpainting.inpaint.restoration import as_method, restore
from dcgan_inpainting.inpaint.results import Restoration
from dcgan_inpainting.networks.averaging import recalibrate
from dcgan_inpainting.networks.dcgan import Discriminator, Generator, initialise
from dcgan_inpainting.networks.tensors import to_tensor, to_uint8
from tests.tiny_model import tiny_architecture

SIDE, LATENT = 8, 16
PARAMS: dict[str, Any] = {
    "method": "latent",
    "start": "random",
    "starts": 1,
    "steps": 20,
    "depth": 0,
    "depth_steps": 5,
    "correction_weight": 0.0,
    "candidates": 1,
    "answer": "best",
    "encoder_share": 0.0,
    "optimizer": "adam",
    "learning_rate": 0.1,
    "schedule": "constant",
    "distance": "l2",
    "weights": "uniform",
    "window": 7,
    "weight_floor": 0.2,
    "prior": "none",
    "prior_weight": 0.0,
    "latent_weight": 0.0,
    "clip": None,
    "blending": "paste",
    "batch_size": 8,
    "precision": "float32",
    "seed": 3,
}


def settings(**changes: object) -> InpaintParams:
    return InpaintParams.model_validate({**PARAMS, **changes})


class Linear(nn.Module):
    """G(z) = A·z + b as images of SIDE×SIDE; not bounded, as no tanh follows."""

    def __init__(self, latent_dim: int = LATENT, spread: float = 0.1) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(0)
        self.latent_dim = latent_dim
        pixels = 3 * SIDE * SIDE
        self.matrix = nn.Parameter(spread * torch.randn(pixels, latent_dim, generator=rng))
        self.offset = nn.Parameter(spread * torch.randn(pixels, generator=rng))

    def forward(self, z: Tensor) -> Tensor:
        return (z @ self.matrix.T + self.offset).reshape(-1, 3, SIDE, SIDE)


class LinearJudge(nn.Module):
    """A discriminator whose logit is a weighted sum of the pixels."""

    def __init__(self) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(1)
        self.row = nn.Parameter(0.2 * torch.randn(3 * SIDE * SIDE, generator=rng))

    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1) @ self.row


class NeverAsked(nn.Module):
    def forward(self, _images: Tensor) -> Tensor:
        raise AssertionError("the discriminator was asked")


def images_and_masks(count: int = 3) -> tuple[Images, Known]:
    rng = np.random.default_rng(0)
    images = rng.integers(60, 200, (count, SIDE, SIDE, 3)).astype(np.uint8)
    known = rng.random((count, SIDE, SIDE)) > 0.4
    known[0, 2:6, 2:6] = False
    return images, known


def run(
    images: Images,
    known: Known,
    generator: nn.Module | None = None,
    discriminator: nn.Module | None = None,
    **changes: object,
) -> Restoration:
    return restore(
        images,
        known,
        generator or Linear(),
        discriminator or NeverAsked(),
        settings(**changes),
    )


def by_lstsq(
    images: Images, weights: NDArray[np.float64], ridge: float = 0.0
) -> NDArray[np.float64]:
    """Return the z of least Σ weight·(A·z + b − image)² + ridge·|z|² for each; weights N×H×W."""
    generator = Linear()
    matrix = generator.matrix.detach().double().numpy()
    offset = generator.offset.detach().double().numpy()
    found = []
    for image, weight in zip(images, weights, strict=True):
        target = (image / 127.5 - 1).transpose(2, 0, 1).reshape(-1)
        root = np.sqrt(np.broadcast_to(weight, (3, SIDE, SIDE)).reshape(-1))
        left = np.concatenate([root[:, None] * matrix, math.sqrt(ridge) * np.eye(LATENT)])
        right = np.concatenate([root * (target - offset), np.zeros(LATENT)])
        found.append(np.linalg.lstsq(left, right)[0])
    return np.stack(found)


def objective(restoration: Restoration, images: Images, weights: NDArray[np.float64]) -> np.ndarray:
    """Return Σ weight·(G(z) − image)² for the z that was found, in float64."""
    generator = Linear().double()
    with torch.no_grad():
        generated = generator(torch.from_numpy(restoration.z).double()).numpy()
    error = generated - (images / 127.5 - 1).transpose(0, 3, 1, 2)
    return (weights[:, None] * error**2).sum((1, 2, 3))


# ── The answer of the search ─────────────────────────────────────────────────────────────────────


def test_search_finds_the_least_squares_solution() -> None:
    images, known = images_and_masks()
    found = run(images, known, steps=500, schedule="cosine")
    expected = by_lstsq(images, known.astype(float))
    assert np.abs(expected).max() > 0.5  # far from where every start is
    np.testing.assert_allclose(found.z, expected, atol=2e-3)


@pytest.mark.parametrize("inside", [False, True])
def test_weights_of_neighbours_are_those_of_the_least_squares(inside: bool) -> None:
    images, known = images_and_masks()
    found = run(
        images,
        known,
        steps=500,
        schedule="cosine",
        weights="neighbours_inside" if inside else "neighbours",
        weight_floor=0.1,
        window=3,
    )
    mask = torch.from_numpy(known)
    weights, others = (
        neighbour_weights(mask, 3, 0.1, inside=which)[:, 0].double().numpy()
        for which in (inside, not inside)
    )
    expected = by_lstsq(images, weights)
    assert np.abs(expected - by_lstsq(images, others)).max() > 0.01
    assert np.abs(expected - by_lstsq(images, known.astype(float))).max() > 0.1
    np.testing.assert_allclose(found.z, expected, atol=2e-3)


def test_weight_of_z_makes_it_a_ridge_regression() -> None:
    """Half the squared length of z, times 3: the ridge is 1.5."""
    images, known = images_and_masks()
    found = run(images, known, steps=500, schedule="cosine", latent_weight=3.0)
    expected = by_lstsq(images, known.astype(float), ridge=1.5)
    assert np.abs(expected - by_lstsq(images, known.astype(float))).max() > 0.2
    np.testing.assert_allclose(found.z, expected, atol=2e-3)


def test_raw_and_composite_are_made_of_the_z_that_was_found() -> None:
    images, known = images_and_masks()
    found = run(images, known)
    with torch.no_grad():
        generated = Linear()(torch.from_numpy(found.z))
    assert np.array_equal(found.raw, to_uint8(generated))
    assert np.array_equal(found.composite[known], images[known])
    assert np.array_equal(found.composite[~known], found.raw[~known])
    assert found.raw.dtype == found.composite.dtype == np.uint8
    assert found.z.shape == (3, LATENT)
    assert found.trace.shape == (21, 3)


def test_poisson_blending_closes_an_offset() -> None:
    """The generator is right but for one grey level everywhere: its gradients are the image's."""
    images, known = images_and_masks()

    class TooBright(Linear):
        def forward(self, z: Tensor) -> Tensor:
            return to_tensor(images[: len(z)]) + 20 / 127.5 + 0 * z.sum()

    found = run(images, known, TooBright(), blending="poisson")
    assert np.array_equal(found.raw, images + 20)
    assert np.array_equal(found.composite, images)
    pasted = run(images, known, TooBright(), blending="paste")
    assert np.array_equal(pasted.composite, np.where(known[..., None], images, images + 20))


def test_blended_values_are_clipped() -> None:
    """Blending shifts white generated pixels beside a white edge beyond white; they stay white."""
    known = np.ones((1, SIDE, SIDE), bool)
    known[0, 2:6, 2:6] = False
    images = np.full((1, SIDE, SIDE, 3), 250, np.uint8)

    class Spot(Linear):
        def forward(self, z: Tensor) -> Tensor:
            picture = torch.full((len(z), 3, SIDE, SIDE), -0.5) + 0 * z.sum()
            picture[:, :, 3:5, 3:5] = 0.5
            picture[:, :, 2:6, 2] = -1.0
            return picture

    found = run(images, known, Spot(), blending="poisson")
    assert (found.composite[0, 3:5, 3:5] == 255).all()
    assert found.composite[0, 2:6, 2].max() < 250


# ── What the result must not depend on ───────────────────────────────────────────────────────────


@pytest.mark.parametrize("blending", ["paste", "poisson", "tension"])
def test_what_stands_in_the_hole_is_never_looked_at(blending: str) -> None:
    images, known = images_and_masks()
    other = np.where(known[..., None], images, 255 - images)
    changes = {"blending": blending, "starts": 40, "prior": "minus_log_d", "prior_weight": 0.5}
    first = run(images, known, discriminator=LinearJudge(), **changes)
    second = run(other, known, discriminator=LinearJudge(), **changes)
    for field in dataclasses.fields(Restoration):
        assert np.array_equal(getattr(first, field.name), getattr(second, field.name))


@pytest.mark.parametrize("batch_size", [1, 2, 3, 64])
def test_an_image_s_result_does_not_depend_on_its_companions(batch_size: int) -> None:
    images, known = images_and_masks(5)
    changes = {"starts": 40, "prior": "minus_log_d", "prior_weight": 0.5, "distance": "l1"}
    judge = LinearJudge()
    together = run(images, known, discriminator=judge, batch_size=5, **changes)
    apart = run(images, known, discriminator=judge, batch_size=batch_size, **changes)
    np.testing.assert_allclose(apart.z, together.z, atol=1e-3)
    np.testing.assert_allclose(apart.trace, together.trace, rtol=1e-3)
    alone = run(images[3:4], known[3:4], discriminator=judge, **changes)
    np.testing.assert_allclose(alone.z[0], together.z[3], atol=1e-3)


def test_the_seed_decides() -> None:
    images, known = images_and_masks()
    results = [run(images, known, seed=seed) for seed in (3, 3, 4)]
    for field in dataclasses.fields(Restoration):
        assert np.array_equal(getattr(results[0], field.name), getattr(results[1], field.name))
    assert not np.array_equal(results[0].z, results[2].z)


# ── The start ────────────────────────────────────────────────────────────────────────────────────


def test_start_is_the_best_of_all_random_z(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eighty are tried in three lots; every image picks its own."""
    monkeypatch.setattr(initialisation, "START_BATCH", 32)
    images, known = images_and_masks(12)
    found = run(
        images,
        known,
        discriminator=LinearJudge(),
        starts=80,
        steps=0,
        distance="l2",
        prior="minus_log_d",
        prior_weight=5.0,
        latent_weight=0.5,
    )
    rng = torch.Generator().manual_seed(3)
    z = torch.cat([torch.randn(count, LATENT, generator=rng) for count in (32, 32, 16)])
    with torch.no_grad():
        generated = Linear()(z)
        answers = torch.sigmoid(LinearJudge()(generated)).double().numpy()
    error = (generated.numpy()[None] - to_tensor(images).numpy()[:, None]) ** 2
    totals = (known[:, None, None] * error).sum((2, 3, 4)) - 5 * np.log(answers)
    totals += 0.25 * (z.numpy() ** 2).sum(1)
    places = totals.argmin(1)
    assert len(set(places)) > 1
    assert len(set(places // 32)) > 1  # the best are of several lots
    np.testing.assert_array_equal(found.z, z[places].numpy())
    np.testing.assert_allclose(found.trace[0], totals.min(1), rtol=1e-5)


def test_more_starts_are_never_worse_at_the_start() -> None:
    images, known = images_and_masks(4)
    first = [run(images, known, starts=n, steps=0).trace[0] for n in (1, 4, 16, 64, 600)]
    assert all((later <= sooner).all() for sooner, later in itertools.pairwise(first))
    assert (first[-1] < first[0]).all()


def test_no_steps_leave_the_start() -> None:
    images, known = images_and_masks()
    found = run(images, known, steps=0, schedule="cosine")
    start = torch.randn(1, LATENT, generator=torch.Generator().manual_seed(3)).numpy()
    assert np.array_equal(found.z, start.repeat(3, axis=0))
    assert found.trace.shape == (1, 3)


@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_a_start_of_its_own_depends_on_the_image_and_the_seed(batch_size: int) -> None:
    """Not on its place, nor on what is restored with it."""
    images, known = images_and_masks(5)
    changes = {"shared_starts": False, "steps": 0, "starts": 3, "batch_size": batch_size}
    together = run(images, known, **changes).z
    assert len(np.unique(together, axis=0)) == 5
    backwards = run(images[::-1].copy(), known[::-1].copy(), **changes).z
    assert np.array_equal(backwards, together[::-1])
    assert np.array_equal(run(images[2:3], known[2:3], **changes).z, together[2:3])
    hidden = np.where(known[..., None], images, np.uint8(9))
    assert np.array_equal(run(hidden, known, **changes).z, together)
    more = run(images, known, **{**changes, "starts": 50}).trace[0]
    assert (more <= run(images, known, **changes).trace[0]).all()
    other = images.copy()
    other[known] ^= 1
    assert (run(other, known, **changes).z != together).any(1).all()
    assert not np.array_equal(run(images, known, seed=4, **changes).z, together)


# ── The steps ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("optimizer", ["adam", "nesterov"])
def test_best_iterate_is_kept_when_the_search_diverges(optimizer: str) -> None:
    images, known = images_and_masks()
    rate = {"adam": 3.0, "nesterov": 0.6}[optimizer]
    found = run(images, known, optimizer=optimizer, learning_rate=rate, starts=64, steps=5)
    lowest = found.trace.min(0)
    assert (found.trace[-1] > 2 * lowest).all()
    np.testing.assert_allclose(objective(found, images, known.astype(float)), lowest, rtol=1e-4)


def test_trace_is_the_objective_of_each_image() -> None:
    images, known = images_and_masks()
    found = run(images, known, steps=500, schedule="cosine")
    np.testing.assert_allclose(
        found.trace[-1], objective(found, images, known.astype(float)), rtol=1e-3
    )
    assert (found.trace[-1] < 0.8 * found.trace[0]).all()


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
@pytest.mark.parametrize("optimizer", ["adam", "nesterov"])
def test_steps_along_a_constant_slope(optimizer: str, schedule: str) -> None:
    """G(z) = a·z stays below a white image, so the l1 objective falls with one slope throughout.

    Then Adam moves by the learning rate at each step (its two averages agree), and Nesterov's
    momentum by rate·slope·(1 + 0.9·v), v = 1 + 0.9 + 0.81 … The cosine schedule begins with the
    whole rate and would reach zero at the step after the last.
    """
    steps, rate, factor = 12, 0.02, 1e-3

    class Faint(Linear):
        def forward(self, z: Tensor) -> Tensor:
            return (factor * z)[:, :, None, None].expand(-1, 3, SIDE, SIDE)

    images = np.full((2, SIDE, SIDE, 3), 255, np.uint8)
    known = images_and_masks(2)[1]
    found = run(
        images,
        known,
        Faint(latent_dim=1),
        distance="l1",
        optimizer=optimizer,
        schedule=schedule,
        learning_rate=rate,
        steps=steps,
    )
    start = torch.randn(1, 1, generator=torch.Generator().manual_seed(3)).item()
    for z, mask in zip(found.z[:, 0], known, strict=True):
        slope = 3 * mask.sum() * factor
        moved, velocity = 0.0, 0.0
        for step in range(steps):
            cosine = math.cos(math.pi / 2 * step / steps) ** 2  # = (1 + cos(π·step/steps)) / 2
            now = rate * (cosine if schedule == "cosine" else 1)
            velocity = 0.9 * velocity + slope
            moved += now * (1 if optimizer == "adam" else slope + 0.9 * velocity)
        assert z - start == pytest.approx(moved, rel=1e-3)


def test_cosine_schedule_is_its_closed_form() -> None:
    params = settings(learning_rate=0.4, steps=8, schedule="cosine")
    rates = [search._learning_rate(params, step, 8) for step in (0, 2, 4, 6)]
    half = math.sqrt(0.5)
    assert rates == pytest.approx([0.4, 0.2 * (1 + half), 0.2, 0.2 * (1 - half)])


@pytest.mark.parametrize("optimizer", ["adam", "nesterov"])
def test_z_is_kept_within_the_clip(optimizer: str) -> None:
    images, known = images_and_masks()
    images = (images // 2).astype(np.uint8)  # darker: the free optimum lies further out
    free = by_lstsq(images, known.astype(float))
    assert np.abs(free).max() > 0.6
    rate = {"adam": 0.05, "nesterov": 0.005}[optimizer]
    changes = {"learning_rate": rate, "optimizer": optimizer, "steps": 300, "schedule": "cosine"}
    found = run(images, known, clip=0.3, **changes)
    assert np.abs(found.z).max() == pytest.approx(0.3)
    # It is the least within the box: no component that is free to move has a slope.
    generator = Linear()
    z = torch.from_numpy(found.z).requires_grad_(True)
    error = generator(z) - to_tensor(images)
    total = (torch.from_numpy(known)[:, None] * error.square()).sum()
    (slope,) = torch.autograd.grad(total, z)
    inside = z.detach().abs() < 0.299
    assert inside.any()
    assert slope[inside].abs().max() < 0.02
    assert (slope[~inside] * z.detach()[~inside] <= 0).all()


def test_starts_are_clipped_too() -> None:
    images, known = images_and_masks()
    found = run(images, known, clip=0.5, steps=0, starts=50)
    assert np.abs(found.z).max() == 0.5


# ── The prior ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("changes", [{"prior_weight": 3.0}, {"prior": "minus_log_d"}])
def test_without_a_prior_the_discriminator_is_never_asked(changes: dict[str, Any]) -> None:
    images, known = images_and_masks()
    run(images, known, discriminator=NeverAsked(), **changes)
    with pytest.raises(AssertionError, match="was asked"):
        run(images, known, discriminator=NeverAsked(), prior="minus_log_d", prior_weight=0.1)


@pytest.mark.parametrize("prior", ["log_one_minus_d", "minus_log_d"])
def test_prior_draws_the_search_to_what_the_discriminator_believes(prior: str) -> None:
    """At the optimum of the sum its slope is zero: context's against the prior's, in float64."""
    images, known = images_and_masks()
    weight = 5.0
    found = run(
        images,
        known,
        discriminator=LinearJudge(),
        prior=prior,
        prior_weight=weight,
        steps=600,
        schedule="cosine",
    )
    z = torch.from_numpy(found.z).double().requires_grad_(True)
    generated = Linear().double()(z)
    answers = torch.sigmoid(LinearJudge().double()(generated))
    extra = torch.log(1 - answers) if prior == "log_one_minus_d" else -torch.log(answers)
    error = generated - (torch.from_numpy(images).double() / 127.5 - 1).permute(0, 3, 1, 2)
    context = (torch.from_numpy(known)[:, None] * error.square()).sum((1, 2, 3))
    total = context + weight * extra
    np.testing.assert_allclose(found.trace[-1], total.detach(), rtol=1e-4)
    (slope,) = torch.autograd.grad(total.sum(), z, retain_graph=True)
    (slope_of_context,) = torch.autograd.grad(context.sum(), z)
    assert slope_of_context.abs().max() > 0.5
    assert slope.abs().max() < 0.02


# ── Settings, progress, mistakes ─────────────────────────────────────────────────────────────────


def test_yeh_is_the_paper_s_section_4() -> None:
    """Yeh et al. 2017: Adam, 1,500 iterations, 7×7 windows, λ = 0.003, z within ±1, Poisson."""
    mine = settings(
        batch_size=5, seed=9, steps=3, latent_weight=1, clip=None, method="yeh", precision="auto"
    )
    assert mine.resolved().model_dump() == {
        "method": "yeh",
        "start": "random",
        "starts": 1,
        "shared_starts": False,
        "steps": 1500,
        "depth": 0,
        "depth_steps": 5,
        "correction_weight": 0.0,
        "candidates": 1,
        "answer": "best",
        "encoder_share": 0.0,
        "optimizer": "adam",
        "learning_rate": 0.01,
        "schedule": "constant",
        "distance": "l1",
        "weights": "neighbours_inside",
        "window": 7,
        "weight_floor": 0.0,
        "prior": "log_one_minus_d",
        "prior_weight": 0.003,
        "latent_weight": 0.0,
        "clip": 1.0,
        "blending": "poisson",
        "batch_size": 5,
        "precision": "auto",
        "devices": 1,
        "nodes": 1,
        "seed": 9,
    }
    assert settings().resolved() == settings()


@pytest.mark.parametrize("method", params_module.METHODS)
def test_a_method_fixes_settings_as_params_yaml_may_have_them(method: str) -> None:
    used = settings(method=method).resolved().model_dump()
    assert used == {**settings(method=method).model_dump(), **params_module.METHODS[method]}
    assert InpaintParams.model_validate(used).model_dump() == used


def test_as_a_method_the_search_takes_damaged_images_and_gives_filled_ones() -> None:
    images, known = images_and_masks()
    damaged = np.where(known[..., None], images, np.uint8(0))
    method = as_method(Linear(), NeverAsked(), settings(steps=3))
    filled = method(damaged, known)
    assert np.array_equal(filled, run(images, known, steps=3).composite)
    assert np.array_equal(filled[known], images[known])


def test_yeh_s_settings_are_those_that_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(params_module.YEH, "steps", 4)
    images, known = images_and_masks()
    found = run(images, known, discriminator=LinearJudge(), method="yeh", steps=9, clip=None)
    assert found.trace.shape == (5, 3)
    assert np.abs(found.z).max() <= 1


def test_progress_is_told_after_each_batch() -> None:
    images, known = images_and_masks(5)
    told: list[int] = []
    restore(
        images,
        known,
        Linear(),
        NeverAsked(),
        settings(batch_size=2, steps=1),
        on_images=told.append,
    )
    assert told == [2, 2, 1]


@pytest.mark.parametrize("shape", [(2, SIDE, SIDE), (3, SIDE, SIDE + 1)])
def test_masks_that_do_not_match_are_refused(shape: tuple[int, ...]) -> None:
    images, _ = images_and_masks()
    with pytest.raises(ValueError, match="don't match"):
        run(images, np.ones(shape, bool))


def small_networks() -> tuple[Generator, Discriminator]:
    architecture = tiny_architecture(latent_dim=8)
    generator, discriminator = Generator(architecture), Discriminator(architecture)
    for seed, network in enumerate((generator, discriminator)):
        initialise(network, torch.Generator().manual_seed(seed))
    with torch.no_grad():  # a contrast as of a trained generator
        generator.blocks[-1][0].weight.mul_(8)
    rng = torch.Generator().manual_seed(2)
    recalibrate(generator, torch.randn(4, 64, generator.latent_dim, generator=rng))
    return generator.train(), discriminator.train()


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_a_dcgan_is_searched_and_left_as_it_was(precision: str) -> None:
    generator, discriminator = small_networks()
    with torch.no_grad():
        z = torch.randn(2, 8, generator=torch.Generator().manual_seed(5))
        images = to_uint8(copy.deepcopy(generator).eval()(z))
    assert images.std() > 20
    known = np.random.default_rng(0).random((2, 32, 32)) > 0.5
    before = copy.deepcopy([generator.state_dict(), discriminator.state_dict()])
    changes = {"prior": "log_one_minus_d", "prior_weight": 0.1, "starts": 64, "distance": "l1"}
    found = run(images, known, generator, discriminator, precision=precision, steps=150, **changes)
    assert (found.trace.min(0) < 0.4 * found.trace[0]).all()
    for state, network in zip(before, (generator, discriminator), strict=True):
        assert network.training
        now = network.state_dict()
        assert all(torch.equal(now[name], value) for name, value in state.items())
    with torch.no_grad():
        generated = generator.eval()(torch.from_numpy(found.z))
    assert np.abs(to_uint8(generated).astype(int) - found.raw).max() <= 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("steps", -1),
        ("starts", 0),
        ("learning_rate", 0),
        ("window", 1),
        ("window", 8),
        ("weight_floor", 1.5),
        ("prior_weight", -1),
        ("latent_weight", -1),
        ("clip", 0),
        ("blending", "feather"),
        ("method", "ours"),
    ],
)
def test_params_out_of_range_are_refused(key: str, value: object) -> None:
    with pytest.raises(ValidationError, match=key):
        settings(**{key: value})
