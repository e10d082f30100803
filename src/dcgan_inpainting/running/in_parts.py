"""A long restoration in parts: each batch is one, restored by any process, also after a kill."""

from collections.abc import Callable, Mapping

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.inpaint.results import Restoration
from dcgan_inpainting.running.parts import Parts


class RestorationInParts:
    """The batches of a restoration: which are missing, and what all of them make up."""

    def __init__(self, parts: Parts, images: int, at_once: int) -> None:
        """Divide the work.

        Args:
            parts: where what was restored is kept; all processes see the same.
            images: how many there are.
            at_once: how many of them, in their order, are a batch.
        """
        self._parts = parts
        self._batches = [
            slice(first, min(first + at_once, images)) for first in range(0, images, at_once)
        ]

    def __len__(self) -> int:
        """Return how many batches there are."""
        return len(self._batches)

    def missing(self) -> dict[int, slice]:
        """Return the batches that nobody has restored, by number: which images each holds."""
        numbered = enumerate(self._batches)
        return {number: batch for number, batch in numbered if self._parts.load(number) is None}

    def restore(
        self, batches: Mapping[int, slice], restore_batch: Callable[[slice], Restoration]
    ) -> None:
        """Restore batches, some of those that are missing, and keep each as soon as it is done."""
        for number, batch in batches.items():
            self._parts.save(number, vars(restore_batch(batch)))

    def joined(self) -> Restoration:
        """Return the restoration of all images.

        Raises:
            UserError: a batch is missing.
        """
        found = []
        for number in range(len(self)):
            part = self._parts.load(number)
            if part is None:
                raise UserError(
                    f"batch {number} is not in {self._parts.folder}: it was damaged, or a machine "
                    "that shares the work does not share that folder; the same command restores "
                    "what is missing"
                )
            found.append(Restoration(**part))
        return Restoration.joined(found)
