"""What a training leaves: its networks as files, and a line of the log that says which they are."""

import json
import logging
from pathlib import Path

from dcgan_inpainting.common.files import write_text
from dcgan_inpainting.networks.architecture import ARCHITECTURE
from dcgan_inpainting.networks.dcgan import Discriminator, Generator
from dcgan_inpainting.networks.weights import DISCRIMINATOR, GENERATOR, save_weights
from dcgan_inpainting.train.loop import Trained
from dcgan_inpainting.train.params import TrainParams
from dcgan_inpainting.training.history import Row

log = logging.getLogger(__name__)


def write_models(trained: Trained, params: TrainParams, image_size: int, folder: Path) -> None:
    """Write the chosen weights and where they are from, and say it.

    Raises:
        FaultError: a weight is NaN or infinite.
        OSError: a file could not be written.
    """
    architecture, chosen = params.architecture(image_size), trained.chosen
    architecture.save(folder / ARCHITECTURE)
    for name, network, file in (
        ("generator", Generator(architecture), "generator.safetensors"),
        ("average", Generator(architecture), GENERATOR),
        ("discriminator", Discriminator(architecture), DISCRIMINATOR),
    ):
        network.load_state_dict(trained.weights[name])
        save_weights(network, folder / file)
    place = {"step": chosen["step"], "images": chosen["images"], "by": params.select}
    write_text(folder / "chosen.json", json.dumps(place, indent=2) + "\n")
    if trained.diverged:
        log.warning("stopped early: %s", trained.diverged)
    log.info(
        "chosen by train.select=%s: the weights after %s; the last ones, after %s",
        params.select,
        _described(chosen),
        _described(trained.history.validations[-1]),
    )


def _described(validation: Row) -> str:
    return (
        "{images} images (swd {swd:.1f}, floor {swd_floor:.1f}; faces found through z "
        "{reconstruction_psnr:.2f} dB)"
    ).format_map(validation)
