"""How an encoder's training went, for people: a progress bar, pictures, curves and figures."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from statistics import fmean

from dcgan_inpainting.common.files import write_table, write_text
from dcgan_inpainting.common.frame import Run
from dcgan_inpainting.common.images import Images, grid, save_png
from dcgan_inpainting.encoder.training import History, Progress
from dcgan_inpainting.encoder.validation import SHOWN, Validation
from dcgan_inpainting.running.training_bar import TrainingBar


class Reporter:
    """Shows a training while it runs, and writes its reports when it is over."""

    def __init__(self, folder: Path, bar: TrainingBar, run: Run) -> None:
        """Begin.

        Args:
            folder: for the reports; what is in it stays.
            bar: is moved on.
            run: is told too.
        """
        self._folder = folder
        self._bar = bar
        self._run = run

    def resumed(self, images: int, history: History) -> None:
        """Say where the training goes on, and tell again what an earlier process told."""
        self._bar.go_on(images)
        for progress in history.progress:
            self._run.log_metrics({"psnr": progress.psnr}, progress.step)
        for validation in history.validations:
            self.validated(validation)

    def progressed(self, progress: Progress) -> None:
        """Move the bar and the curve on."""
        rate = self._bar.reach(progress.images, psnr=f"{progress.psnr:.2f}")
        self._run.log_metrics({"psnr": progress.psnr, "images_per_second": rate}, progress.step)

    def validated(self, validation: Validation) -> None:
        """Log the figures and the picture."""
        curves = {f"hole_psnr/{kind}": value for kind, value in validation.psnr.items()}
        self._run.log_metrics(curves, validation.step)
        self._run.log_image(_picture(validation.faces), "faces", validation.step)

    def write(self, history: History) -> None:
        """Write the tables, the picture of the last validation and its figures."""
        names = [field.name for field in fields(Progress)]
        steps = map(asdict, history.progress)  # none of a training of length 0
        write_table(self._folder / "training.csv", names, steps)
        last = history.validations[-1]  # there is one of the start at least
        seen = [validation.row() for validation in history.validations]
        write_table(self._folder / "validation.csv", list(last.row()), seen)
        save_png(_picture(last.faces), self._folder / "faces.png")
        psnr = {kind: round(value, 3) for kind, value in last.psnr.items()}
        text = json.dumps({"encoder_psnr": {**psnr, "mean": _mean(psnr)}}, indent=2) + "\n"
        write_text(self._folder / "metrics.json", text)


def _mean(figures: Mapping[str, float]) -> float:
    return round(fmean(figures.values()), 3)


def _picture(faces: Images) -> Images:
    """Return one row of pictures for each kind of mask."""
    return grid(faces, columns=3 * SHOWN)
