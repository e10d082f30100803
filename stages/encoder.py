"""Train the encoder: data/cropped/{train,val}.npy, models/ → models/encoder.safetensors."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch

from dcgan_inpainting.common.files import md5_of
from dcgan_inpainting.common.frame import Run
from dcgan_inpainting.common.images import load_images
from dcgan_inpainting.encoder.params import EncoderParams
from dcgan_inpainting.encoder.training import train_encoder
from dcgan_inpainting.encoder.validation import Validator
from dcgan_inpainting.networks.devices import device, place, processor
from dcgan_inpainting.networks.encoder import FILE
from dcgan_inpainting.networks.frozen import freeze
from dcgan_inpainting.networks.weights import DISCRIMINATOR, GENERATOR, load_trained, save_weights
from dcgan_inpainting.running.checkpoints import checkpoints
from dcgan_inpainting.running.encoder_report import Reporter
from dcgan_inpainting.running.source_digest import digest_of_code
from dcgan_inpainting.running.stage import fresh_folder, interruptible, project_root, run_training
from dcgan_inpainting.running.training_bar import TrainingBar

TRAIN, VALIDATION = Path("data/cropped/train.npy"), Path("data/cropped/val.npy")
MODELS = Path("models")
REPORTS = Path("reports/encoder")


def work(params: EncoderParams, run: Run) -> None:
    """Train, from where a killed attempt left off, and write the weights and the reports."""
    generator, discriminator = load_trained(MODELS)
    side = generator.architecture.image_size
    images, faces = (load_images(path, side=side) for path in (TRAIN, VALIDATION))
    fresh_folder(REPORTS)
    with ExitStack() as stack:
        interrupted = stack.enter_context(interruptible())
        memory = stack.enter_context(checkpoints(project_root(), "encoder", _identity(params)))
        run.kept_in(memory.folder)
        total = params.steps * params.batch_size
        bar = stack.enter_context(TrainingBar("encoder", total))
        reporter = Reporter(REPORTS, bar, run)
        encoder, history = train_encoder(
            images,
            Validator(faces, params.kinds, params.precision, params.seed),
            place(freeze(generator)),
            place(freeze(discriminator)),
            params,
            observer=reporter,
            memory=memory,
            interrupted=interrupted,
        )
    save_weights(encoder, MODELS / FILE)
    reporter.write(history)


def _identity(params: EncoderParams) -> dict[str, Any]:
    """Return what determines the bytes of a training."""
    networks = (MODELS / name for name in ("architecture.json", GENERATOR, DISCRIMINATOR))
    files = (TRAIN, VALIDATION, *networks)
    return {
        "params": params.model_dump(mode="json"),
        "data": [md5_of(file) for file in files],
        "code": digest_of_code(),
        "torch": torch.__version__,
        "processor": processor(device()),
    }


if __name__ == "__main__":
    run_training("encoder", EncoderParams, work)
