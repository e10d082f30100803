"""Train the U-Net to compare with: data/cropped/{train,val}.npy → models/unet.safetensors."""

from pathlib import Path

from dcgan_inpainting.common.frame import Run
from dcgan_inpainting.common.images import load_images
from dcgan_inpainting.common.settings import read_section
from dcgan_inpainting.encoder.params import EncoderParams
from dcgan_inpainting.encoder.training import FIGURES
from dcgan_inpainting.encoder.validation import Validator, headline
from dcgan_inpainting.networks.unet import UNET
from dcgan_inpainting.networks.weights import save_weights
from dcgan_inpainting.running.stage import fresh_folder, run_training
from dcgan_inpainting.running.training import checkpoints_of, reported
from dcgan_inpainting.running.training_report import filling_report
from dcgan_inpainting.train.params import TrainParams
from dcgan_inpainting.unet.params import UNetParams
from dcgan_inpainting.unet.training import train_unet

TRAIN, VALIDATION = Path("data/cropped/train.npy"), Path("data/cropped/val.npy")
MODELS = Path("models")
REPORT = filling_report("unet", FIGURES)


def work(own: UNetParams, run: Run) -> None:
    """Train, from where a killed attempt left off, and write the weights and the reports."""
    params = read_section("encoder", EncoderParams).model_copy(update=own.model_dump())
    images = load_images(TRAIN)
    faces = load_images(VALIDATION, side=images.shape[1])
    # The DCGAN's, by its settings: so that both can be trained at the same time.
    architecture = read_section("train", TrainParams).architecture(images.shape[1])
    fresh_folder(REPORT.folder)
    settings = params.model_dump(mode="json", exclude={"feature_weight", "latent_weight"})
    settings["architecture"] = architecture.model_dump(mode="json")
    validator = Validator(faces, params.kinds, params.precision, params.seed)
    with (
        checkpoints_of("unet", settings, (TRAIN, VALIDATION), run) as kept,
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
    MODELS.mkdir(exist_ok=True)
    save_weights(unet, MODELS / UNET)
    figures = headline("unet", history.validations[-1]) if params.images else {}
    reporter.write(history, figures)


if __name__ == "__main__":
    run_training("unet", UNetParams, work)
