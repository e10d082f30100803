"""Whether a training still gets anywhere."""

from collections import deque

from dcgan_inpainting.training.history import Row

# D has won when, over this many images, it tells nearly every image apart: a real one from a
# generated one with a margin that healthy trainings here have not reached for a tenth as long. G
# then learns nothing more, because D tells all its images apart whatever they are like.
HOPELESS_IMAGES = 20_000
HOPELESS_FAKE = 0.002  # mean D(G(z))
HOPELESS_LOSS = 8.0  # mean of G's loss


class Health:
    """Watches the progress of one training."""

    def __init__(self) -> None:
        self._won: deque[Row] = deque()

    def complaint(self, progress: Row) -> str:
        """Return what is wrong after a report of finite figures, in words; "" where nothing is."""
        if progress["d_fake"] > HOPELESS_FAKE or progress["g_loss"] < HOPELESS_LOSS:
            self._won.clear()
            return ""
        self._won.append(progress)
        images = progress["images"] - self._won[0]["images"]
        if images < HOPELESS_IMAGES:
            return ""
        return (
            f"the discriminator has won: for the last {images} images D(G(z)) is below "
            f"{HOPELESS_FAKE}, and the generator's loss above {HOPELESS_LOSS:g}"
        )
