"""Where walks end: at the lowest objective, after given steps, where hidden pixels are best."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from dcgan_inpainting.inpaint import arrivals
from dcgan_inpainting.inpaint.arrivals import after, best_by_hidden, lowest
from dcgan_inpainting.inpaint.problem import Problem
from dcgan_inpainting.inpaint.search import Step
from dcgan_inpainting.networks.latent import Latent, render
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


def test_lowest_is_where_each_image_s_objective_is_least() -> None:
    made, start = problem(6, **JUMPING)
    path = whole(made, start)
    points, _, trace = lowest(made, start)
    np.testing.assert_array_equal(trace, path.objectives)
    places = path.objectives.argmin(0)
    assert len(set(places)) > 1
    assert (trace[-1] > trace.min(0)).any()
    for image, place in enumerate(places):
        found = [part[image] for part in points.parts]
        assert all(map(torch.equal, found, path.at(int(place), image)))


def test_no_steps_end_at_the_start() -> None:
    made, start = problem(2, steps=0, depth=0)
    points, _, trace = lowest(made, start)
    assert all(map(torch.equal, points.parts, start.parts))
    assert trace.shape == (1, 2)
    assert np.isfinite(trace).all()


def test_after_ends_where_a_whole_walk_is_at_each_image_s_step() -> None:
    made, start = problem(5, steps=4, depth_steps=3)
    path = whole(made, start)
    steps = torch.tensor([10, 0, 3, 4, 8])
    points, _, trace = after(made, start, steps)
    assert trace.shape == (11, 5)
    for image, step in enumerate(steps.tolist()):
        for part, expected in zip(points.parts, path.at(step, image), strict=True):
            torch.testing.assert_close(part[image], expected, rtol=0, atol=1e-4)
        known = path.objectives[: step + 1, image]
        np.testing.assert_allclose(trace[: step + 1, image], known, rtol=1e-3)
        assert (trace[step:, image] == trace[step, image]).all()


def test_the_trace_goes_on_where_all_images_have_stopped() -> None:
    made, start = problem(2)
    points, _, trace = after(made, start, torch.tensor([2, 1]))
    assert trace.shape == (8, 2)
    assert (trace[2:] == trace[2]).all()
    assert (trace[0] != trace[2]).all()
    assert trace[1, 1] == trace[2, 1]
    objective, _ = made.objective(points, start)
    np.testing.assert_allclose(objective.numpy(), trace[-1], rtol=1e-4)


@pytest.mark.parametrize("rate", [0.02, 1.0])
def test_where_z_alone_had_brought_each_image_is_kept(rate: float) -> None:
    """Its best point of the first leg, or the point at which it stopped there."""
    made, start = problem(6, **{**JUMPING, "learning_rate": rate})
    path = whole(made, start)
    assert ((path.objectives.argmin(0) > 4) == (rate < 1)).all()
    for image, place in enumerate(path.objectives[:5].argmin(0)):
        found = [part[image] for part in lowest(made, start).by_z.parts]
        assert all(map(torch.equal, found, path.at(int(place), image)))
    steps = torch.tensor([0, 2, 4, 5, 10, 1])
    by_z = after(made, start, steps).by_z
    for image, step in enumerate(steps.tolist()):
        for part, expected in zip(by_z.parts, path.at(min(step, 4), image), strict=True):
            torch.testing.assert_close(part[image], expected, rtol=0, atol=1e-3)


# ── By hidden pixels ─────────────────────────────────────────────────────────────────────────────

Walk = Callable[[Problem, Latent, Callable[[Step], Tensor]], None]
SIDE = 4


def hidden_pixels(count: int) -> Tensor:
    hidden = torch.zeros(count, 1, SIDE, SIDE)
    hidden[:, :, 1:3, 1:3] = 1
    return hidden


def guessing(errors: list[list[float]], seen: list[list[int]]) -> Walk:
    """Return a walk whose images miss the hidden pixels by given errors, one list an image.

    Elsewhere they get better with each step, which must not count. `seen` is told at each step
    who is still on the way.
    """
    by_image = torch.tensor(errors)

    def walk(_problem: Problem, start: Latent, visit: Callable[[Step], Tensor]) -> None:
        images = torch.arange(len(by_image))
        for number in range(by_image.shape[1]):
            seen.append(images.tolist())
            elsewhere = torch.full((len(images), 3, SIDE, SIDE), 100.0 - number)
            wrong = by_image[images, number][:, None, None, None].expand_as(elsewhere)
            generated = torch.where(hidden_pixels(len(images)).bool(), wrong, elsewhere)
            unseen = torch.zeros(len(images))
            going = visit(Step(number, images, start[images], unseen, generated + 0.25))
            images = images[going]
            if not len(images):
                return

    return walk


def search(errors: list[list[float]], monkeypatch: pytest.MonkeyPatch) -> tuple[list[int], int]:
    """Return the steps that are found, and how many were walked."""
    seen: list[list[int]] = []
    monkeypatch.setattr(arrivals, "walk", guessing(errors, seen))
    made, start = problem(len(errors))
    truth = torch.full((len(errors), 3, SIDE, SIDE), 0.25)
    found = best_by_hidden(made, start, truth, hidden_pixels(len(errors)))
    return found.tolist(), len(seen)


def test_each_image_has_the_step_at_which_its_hidden_pixels_are_guessed_best(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    errors = [
        [0.5, 0.4, 0.3, 0.2, 0.1],
        [0.1, 0.2, 0.3, 0.4, 0.5],
        [0.5, -0.1, 0.3, 0.05, -0.4],  # an error below is an error too
        [0.5, 0.3, 0.4, 0.3, 0.4],  # the first of equals
    ]
    assert search(errors, monkeypatch) == ([4, 0, 3, 1], 5)


def test_patience_outlasts_a_hill_but_not_a_longer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "PATIENCE", 3)
    errors = [
        [0.5, 0.6, 0.6, 0.1, 0.6, 0.6, 0.6, 0.0],  # better at the third step, then not for three
        [0.5, 0.6, 0.6, 0.6, 0.0, 0.0, 0.0, 0.0],  # better only at the fourth
    ]
    seen: list[list[int]] = []
    monkeypatch.setattr(arrivals, "walk", guessing(errors, seen))
    made, start = problem(2)
    found = best_by_hidden(made, start, torch.full((2, 3, SIDE, SIDE), 0.25), hidden_pixels(2))
    assert found.tolist() == [3, 0]
    assert seen == [[0, 1]] * 4 + [[0]] * 3


def test_hidden_pixels_decide_on_a_real_walk() -> None:
    """Against the errors of all steps of a whole walk, computed apart."""
    made, start = problem(5, **JUMPING)
    truth = made.target
    chosen = torch.rand(5, 1, 32, 32, generator=torch.Generator().manual_seed(2)) < 0.1
    hidden = (made.known & chosen).float()
    errors = []
    for step in whole(made, start).steps:
        generated = render(made.generator, step.latent).double().numpy()
        squares = (generated - truth.double().numpy()) ** 2
        errors.append((squares * hidden.numpy()).sum((1, 2, 3)))
    expected = np.stack(errors).argmin(0)
    assert len(set(expected)) > 1
    assert best_by_hidden(made, start, truth, hidden).tolist() == expected.tolist()
