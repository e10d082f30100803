"""Train the DCGAN: data/cropped/{train,val}.npy → models/, reports/train/."""

from pathlib import Path

from dcgan_inpainting.common.frame import Run
from dcgan_inpainting.common.images import load_images
from dcgan_inpainting.networks.devices import device
from dcgan_inpainting.networks.distribution import Rank, processes, start
from dcgan_inpainting.networks.unet import ENCODER
from dcgan_inpainting.running.stage import run_training
from dcgan_inpainting.running.training import checkpoints_of, reported
from dcgan_inpainting.running.training_report import Report
from dcgan_inpainting.train.loop import fit
from dcgan_inpainting.train.models import write_models
from dcgan_inpainting.train.params import LENGTH, TrainParams
from dcgan_inpainting.train.updates import FIGURES, refuse_unshareable
from dcgan_inpainting.train.validation import CURVES, Validator

TRAIN, VALIDATION = Path("data/cropped/train.npy"), Path("data/cropped/val.npy")
MODELS = Path("models")
REPORT = Report(
    folder=Path("reports/train"),
    table="losses.csv",
    columns=FIGURES,
    bar={"G": "g_loss", "D": "d_loss"},
    pictures="samples/{step:07d}.png",
    series="samples",
    curves=lambda scores: {name: scores[name] for name in CURVES},
)


def work(params: TrainParams, run: Run) -> None:
    """Train, from where a killed attempt left off, and write the best weights and how it went."""
    images = load_images(TRAIN)
    validator = Validator(images, load_images(VALIDATION, side=images.shape[1]), params)
    ranks = processes(params.devices, params.nodes)
    refuse_unshareable(params, Rank(world_size=ranks, device=device()))
    settings = params.model_dump(mode="json", exclude=LENGTH)
    total = params.steps(len(images)) * params.batch_size
    with checkpoints_of("train", settings, (TRAIN, VALIDATION), run, ranks) as kept:
        fabric = start(params.devices, params.nodes, params.strategy, params.precision)
        with reported("train", total, REPORT, run) as (reporter, stop):
            trained = fit(
                images, validator, params, fabric, observer=reporter, memory=kept, interrupted=stop
            )
    if trained is None or reporter is None:
        return  # the first of the processes writes
    MODELS.mkdir(exist_ok=True)
    (MODELS / ENCODER).unlink(missing_ok=True)  # it began as the DCGAN of before
    write_models(trained, params, images.shape[1], MODELS)
    reporter.write(trained.history, trained.headline())


if __name__ == "__main__":
    run_training("train", TrainParams, work)
