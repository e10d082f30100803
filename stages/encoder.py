"""Train the encoder: data/cropped/{train,val}.npy, models/ → models/encoder.safetensors."""

from pathlib import Path

from dcgan_inpainting.common.frame import Run
from dcgan_inpainting.common.images import load_images
from dcgan_inpainting.encoder.params import EncoderParams
from dcgan_inpainting.encoder.training import FIGURES, train_encoder
from dcgan_inpainting.encoder.validation import Validator, headline
from dcgan_inpainting.networks.architecture import ARCHITECTURE
from dcgan_inpainting.networks.unet import ENCODER
from dcgan_inpainting.networks.weights import DISCRIMINATOR, GENERATOR, load_trained, save_weights
from dcgan_inpainting.running.stage import fresh_folder, run_training
from dcgan_inpainting.running.training import checkpoints_of, reported
from dcgan_inpainting.running.training_report import filling_report

TRAIN, VALIDATION = Path("data/cropped/train.npy"), Path("data/cropped/val.npy")
MODELS = Path("models")
NETWORKS = tuple(MODELS / name for name in (ARCHITECTURE, GENERATOR, DISCRIMINATOR))
REPORT = filling_report("encoder", FIGURES)


def work(params: EncoderParams, run: Run) -> None:
    """Train, from where a killed attempt left off, and write the weights and the reports."""
    networks = load_trained(MODELS)
    side = networks[0].architecture.image_size
    images, faces = (load_images(path, side=side) for path in (TRAIN, VALIDATION))
    fresh_folder(REPORT.folder)
    settings, total = params.model_dump(mode="json"), params.steps * params.batch_size
    validator = Validator(faces, params.kinds, params.precision, params.seed)
    with (
        checkpoints_of("encoder", settings, (TRAIN, VALIDATION, *NETWORKS), run) as kept,
        reported("encoder", total, REPORT, run) as (reporter, stop),
    ):
        encoder, history = train_encoder(
            images, validator, *networks, params, observer=reporter, memory=kept, interrupted=stop
        )
    if reporter is None:
        return  # the first of the processes writes
    save_weights(encoder, MODELS / ENCODER)
    figures = headline("encoder", history.validations[-1]) if params.images else {}
    reporter.write(history, figures)


if __name__ == "__main__":
    run_training("encoder", EncoderParams, work)
