"""Train the U-Net to compare with: data/cropped/{train,val}.npy → models/unet.safetensors."""

from pathlib import Path

from dcgan_inpainting.common.frame import Run
from dcgan_inpainting.common.images import load_images
from dcgan_inpainting.common.settings import read_section
from dcgan_inpainting.encoder.params import EncoderParams
from dcgan_inpainting.encoder.training import FIGURES
from dcgan_inpainting.encoder.validation import Validator, headline
from dcgan_inpainting.networks.architecture import ARCHITECTURE, Architecture
from dcgan_inpainting.networks.unet import UNET
from dcgan_inpainting.networks.weights import save_weights
from dcgan_inpainting.running.stage import fresh_folder, run_training
from dcgan_inpainting.running.training import checkpoints_of, reported
from dcgan_inpainting.running.training_report import filling_report
from dcgan_inpainting.unet.params import UNetParams
from dcgan_inpainting.unet.training import train_unet

TRAIN, VALIDATION = Path("data/cropped/train.npy"), Path("data/cropped/val.npy")
MODELS = Path("models")
REPORT = filling_report("unet", FIGURES)


def work(own: UNetParams, run: Run) -> None:
    """Train, from where a killed attempt left off, and write the weights and the reports."""
    params = read_section("encoder", EncoderParams).model_copy(update=own.model_dump())
    architecture = Architecture.load(MODELS / ARCHITECTURE)
    images, faces = (
        load_images(path, side=architecture.image_size) for path in (TRAIN, VALIDATION)
    )
    fresh_folder(REPORT.folder)
    settings = params.model_dump(mode="json", exclude={"feature_weight", "latent_weight"})
    validator = Validator(faces, params.kinds, params.precision, params.seed)
    files = (TRAIN, VALIDATION, MODELS / ARCHITECTURE)
    with (
        checkpoints_of("unet", settings, files, run) as kept,
        reported("unet", params.steps * params.batch_size, REPORT, run) as (reporter, stop),
    ):
        unet, history = train_unet(
            images,
            validator,
            architecture,
            params,
            observer=reporter,
            memory=kept,
            interrupted=stop,
        )
    if reporter is None:
        return  # the first of the processes writes
    save_weights(unet, MODELS / UNET)
    figures = headline("unet", history.validations[-1]) if params.images else {}
    reporter.write(history, figures)


if __name__ == "__main__":
    run_training("unet", UNetParams, work)
