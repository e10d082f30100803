"""How a training went, for people: a progress bar, pictures, curves and figures."""

import json
from pathlib import Path

from dcgan_inpainting.common.files import write_table, write_text
from dcgan_inpainting.common.frame import Run
from dcgan_inpainting.common.images import grid, save_png
from dcgan_inpainting.running.training_bar import TrainingBar
from dcgan_inpainting.train.loop import History, Trained, Validation
from dcgan_inpainting.train.progress import Progress


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
        (folder / "samples").mkdir(parents=True, exist_ok=True)

    def resumed(self, images: int, history: History) -> None:
        """Say where the training goes on, and write again what an earlier process wrote."""
        self._bar.go_on(images)
        for progress in history.progress:
            self._run.log_metrics(progress.metrics(), progress.step)
        for validation in history.validations:
            self._show(validation)

    def progressed(self, progress: Progress) -> None:
        """Move the bar and the curves on."""
        losses = {"G": f"{progress.g_loss:.2f}", "D": f"{progress.d_loss:.2f}"}
        rate = self._bar.reach(progress.images, **losses)
        self._run.log_metrics({**progress.metrics(), "images_per_second": rate}, progress.step)

    def validated(self, validation: Validation) -> None:
        """Write the samples as a picture, and log the scores."""
        self._show(validation)

    def _show(self, validation: Validation) -> None:
        picture = grid(validation.samples)
        save_png(picture, self._folder / "samples" / f"{validation.step:07d}.png")
        self._run.log_image(picture, "samples", validation.step)
        scores = validation.scores
        curves = {"swd": scores.swd, "reconstruction_psnr": scores.psnr}
        self._run.log_metrics(curves, validation.step)

    def write(self, trained: Trained) -> None:
        """Write the tables and the figures of the whole training."""
        rows = [
            {"step": seen.step, "images": seen.images, **seen.metrics()}
            for seen in trained.history.progress
        ]
        write_table(self._folder / "losses.csv", list(rows[0]), rows)
        seen = [validation.row() for validation in trained.history.validations]
        write_table(self._folder / "validation.csv", list(seen[0]), seen)
        scores = trained.chosen.scores
        figures = {
            "swd": scores.swd,
            "swd_floor": scores.swd_floor,
            "reconstruction_psnr": scores.psnr,
        }
        rounded = {name: round(value, 3) for name, value in figures.items()}
        text = json.dumps({**rounded, "chosen_images": trained.chosen.images}, indent=2) + "\n"
        write_text(self._folder / "metrics.json", text)
