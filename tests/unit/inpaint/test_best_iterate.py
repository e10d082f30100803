"""The best iterate: where each image's objective was lowest."""

import numpy as np
import pytest
import torch

from dcgan_inpainting.inpaint.best_iterate import best_iterate
from tests.tiny_search import problem, whole

# So high a rate that the objective jumps, and is least at other steps for other images.
JUMPING = {
    "learning_rate": 1.0,
    "schedule": "constant",
    "steps": 4,
    "depth_steps": 3,
    "prior": "none",
    "latent_weight": 0.1,
}


def test_it_is_where_each_image_s_objective_is_least() -> None:
    made, start = problem(6, **JUMPING)
    path = whole(made, start)
    points, _, trace = best_iterate(made, start)
    np.testing.assert_array_equal(trace, path.objectives)
    places = path.objectives.argmin(0)
    assert len(set(places)) > 1
    assert (trace[-1] > trace.min(0)).any()
    for image, place in enumerate(places):
        found = [part[image] for part in points.parts]
        assert all(map(torch.equal, found, path.at(int(place), image)))


def test_no_steps_end_at_the_start() -> None:
    made, start = problem(2, steps=0, depth=0)
    points, _, trace = best_iterate(made, start)
    assert all(map(torch.equal, points.parts, start.parts))
    assert trace.shape == (1, 2)
    assert np.isfinite(trace).all()


@pytest.mark.parametrize("rate", [0.02, 1.0])
def test_where_z_alone_had_brought_each_image_is_kept(rate: float) -> None:
    """Its best point of the first phase."""
    made, start = problem(6, **{**JUMPING, "learning_rate": rate})
    path = whole(made, start)
    assert ((path.objectives.argmin(0) > 4) == (rate < 1)).all()
    for image, place in enumerate(path.objectives[:5].argmin(0)):
        found = [part[image] for part in best_iterate(made, start).by_z.parts]
        assert all(map(torch.equal, found, path.at(int(place), image)))
