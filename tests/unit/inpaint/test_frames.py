"""The frames that are kept of a search."""

import numpy as np
import pytest
import torch

from dcgan_inpainting.inpaint.frames import FRAMES, Frames
from dcgan_inpainting.inpaint.restoration import restore
from dcgan_inpainting.inpaint.results import Restoration
from dcgan_inpainting.inpaint.search import Iterate
from dcgan_inpainting.networks.latent import Latent
from tests.tiny_encoder import faces, holes, networks
from tests.tiny_search import settings


def step(number: int, images: int = 1) -> Iterate:
    """Return a step at which each image has the grey level number + 10·its index."""
    levels = number + 10.0 * torch.arange(images)
    generated = (levels / 127.5 - 1)[:, None, None, None].expand(-1, 3, 4, 5)
    unused = torch.zeros(images)
    return Iterate(number, Latent(unused, ()), unused, generated)


def test_frames_lie_closer_at_the_beginning_and_reach_from_end_to_end() -> None:
    frames = Frames(1, (4, 5), 180)
    for number in range(181):
        frames.note(step(number))
    numbers = frames.images[:, 0, 0, 0, 0].astype(int)
    assert len(numbers) <= FRAMES
    assert (numbers[0], numbers[-1]) == (0, 180)
    gaps = np.diff(numbers)
    assert gaps.min() > 0
    assert gaps[:5].max() < gaps[-5:].min()


def test_a_short_search_has_a_frame_a_step() -> None:
    frames = Frames(1, (4, 5), 3)
    for number in range(4):
        frames.note(step(number))
    assert frames.images[:, 0, 0, 0, 0].tolist() == [0, 1, 2, 3]


def test_only_the_first_points_are_kept() -> None:
    frames = Frames(2, (4, 5), 3)
    for number in range(4):
        frames.note(step(number, images=3))
    assert frames.images.shape == (4, 2, 4, 5, 3)
    assert frames.images[:, 0, 0, 0, 0].tolist() == [0, 1, 2, 3]
    assert frames.images[:, 1, 0, 0, 0].tolist() == [10, 11, 12, 13]


# ── In a restoration ─────────────────────────────────────────────────────────────────────────────


def run(**changes: object) -> Restoration:
    options = {"kept": 2, **changes}
    kept = options.pop("kept")
    generator, discriminator, encoder = networks()
    return restore(
        faces(4, seed=9),
        holes(4),
        generator,
        discriminator,
        settings(**options),
        encoder=encoder,
        with_frames=int(str(kept)),
    )


@pytest.mark.parametrize("batch_size", [1, 3, 8])
def test_the_way_ends_at_what_was_found(batch_size: int) -> None:
    found = run(batch_size=batch_size, kept=3, steps=7, depth=0)
    assert found.frames.shape == (8, 3, 32, 32, 3)
    assert (found.trace.argmin(0) == 7).all()  # else the last step is not what was found
    assert np.abs(found.frames[-1].astype(int) - found.raw[:3]).max() <= 1
    assert np.abs(found.frames[0].astype(int) - found.raw[:3]).max() > 5


def test_no_frames_are_kept_unasked() -> None:
    assert run(kept=0).frames.shape[1] == 0
    assert run(kept=9).frames.shape[1] == 4


def test_of_several_answers_the_best_one_s_way_is_kept() -> None:
    found = run(start="random", starts=20, candidates=5, steps=7, depth=0)
    assert found.frames.shape == (8, 2, 32, 32, 3)
    ends = found.trace.argmin(0)[:2] == 7
    assert ends.any()
    difference = found.frames[-1].astype(int) - found.raw[:2]
    assert np.abs(difference[ends]).max() <= 1
