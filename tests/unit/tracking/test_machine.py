"""How busy the machine is."""

import time

import pytest

from dcgan_inpainting.tracking.machine import Machine

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own


def test_the_load_is_what_it_was_since_it_was_last_asked_for() -> None:
    machine = Machine()
    machine.points(0)
    until = time.process_time() + 0.3
    while time.process_time() < until:
        pass
    points = machine.points(1000)
    values = {name: value for name, value, _, _ in points}
    assert values["system/cpu_utilization_percentage"] > 5
    assert 0 < values["system/system_memory_usage_percentage"] <= 100
    assert {(now, step) for _, _, now, step in points} == {(1000, 1)}


def test_what_a_later_attempt_says_of_the_load_follows_on() -> None:
    (first, *_), (second, *_) = (
        Machine().points(1_763_845_200_000),
        Machine().points(1_763_845_260_000),
    )
    assert second[3] - first[3] == 60
