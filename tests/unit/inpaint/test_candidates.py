"""Several answers to one image: where they begin, how they are ordered, what becomes of them."""

import dataclasses

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from dcgan_inpainting.inpaint import initialisation
from dcgan_inpainting.inpaint.restoration import restore
from dcgan_inpainting.inpaint.results import Restoration
from dcgan_inpainting.networks.frozen import freeze
from dcgan_inpainting.networks.latent import Latent
from tests.tiny_encoder import faces, holes, networks
from tests.tiny_search import problem, settings


def run(**changes: object) -> Restoration:
    generator, discriminator, encoder = networks()
    params = settings(**{"candidates": 3, **changes})
    images = faces(4, seed=9)
    return restore(images, holes(4), generator, discriminator, params, encoder=encoder)


# ── Where they begin ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("lot", [2, 5, 100])
def test_each_begins_at_another_of_the_best_random_z(
    lot: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(initialisation, "START_BATCH", lot)
    made, _ = problem(4, starts=20)
    found = initialisation.best_random(made, 3).z.reshape(4, 3, -1)
    rng = torch.Generator().manual_seed(made.params.seed)
    lots = [min(lot, 20 - first) for first in range(0, 20, lot)]
    z = torch.cat([torch.randn(size, 8, generator=rng) for size in lots])
    for image, mine in enumerate(found):
        alone = made[torch.full((20,), image)]
        with torch.no_grad():
            objective, _ = alone.objective(Latent(z, ()), Latent(z, ()))
        assert torch.equal(mine, z[objective.argsort()[:3]])


def test_the_first_begins_where_the_encoder_says_and_the_others_at_random() -> None:
    made, _ = problem(4, starts=20)
    encoder = freeze(networks()[2])
    together = initialisation.several(made, encoder, 3)
    first, others = initialisation.encoded(made, encoder), initialisation.best_random(made, 2)
    assert torch.equal(together.z[::3], first)
    assert torch.equal(together.z.reshape(4, 3, -1)[:, 1:], others.z.reshape(4, 2, -1))
    assert len(together.corrections) == made.params.depth
    assert not any(part.any() for part in together.corrections)


def test_one_begins_as_ever() -> None:
    made, _ = problem(4, starts=20)
    encoder = freeze(networks()[2])
    assert torch.equal(
        initialisation.several(made, encoder, 1).z, initialisation.encoded(made, encoder)
    )
    only = initialisation.several(made, None, 1)
    assert torch.equal(only.z, initialisation.best_random(made).z)


# ── What becomes of them ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("start", ["random", "encoder"])
def test_the_best_comes_first_and_is_the_answer(start: str) -> None:
    found = run(start=start, starts=20)
    assert found.candidates.shape == (4, 3, 32, 32, 3)
    assert found.objectives.shape == (4, 3)
    assert (np.diff(found.objectives, axis=1) >= 0).all()
    assert (found.objectives[:, 0] < found.objectives[:, 2]).all()
    assert np.array_equal(found.composite, found.candidates[:, 0])
    np.testing.assert_array_equal(found.objectives[:, 0], found.trace.min(0))


@pytest.mark.parametrize("start", ["random", "encoder"])
def test_what_one_would_have_been_is_among_several(start: str) -> None:
    alone = run(start=start, starts=20, candidates=1)
    several = run(start=start, starts=20)
    assert (several.objectives[:, 0] <= alone.objectives[:, 0] * 1.001).all()
    for mine, candidates in zip(alone.composite.astype(int), several.candidates, strict=True):
        nearest = min(np.abs(mine - candidate).max() for candidate in candidates)
        assert nearest <= 1


def test_a_lower_objective_than_the_first_start_s_wins() -> None:
    """For some image another start than the best one ends lower: the order is the end's."""
    alone = run(start="random", starts=20, candidates=1)
    several = run(start="random", starts=20, candidates=8)
    assert (several.objectives[:, 0] < 0.99 * alone.objectives[:, 0]).any()


def test_z_and_trace_and_picture_are_the_best_candidate_s() -> None:
    found = run(start="random", starts=20, depth=0)
    generator = networks()[0]
    with torch.no_grad():
        made = generator(torch.from_numpy(found.z)).permute(0, 2, 3, 1).numpy()
    assert np.abs((made + 1) * 127.5 - found.raw).max() < 1
    hole = ~holes(4)
    assert np.array_equal(found.raw[hole], found.candidates[:, 0][hole])


def test_the_mean_of_all_may_be_the_answer() -> None:
    best, mean = (run(start="random", starts=20, answer=answer) for answer in ("best", "mean"))
    assert np.array_equal(best.candidates, mean.candidates)
    assert np.abs(best.composite.astype(int) - mean.composite).max() > 5
    assert np.array_equal(mean.composite, np.rint(mean.candidates.mean(1)))
    known = holes(4)
    assert np.array_equal(mean.composite[known], faces(4, seed=9)[known])


def test_a_batch_holds_so_many_points_whatever_they_belong_to() -> None:
    params = settings(candidates=3, batch_size=7, starts=20)
    assert params.images_at_once == 2
    assert settings(candidates=3, batch_size=2, starts=20).images_at_once == 1
    together = run(start="random", starts=20, batch_size=64)
    apart = run(start="random", starts=20, batch_size=7)
    assert apart.candidates.shape == (4, 3, 32, 32, 3)
    for field in dataclasses.fields(Restoration):
        if field.name == "frames":  # no frames are kept here
            continue
        mine, other = getattr(apart, field.name), getattr(together, field.name)
        if mine.dtype == np.uint8:
            assert np.abs(mine.astype(int) - other).max() <= 1
        else:
            np.testing.assert_allclose(mine, other, rtol=1e-3, atol=1e-3)


# ── Settings ─────────────────────────────────────────────────────────────────────────────────────


def test_more_than_there_are_starts_are_refused() -> None:
    with pytest.raises(ValidationError, match=r"candidates is 5, .* starts tries 4: more starts"):
        settings(candidates=5, starts=4)
    settings(candidates=4, starts=4)


def test_yeh_has_one_answer() -> None:
    params = settings(method="yeh", candidates=5, starts=1, answer="mean").resolved()
    assert (params.candidates, params.answer) == (1, "best")
