"""A step that a GPU replays: on a CPU it is called, on a GPU it computes what it would without."""

import pytest
import torch
from torch import Tensor, nn

from dcgan_inpainting.networks import replayed
from dcgan_inpainting.networks.devices import CPU
from dcgan_inpainting.networks.muon import Muon
from dcgan_inpainting.networks.replayed import EAGER_STEPS, Replayed
from tests.heard import Kept
from tests.tiny_encoder import digest, train

ON_A_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="NO GPU: nothing is replayed")
STEPS = EAGER_STEPS + 5


def test_on_a_cpu_a_step_is_called_each_time_with_what_was_given() -> None:
    given: list[tuple[Tensor | float, ...]] = []

    def step(*inputs: Tensor | float) -> Tensor:
        given.append(inputs)
        return torch.tensor([float(len(given))])

    replay, image = Replayed(step, CPU), torch.zeros(2)
    figures = [replay(image, number / 10).item() for number in range(STEPS)]
    assert figures == [1.0 + number for number in range(STEPS)]
    assert given == [(image, number / 10) for number in range(STEPS)]


def test_a_rate_that_is_a_tensor_moves_weights_as_far_as_a_number() -> None:
    begin, slope = torch.randn(2, 12, 16, generator=torch.Generator().manual_seed(0))
    moved = []
    for rate in (0.02, torch.tensor(0.02)):
        weight = nn.Parameter(begin.clone())
        weight.grad = slope.clone()
        muon = Muon([weight], 0.0)
        muon.param_groups[0]["lr"] = rate
        muon.step()
        moved.append(weight.detach() - begin)
    assert torch.allclose(*moved, rtol=1e-5, atol=1e-8)
    assert moved[0].abs().max() > 1e-3


@ON_A_GPU
def test_a_replayed_training_ends_with_the_weights_of_one_that_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    by_graph, _ = train(images=4 * STEPS)
    monkeypatch.setattr(replayed, "EAGER_STEPS", STEPS + 1)
    step_by_step, _ = train(images=4 * STEPS)
    assert digest(by_graph) == digest(step_by_step)


@ON_A_GPU
def test_a_replayed_training_goes_on_from_any_step_to_the_same_weights() -> None:
    memory = Kept()
    whole, _ = train(images=4 * STEPS, memory=memory)
    for step in memory.states:
        again, _ = train(images=4 * STEPS, memory=memory.up_to(step))
        assert digest(again) == digest(whole), f"resumed after step {step}"
