"""How a training went, for people: a progress bar, pictures, curves, tables and figures."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from tqdm import tqdm

from dcgan_inpainting.common.files import write_table, write_text, writing
from dcgan_inpainting.common.frame import Run
from dcgan_inpainting.common.images import Images, save_png
from dcgan_inpainting.training.history import PLACE, History, Row, figures_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Report:
    """What one training's report has and another's does not."""

    folder: Path
    table: str  # the file of the progress
    columns: Sequence[str]  # its figures
    bar: Mapping[str, str]  # figures on the bar by what they are called there
    pictures: str  # the file of a validation's picture; with {step} each has its own
    series: str  # what the tracker calls the pictures
    curves: Callable[[Row], Mapping[str, float]]  # of a validation's figures

    def picture(self, step: int) -> Path:
        """Return where a validation's picture lies."""
        return self.folder / self.pictures.format(step=step)


def filling_report(name: str, columns: Sequence[str]) -> Report:
    """Return the report of a network that learns to fill holes.

    Args:
        name: of the stage, and of the folder of its reports.
        columns: the figures of its progress, the PSNR among them.
    """
    return Report(
        folder=Path("reports") / name,
        table="training.csv",
        columns=columns,
        bar={"psnr": "psnr"},
        pictures="faces.png",  # of the last validation
        series="faces",
        curves=lambda psnr: {f"hole_psnr/{kind}": value for kind, value in psnr.items()},
    )


class Reporter:
    """Shows a training while it runs, and writes its reports when it is over."""

    def __init__(self, report: Report, bar: "tqdm[NoReturn]", run: Run) -> None:
        """Begin.

        Args:
            report: what there is to write; what is in its folder stays.
            bar: counts images.
            run: is told too.
        """
        self._report = report
        self._bar = bar
        self._run = run
        report.picture(0).parent.mkdir(parents=True, exist_ok=True)

    def resumed(self, images: int, pictures: Mapping[int, bytes]) -> None:
        """Say where the training goes on, and write again the pictures that are there."""
        log.info("going on after %d images, from a checkpoint", images)
        # All three, or the first rate that is shown counts the earlier process's images too.
        self._bar.initial = self._bar.n = self._bar.last_print_n = images
        for step, content in pictures.items():
            path = self._report.picture(step)
            with writing(path):
                path.write_bytes(content)

    def progressed(self, progress: Row) -> None:
        """Move the bar and the curves on."""
        shown = {name: f"{progress[figure]:.2f}" for name, figure in self._report.bar.items()}
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update(progress["images"] - self._bar.n)
        rate = self._bar.format_dict["rate"] or 0.0  # of this process alone
        curves = {**figures_of(progress), "images_per_second": rate}
        self._run.log_metrics(curves, int(progress["step"]))

    def validated(self, validation: Row, picture: Images) -> None:
        """Write the picture, and log it with the figures."""
        step = int(validation["step"])
        save_png(picture, self._report.picture(step))
        self._run.log_image(picture, self._report.series, step)
        self._run.log_metrics(self._report.curves(figures_of(validation)), step)

    def write(self, history: History, figures: Mapping[str, Any]) -> None:
        """Write the tables of the whole training, and what came of it.

        Args:
            history: with one validation at least.
            figures: for metrics.json.
        """
        folder = self._report.folder
        # A training of length 0 has no progress, but a table of it.
        write_table(folder / self._report.table, [*PLACE, *self._report.columns], history.progress)
        seen = history.validations
        write_table(folder / "validation.csv", list(seen[0]), seen)
        write_text(folder / "metrics.json", json.dumps(figures, indent=2) + "\n")
