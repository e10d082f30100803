"""How an encoder's training went, for people: a progress bar, pictures, curves and figures."""

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from types import TracebackType
from typing import Self

from tqdm import tqdm

from dcgan_inpainting.atomic import write_csv
from dcgan_inpainting.encoder.training import History, Progress
from dcgan_inpainting.encoder.validation import SHOWN, Validation
from dcgan_inpainting.images import Images, grid, save_png
from dcgan_inpainting.tracking.runs import Run

log = logging.getLogger(__name__)


class Reporter:
    """Shows a training while it runs, and writes its reports when it is over."""

    def __init__(self, folder: Path, images: int, run: Run) -> None:
        """Begin.

        Args:
            folder: for the reports; what is in it stays.
            images: that the whole training will see.
            run: is told too.
        """
        self._folder = folder
        self._run = run
        self._bar = tqdm(desc="encoder", total=images, unit=" images", delay=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()

    def resumed(self, images: int, history: History) -> None:
        """Say where the training goes on, and tell again what an earlier process told."""
        log.info("going on after %d images, from a checkpoint", images)
        for progress in history.progress:
            self._run.log_metrics({"loss": progress.loss}, progress.step)
        for validation in history.validations:
            self.validated(validation)
        self._bar.initial = self._bar.n = images

    def progressed(self, progress: Progress) -> None:
        """Move the bar and the curve on."""
        self._bar.set_postfix(loss=f"{progress.loss:.4f}", refresh=False)
        self._bar.update(progress.images - self._bar.n)
        rate = self._bar.format_dict["rate"] or 0.0
        self._run.log_metrics({"loss": progress.loss, "images_per_second": rate}, progress.step)

    def validated(self, validation: Validation) -> None:
        """Log the figures and the picture."""
        curves = {f"hole_psnr/{kind}": value for kind, value in validation.psnr.items()}
        self._run.log_metrics(curves, validation.step)
        self._run.log_image(_picture(validation.faces), "faces", validation.step)

    def write(self, history: History) -> None:
        """Write the tables, the picture of the last validation and its figures."""
        losses = [(seen.step, seen.images, seen.loss) for seen in history.progress]
        _write(self._folder / "losses.csv", ("step", "images", "loss"), losses)
        rows = [seen.row() for seen in history.validations]
        _write(self._folder / "validation.csv", list(rows[0]), [list(row.values()) for row in rows])
        last = history.validations[-1]
        save_png(_picture(last.faces), self._folder / "faces.png")
        psnr = {kind: round(value, 3) for kind, value in last.psnr.items()}
        text = json.dumps({"encoder_psnr": {**psnr, "mean": _mean(psnr)}}, indent=2) + "\n"
        (self._folder / "metrics.json").write_text(text, encoding="utf-8")
        for name in ("losses.csv", "validation.csv", "faces.png"):
            self._run.log_artifact(self._folder / name)


def _mean(figures: Mapping[str, float]) -> float:
    return round(fmean(figures.values()), 3)


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[float]]) -> None:
    write_csv(
        path,
        header,
        [[value if isinstance(value, int) else f"{value:.6g}" for value in row] for row in rows],
    )


def _picture(faces: Images) -> Images:
    """Return one row of pictures for each kind of mask."""
    return grid(faces, columns=3 * SHOWN)
