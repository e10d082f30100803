"""What a search makes of its images on the way, as frames."""

import numpy as np

from dcgan_inpainting.inpaint.search import Step
from dcgan_inpainting.networks.tensors import to_uint8

FRAMES = 24
FILMED = 8  # images of a kind of mask whose way is kept


class Film:
    """The generated image of each point at FRAMES steps of a walk, more of them at its beginning.

    There the image changes most: the steps lie as the squares of whole numbers do.
    """

    def __init__(self, points: int, shape: tuple[int, int], length: int) -> None:
        """Begin.

        Args:
            points: how many are filmed, the first ones of the walk; 0 = none.
            shape: height and width of the images.
            length: steps of the walk.
        """
        parts = np.linspace(0, 1, FRAMES)
        self._steps = np.unique(np.rint(length * parts**2).astype(int)).tolist()
        self.frames = np.zeros((len(self._steps), points, *shape, 3), np.uint8)

    def note(self, step: Step) -> None:
        """Keep the images of a step, if it is one of those; a point that has stopped stays."""
        if step.number not in self._steps:
            return
        place = self._steps.index(step.number)
        filmed = step.images < self.frames.shape[1]
        # To the end, as no further step may come.
        self.frames[place:, step.images[filmed].cpu().numpy()] = to_uint8(step.generated[filmed])
