"""Train the DCGAN: data/cropped/{train,val}.npy → models/, reports/train/."""

import json
import logging
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch

from dcgan_inpainting.common.files import md5_of, write_text
from dcgan_inpainting.common.frame import Run
from dcgan_inpainting.common.images import load_images
from dcgan_inpainting.networks.dcgan import Discriminator, Generator
from dcgan_inpainting.networks.devices import device, processor
from dcgan_inpainting.networks.distribution import Rank, processes, start
from dcgan_inpainting.networks.weights import save_weights
from dcgan_inpainting.process.ranks import rank_of_this_process
from dcgan_inpainting.running.checkpoints import checkpoints
from dcgan_inpainting.running.source_digest import digest_of_code
from dcgan_inpainting.running.stage import fresh_folder, interruptible, project_root, run_training
from dcgan_inpainting.running.train_report import Reporter
from dcgan_inpainting.running.training_bar import TrainingBar
from dcgan_inpainting.train.loop import Trained, fit
from dcgan_inpainting.train.params import LENGTH, TrainParams
from dcgan_inpainting.train.updates import refuse_unshareable
from dcgan_inpainting.train.validation import Validator

TRAIN, VALIDATION = Path("data/cropped/train.npy"), Path("data/cropped/val.npy")
MODELS = Path("models")
REPORTS = Path("reports/train")

log = logging.getLogger(__name__)


def work(params: TrainParams, run: Run) -> None:
    """Train, from where a killed attempt left off, and write the best weights and how it went."""
    images = load_images(TRAIN)
    validation = load_images(VALIDATION, side=images.shape[1])
    several = processes(params.devices, params.nodes)
    refuse_unshareable(params, Rank(world_size=several, device=device()))
    with ExitStack() as stack:
        # Before the processes start: however long the wait, none of them waits for this one.
        memory = (
            stack.enter_context(checkpoints(project_root(), "train", _identity(params)))
            if rank_of_this_process() == 0
            else None
        )
        fabric = start(params.devices, params.nodes, params.strategy, params.precision)
        validator = Validator(images, validation, params)
        interrupted = stack.enter_context(interruptible())
        if fabric.global_rank > 0:
            fit(images, validator, params, fabric, interrupted=interrupted)
            return
        if memory:
            run.kept_in(memory.folder)
        total = params.steps(len(images)) * params.batch_size
        bar = stack.enter_context(TrainingBar("train", total))
        reporter = Reporter(REPORTS, bar, run)
        trained = fit(
            images,
            validator,
            params,
            fabric,
            observer=reporter,
            memory=memory,
            interrupted=interrupted,
        )
    assert trained is not None
    _say(trained, params)
    _write_models(params, images.shape[1], trained)
    reporter.write(trained)


def _identity(params: TrainParams) -> dict[str, Any]:
    """Return what determines the bytes of a training, but for its length."""
    return {
        "params": params.model_dump(mode="json", exclude=LENGTH),
        "data": [md5_of(TRAIN), md5_of(VALIDATION)],
        "code": digest_of_code(),
        "torch": torch.__version__,
        "processor": processor(device()),
        "ranks": processes(params.devices, params.nodes),
    }


def _say(trained: Trained, params: TrainParams) -> None:
    chosen, last = trained.chosen, trained.history.validations[-1]
    if trained.diverged:
        log.warning("stopped early: %s", trained.diverged)
    log.info(
        "chosen by train.select=%s: the weights after %d images (swd %.1f, floor %.1f; faces found "
        "through z %.2f dB); the last ones, after %d images: swd %.1f, %.2f dB",
        params.select,
        chosen.images,
        chosen.scores.swd,
        chosen.scores.swd_floor,
        chosen.scores.psnr,
        last.images,
        last.scores.swd,
        last.scores.psnr,
    )


def _write_models(params: TrainParams, image_size: int, trained: Trained) -> None:
    fresh_folder(MODELS)
    architecture = params.architecture(image_size)
    architecture.save(MODELS / "architecture.json")
    for name, network, file in (
        ("generator", Generator(architecture), "generator"),
        ("average", Generator(architecture), "generator_average"),
        ("discriminator", Discriminator(architecture), "discriminator"),
    ):
        network.load_state_dict(trained.weights[name])
        save_weights(network, MODELS / f"{file}.safetensors")
    chosen = {"step": trained.chosen.step, "images": trained.chosen.images, "by": params.select}
    text = json.dumps(chosen, indent=2) + "\n"
    write_text(MODELS / "chosen.json", text)


if __name__ == "__main__":
    run_training("train", TrainParams, work)
