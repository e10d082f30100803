"""The holes that the encoder learns to fill: of the kinds that are asked for, at any place."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from dcgan_inpainting.common.seeds import Purpose, generator_for
from dcgan_inpainting.masks.kinds import make_masks

OF_EACH_KIND = 512
# Beyond those of masks.seed, so that no mask of a test is learned. To NumPy a seed is words of 32
# bits, filled up with zeros to four: [2**32 + seed, kind, 0] would be a test's [seed, 1, kind].
OTHER_SEED = 2**64
VALIDATION_SEED = 2 * OTHER_SEED  # beyond both, so that the tests' masks decide nothing either
ELSEWHERE = 0.25  # share of the holes that are moved, so that a square may lie anywhere


class Holes:
    """A stock of masks, from which each step draws; a function of the step, as Batches are."""

    def __init__(self, size: int, kinds: Sequence[str], seed: int) -> None:
        """Draw the stock.

        Args:
            size: side of the masks in pixels.
            kinds: of the masks, each as often as the others.
            seed: of the stock and of what is drawn from it.
        """
        self._seed = seed
        stock = [make_masks(kind, OF_EACH_KIND, size, OTHER_SEED + seed) for kind in kinds]
        self._stock = torch.from_numpy(np.concatenate(stock))

    def __call__(self, step: int, count: int) -> Tensor:
        """Return masks for a step's images: float32, count×1×size×size, 1 = known, 0 = hole.

        Args:
            step: from 1.
            count: how many.
        """
        rng = generator_for(Purpose.HOLES, self._seed, step)
        masks = self._stock[torch.randint(len(self._stock), (count,), generator=rng)]
        size = masks.shape[-1]
        for index in torch.nonzero(torch.rand(count, generator=rng) < ELSEWHERE).flatten():
            down, right = torch.randint(size, (2,), generator=rng).tolist()
            masks[index] = masks[index].roll((down, right), (0, 1))
        return masks[:, None].float()
