"""What a search generates on the way, as the frames of an animation."""

import numpy as np

from dcgan_inpainting.inpaint.search import Iterate
from dcgan_inpainting.networks.tensors import to_uint8

FRAMES = 24


class Frames:
    """The generated image of each point at FRAMES steps of a search, more of them at its beginning.

    There the image changes most: the steps lie as the squares of whole numbers do.
    """

    def __init__(self, points: int, shape: tuple[int, int], length: int) -> None:
        """Begin.

        Args:
            points: how many have frames, from the first; 0 = none.
            shape: height and width of the images.
            length: steps of the search.
        """
        parts = np.linspace(0, 1, FRAMES)
        self._steps = np.unique(np.rint(length * parts**2).astype(int)).tolist()
        self.images = np.zeros((len(self._steps), points, *shape, 3), np.uint8)

    def note(self, iterate: Iterate) -> None:
        """Keep the images of a step, if it is one of those."""
        if iterate.number in self._steps:
            kept = iterate.generated[: self.images.shape[1]]
            self.images[self._steps.index(iterate.number)] = to_uint8(kept)
