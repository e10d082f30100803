"""Random numbers that depend on what they are for and when, and on nothing that was drawn before.

A training that goes on from a checkpoint, or a rank that joins it, then draws what the whole one
draws, with no generator's state to keep.
"""

from enum import IntEnum

import numpy as np
import torch


class Purpose(IntEnum):
    """What random numbers are for: those of two purposes have nothing to do with each other."""

    WEIGHTS = 0
    ORDER = 1  # of the images in an epoch
    IMAGES = 2  # changes of a step's real images
    STEP = 3  # z and augmentation in a step's updates
    SAMPLES = 4
    RECALIBRATION = 5
    ENCODER = 6  # its weights
    HOLES = 7  # in the images of a step of its training
    UNET = 8  # its weights
    START = 9  # of the search, an image's own


def generator_for(purpose: Purpose, *numbers: int) -> torch.Generator:
    """Return a generator on the CPU, seeded by a purpose and numbers such as seed, step and rank.

    On the CPU, so that every device sees the same numbers.
    """
    (seed,) = np.random.SeedSequence([purpose, *numbers]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(seed >> 1))
