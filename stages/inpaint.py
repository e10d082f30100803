"""Restore the holes of one kind of mask: data/inpainted/<kind>/."""

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from dcgan_inpainting.common.files import md5_of
from dcgan_inpainting.common.frame import Run
from dcgan_inpainting.common.images import Images, Known, load_images, load_masks
from dcgan_inpainting.inpaint.params import SHARING, InpaintParams
from dcgan_inpainting.inpaint.restoration import restore
from dcgan_inpainting.inpaint.results import KEPT, Restoration, save_results
from dcgan_inpainting.networks.architecture import ARCHITECTURE, Architecture
from dcgan_inpainting.networks.devices import device, processor
from dcgan_inpainting.networks.distribution import start
from dcgan_inpainting.networks.encoder import load_encoder
from dcgan_inpainting.networks.weights import load_trained
from dcgan_inpainting.process.ranks import rank_of_this_process
from dcgan_inpainting.running.checkpoint_folders import held, run_folder
from dcgan_inpainting.running.checkpoints import CHECKPOINTS
from dcgan_inpainting.running.in_parts import RestorationInParts
from dcgan_inpainting.running.parts import Parts
from dcgan_inpainting.running.source_digest import digest_of_code
from dcgan_inpainting.running.stage import fresh_folder, kind_and_split, project_root, run_stage

CROPPED = Path("data/cropped")
MASKS = Path("data/masks")
MODELS = Path("models")
INPAINTED = Path("data/inpainted")

log = logging.getLogger(__name__)


def work(kind: str, split: str, params: InpaintParams, run: Run) -> None:
    """Search z for every image, from where a killed attempt left off, and write what was found."""
    side = Architecture.load(MODELS / ARCHITECTURE).image_size
    images = load_images(CROPPED / f"{split}.npy", side=side)
    known = load_masks(MASKS / f"{kind}.npy", images)
    images = images[: len(known)]
    identity = _identity(kind, split, params)
    folder = run_folder(project_root() / CHECKPOINTS, "inpaint", identity)
    parts = Parts(folder)
    batches = RestorationInParts(parts, len(images), params.images_at_once)
    with ExitStack() as stack:
        if rank_of_this_process() == 0:
            # Before the processes start: however long the wait, none of them waits for this one.
            stack.enter_context(held(folder, identity))
        fabric = start(params.devices, params.nodes, "auto", params.precision)
        if fabric.global_rank == 0:
            run.log_dataset(CROPPED / f"{split}.npy", split)
        fabric.barrier()
        missing = batches.missing()
        fabric.barrier()  # until then nobody adds one, so all ranks share out the same
        if fabric.global_rank == 0 and len(missing) < len(batches):
            log.info("going on: %d of %d batches are missing", len(missing), len(batches))
        mine = dict(islice(missing.items(), fabric.global_rank, None, fabric.world_size))
        rate = _restore(kind, images, known, params, batches, mine)
        fabric.barrier()
        if fabric.global_rank == 0:
            run.log_metrics({"images_per_second": rate * fabric.world_size})
            restoration = batches.joined()
            _write(kind, params, restoration, run)
            parts.clear()


def _identity(kind: str, split: str, params: InpaintParams) -> dict[str, Any]:
    """Return what determines the bytes of a restoration; how many share the work does not."""
    files = [MASKS / f"{kind}.npy", CROPPED / f"{split}.npy", *sorted(MODELS.iterdir())]
    return {
        "params": params.model_dump(mode="json", exclude=SHARING),
        "data": {str(file): md5_of(file) for file in files},
        "code": digest_of_code(),
        "torch": torch.__version__,
        "processor": processor(device()),
    }


def _restore(
    kind: str,
    images: Images,
    known: Known,
    params: InpaintParams,
    batches: RestorationInParts,
    mine: Mapping[int, slice],
) -> float:
    """Restore this process's batches; return how many images a second."""
    generator, discriminator = load_trained(MODELS)
    encoder = load_encoder(MODELS)
    total = sum(batch.stop - batch.start for batch in mine.values())
    quiet = rank_of_this_process() > 0
    with tqdm(total=total, desc=f"inpaint {kind}", unit=" images", disable=quiet) as bar:

        def restore_batch(batch: slice) -> Restoration:
            found = restore(
                images[batch],
                known[batch],
                generator,
                discriminator,
                params,
                encoder=encoder,
                with_frames=max(0, KEPT - batch.start),
            )
            bar.update(len(found.z))
            return found

        batches.restore(mine, restore_batch)
        return bar.format_dict["rate"] or 0.0


def _write(kind: str, params: InpaintParams, restoration: Restoration, run: Run) -> None:
    for step, objective in enumerate(restoration.trace.mean(axis=1)):
        run.log_metrics({"objective": float(objective)}, step)
    save_results(fresh_folder(INPAINTED / kind), restoration, params)


if __name__ == "__main__":
    arguments = kind_and_split(__doc__)
    run_stage(
        "inpaint",
        InpaintParams,
        lambda params, run: work(arguments.kind, arguments.split, params.resolved(), run),
        item=arguments.kind,
        resumable=True,
    )
