"""The search: which parts of the points move when."""

import pytest
import torch

from dcgan_inpainting.inpaint.search import Iterate, length
from dcgan_inpainting.networks.latent import Latent, render, uncorrected
from tests.tiny_search import problem, whole


def moved(first: Iterate, second: Iterate) -> list[bool]:
    """Which parts of the points differ."""
    pairs = zip(first.latent.parts, second.latent.parts, strict=True)
    return [not torch.equal(one, other) for one, other in pairs]


@pytest.mark.parametrize(("steps", "depth"), [(0, 0), (3, 0), (0, 2), (3, 2)])
def test_a_search_is_seen_at_its_start_and_after_each_step(steps: int, depth: int) -> None:
    made, start = problem(2, steps=steps, depth=depth)
    path = whole(made, start)
    assert length(made.params) == steps + 2 * depth
    assert [step.number for step in path.steps] == list(range(steps + 2 * depth + 1))
    assert all(map(torch.equal, path.steps[0].latent.parts, start.parts))


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
@pytest.mark.parametrize("optimizer", ["adam", "nesterov"])
def test_z_moves_first_and_then_the_corrections_of_one_block_more_each_time(
    optimizer: str, schedule: str
) -> None:
    rate = {"adam": 0.05, "nesterov": 1e-4}[optimizer]
    changes = {"optimizer": optimizer, "schedule": schedule, "learning_rate": rate}
    path = whole(*problem(2, **changes))
    seen = [moved(*pair) for pair in zip(path.steps[:-1], path.steps[1:], strict=True)]
    free = [1, 1, 1, 2, 2, 3, 3]
    assert seen == [[part < parts for part in range(5)] for parts in free]


def test_deeper_than_the_generator_all_parts_move() -> None:
    """A random start has corrections of features only; phases beyond those go on with all."""
    made, _ = problem(2, depth=6)
    start = uncorrected(torch.ones(2, 8), made.generator, 6)
    path = whole(made, start)
    assert len(path.steps) == 3 + 12 + 1
    assert moved(*path.steps[-3:-1]) == [True] * 4


def test_each_phase_begins_with_the_whole_rate_and_without_memory() -> None:
    """Adam's first step has the length of the rate in each number whose slope is not zero."""
    rate = 0.05
    path = whole(*problem(3, prior="none", learning_rate=rate))
    sizes = [
        (after.latent.z - before.latent.z).abs().median().item()
        for before, after in zip(path.steps[:-1], path.steps[1:], strict=True)
    ]
    for first in (0, 3, 5):
        assert sizes[first] == pytest.approx(rate, rel=1e-3)
    assert max(sizes[2], sizes[4], sizes[6]) < 0.7 * rate
    first_of_correction = path.steps[4].latent.parts[1] - path.steps[3].latent.parts[1]
    assert first_of_correction.abs().median().item() == pytest.approx(rate, rel=1e-3)


def test_objective_and_image_are_those_of_the_point() -> None:
    made, start = problem(3)
    path = whole(made, start)
    for step in path.steps:
        with torch.no_grad():
            objective, _ = made.objective(step.latent, start)
        torch.testing.assert_close(step.objective, objective)
        torch.testing.assert_close(step.generated, render(made.generator, step.latent))
    assert (path.steps[-1].objective < path.steps[0].objective).all()


def test_a_search_leaves_its_start_as_it_was() -> None:
    made, start = problem(2)
    before = [part.clone() for part in start.parts]
    whole(made, start)
    assert all(map(torch.equal, start.parts, before))
    assert not any(part.requires_grad for part in start.parts)


# ── The weight of corrections ────────────────────────────────────────────────────────────────────


@torch.no_grad()
def test_the_objective_counts_what_corrections_have_moved_since_the_start() -> None:
    made, start = problem(3, correction_weight=0.7)
    free, _ = problem(3, correction_weight=0.0)
    shifts = [0.0, 0.1, -0.2, 0.0, 0.3]  # of z, which has no such weight, and of each correction
    latent = Latent.of([part + by for part, by in zip(start.parts, shifts, strict=True)])
    squares = 0.1**2 * 16 * 4**2 + 0.2**2 * 8 * 8**2 + 0.3**2 * 3 * 32**2
    extra = made.objective(latent, start)[0] - free.objective(latent, start)[0]
    torch.testing.assert_close(extra, torch.full((3,), 0.7 * squares), rtol=1e-4, atol=0)
    unmoved = made.objective(start, start)[0]
    assert torch.equal(unmoved, free.objective(start, start)[0])


def test_corrections_are_pulled_back_to_the_start() -> None:
    """To what the encoder said, not to zero."""

    def away(weight: float) -> list[float]:
        made, start = problem(
            3, correction_weight=weight, steps=0, depth_steps=40, learning_rate=0.02
        )
        end = whole(made, start).steps[-1].latent
        pairs = zip(end.corrections[:2], start.corrections[:2], strict=True)
        assert min(part.square().mean() for part in start.corrections[:2]) > 1e-3
        return [(now - first).square().mean().item() for now, first in pairs]

    held, free = away(100.0), away(0.0)
    assert all(one < 0.05 * other for one, other in zip(held, free, strict=True))
