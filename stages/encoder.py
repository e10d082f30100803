"""Train the encoder: data/cropped/{train,val}.npy, models/ → models/encoder.safetensors."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch

from dcgan_inpainting.checkpoints import checkpoints
from dcgan_inpainting.devices import device, place, processor
from dcgan_inpainting.encoder.network import FILE
from dcgan_inpainting.encoder.params import EncoderParams
from dcgan_inpainting.encoder.reports import Reporter
from dcgan_inpainting.encoder.training import train_encoder
from dcgan_inpainting.encoder.validation import Validator
from dcgan_inpainting.images import load_images
from dcgan_inpainting.networks import (
    DISCRIMINATOR,
    GENERATOR,
    freeze,
    load_trained,
    save_weights,
)
from dcgan_inpainting.source_digest import FRAME, digest_of_code
from dcgan_inpainting.stage import fresh_folder, interruptible, project_root, run_stage
from dcgan_inpainting.tracking.lock import md5_of
from dcgan_inpainting.tracking.runs import Run
from dcgan_inpainting.training_bar import TrainingBar

TRAIN, VALIDATION = Path("data/cropped/train.npy"), Path("data/cropped/val.npy")
MODELS = Path("models")
REPORTS = Path("reports/encoder")

# Beside the frame, what no weight depends on: a change of it alone finds the training done.
REPORTING = (
    "dcgan_inpainting.encoder.reports",
    "dcgan_inpainting.tables",
    "dcgan_inpainting.training_bar",
)


def work(params: EncoderParams, run: Run) -> None:
    """Train, from where a killed attempt left off, and write the weights and the reports."""
    generator, discriminator = load_trained(MODELS)
    side = generator.architecture.image_size
    images, faces = (load_images(path, side=side) for path in (TRAIN, VALIDATION))
    fresh_folder(REPORTS)
    with ExitStack() as stack:
        interrupted = stack.enter_context(interruptible())
        run.log_dataset(TRAIN, "train")
        run.log_dataset(VALIDATION, "val")
        memory = stack.enter_context(checkpoints(project_root(), "encoder", _identity(params)))
        total = params.steps * params.batch_size
        bar = stack.enter_context(TrainingBar("encoder", total))
        reporter = Reporter(REPORTS, bar, run)
        encoder, history = train_encoder(
            images,
            Validator(faces, params.precision, params.seed),
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
        "code": digest_of_code(leave_out=(*FRAME, *REPORTING)),
        "torch": torch.__version__,
        "processor": processor(device()),
    }


if __name__ == "__main__":
    run_stage("encoder", EncoderParams, work, resumable=True)
