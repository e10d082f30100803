"""Random numbers by purpose and place."""

import itertools

import torch

from dcgan_inpainting.common.seeds import Purpose, generator_for


def drawn(purpose: Purpose, *numbers: int) -> torch.Tensor:
    return torch.randn(8, generator=generator_for(purpose, *numbers))


def test_the_same_place_gives_the_same_numbers() -> None:
    assert torch.equal(drawn(Purpose.STEP, 1, 2, 3), drawn(Purpose.STEP, 1, 2, 3))


def test_other_places_give_other_numbers() -> None:
    places = [
        (purpose, *numbers)
        for purpose in (Purpose.STEP, Purpose.IMAGES)
        for numbers in itertools.product(range(3), repeat=3)
    ]
    every = torch.stack([drawn(*place) for place in places])
    assert len(every.unique(dim=0)) == len(places)


def test_neighbouring_places_have_nothing_to_do_with_each_other() -> None:
    every = torch.stack([drawn(Purpose.STEP, 1, step) for step in range(2000)])
    between = torch.corrcoef(torch.stack([every[:-1].flatten(), every[1:].flatten()]))[0, 1]
    assert abs(between) < 4 / every.numel() ** 0.5
    assert abs(every.mean()) < 4 / every.numel() ** 0.5
