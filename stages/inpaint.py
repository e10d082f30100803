"""Restore the holes of one kind of mask: data/inpainted/<kind>/."""

from pathlib import Path

from dcgan_inpainting.common.images import load_images, load_masks
from dcgan_inpainting.inpaint.params import SHARING, InpaintParams
from dcgan_inpainting.inpaint.restoration import restore
from dcgan_inpainting.inpaint.results import KEPT, Restoration, save_results
from dcgan_inpainting.networks.architecture import ARCHITECTURE
from dcgan_inpainting.networks.unet import ENCODER, load_unet
from dcgan_inpainting.networks.weights import DISCRIMINATOR, GENERATOR, load_trained
from dcgan_inpainting.running.checkpoint_folders import run_folder
from dcgan_inpainting.running.checkpoints import CHECKPOINTS
from dcgan_inpainting.running.identity import identity_of
from dcgan_inpainting.running.in_parts import restore_in_parts
from dcgan_inpainting.running.stage import fresh_folder, kind_and_split, project_root, run_stage

CROPPED = Path("data/cropped")
MASKS = Path("data/masks")
MODELS = Path("models")
NETWORKS = (ARCHITECTURE, GENERATOR, DISCRIMINATOR, ENCODER)
INPAINTED = Path("data/inpainted")


def work(kind: str, split: str, params: InpaintParams) -> None:
    """Search z for every image, from where a killed attempt left off, and write what was found."""
    faces, masks = CROPPED / f"{split}.npy", MASKS / f"{kind}.npy"
    networks, encoder = load_trained(MODELS), load_unet(MODELS, ENCODER)
    images = load_images(faces, side=networks[0].architecture.image_size)
    known = load_masks(masks, images)

    def restore_batch(batch: slice) -> Restoration:
        filmed = max(0, KEPT - batch.start)
        pair = images[batch], known[batch]
        return restore(*pair, *networks, params, encoder=encoder, with_frames=filmed)

    def write(found: Restoration) -> None:
        save_results(fresh_folder(INPAINTED / kind), found, params)

    settings = params.model_dump(mode="json", exclude=SHARING)
    identity = identity_of(settings, [masks, faces, *(MODELS / name for name in NETWORKS)])
    restore_in_parts(
        restore_batch,
        len(known),
        params,
        title=f"inpaint {kind}",
        folder=run_folder(project_root() / CHECKPOINTS, "inpaint", identity),
        identity=identity,
        write=write,
    )


if __name__ == "__main__":
    asked = kind_and_split(__doc__)
    run_stage(
        "inpaint",
        InpaintParams,
        lambda params: work(asked.kind, asked.split, params.resolved()),
        item=asked.kind,
    )
