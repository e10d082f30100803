"""A long restoration in parts: each batch is one, restored by any process, also after a kill."""

import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

from tqdm import tqdm

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.inpaint.params import InpaintParams
from dcgan_inpainting.inpaint.results import Restoration
from dcgan_inpainting.networks.distribution import start
from dcgan_inpainting.process.ranks import rank_of_this_process
from dcgan_inpainting.running.checkpoint_folders import held
from dcgan_inpainting.running.parts import Parts

log = logging.getLogger(__name__)


def restore_in_parts(
    restore_batch: Callable[[slice], Restoration],
    images: int,
    params: InpaintParams,
    *,
    title: str,
    folder: Path,
    identity: Mapping[str, Any],
    write: Callable[[Restoration], None],
) -> None:
    """Restore images, shared by as many processes as the settings say; go on after a kill.

    Args:
        restore_batch: restores some of the images.
        images: how many there are.
        params: the settings, resolved.
        title: of the progress bar.
        folder: for what was restored until all of it is written; all processes see the same.
        identity: what determines the result, as checkpoint_folders.held has it.
        write: called by the first process with the whole, before the folder is emptied.
    """
    parts = Parts(folder)
    batches = RestorationInParts(parts, images, params.images_at_once)
    with ExitStack() as stack:
        if rank_of_this_process() == 0:
            # Before the processes start: however long the wait, none of them waits for this one.
            stack.enter_context(held(folder, identity))
        fabric = start(params.devices, params.nodes, "auto", params.precision)
        fabric.barrier()  # until then another run may hold the folder
        missing = batches.missing()
        fabric.barrier()  # until then nobody adds one, so all ranks share out the same
        if fabric.global_rank == 0 and len(missing) < len(batches):
            log.info("going on: %d of %d batches are missing", len(missing), len(batches))
        mine = dict(islice(missing.items(), fabric.global_rank, None, fabric.world_size))
        batches.restore(mine, restore_batch, title)
        fabric.barrier()
        if fabric.global_rank == 0:
            write(batches.joined())
            parts.clear()


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
        self,
        batches: Mapping[int, slice],
        restore_batch: Callable[[slice], Restoration],
        title: str,
    ) -> None:
        """Restore batches, some of those that are missing, and keep each as soon as it is done."""
        total = sum(batch.stop - batch.start for batch in batches.values())
        quiet = rank_of_this_process() > 0
        with tqdm(total=total, desc=title, unit=" images", disable=quiet) as bar:
            for number, batch in batches.items():
                self._parts.save(number, vars(restore_batch(batch)))
                bar.update(batch.stop - batch.start)

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
