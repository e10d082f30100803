"""Reports: what a training writes, also one that was killed, and what its run is told."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tqdm import tqdm

from dcgan_inpainting.common.frame import SILENT, Memory
from dcgan_inpainting.running.checkpoints import checkpoints
from dcgan_inpainting.running.training_report import Report, Reporter
from dcgan_inpainting.train import loop
from dcgan_inpainting.train.updates import FIGURES
from dcgan_inpainting.training.history import History, Row
from tests.heard import after
from tests.tiny_training import train


def report_in(folder: Path, pictures: str = "samples/{step:07d}.png") -> Report:
    curves = ("swd", "reconstruction_psnr")
    return Report(
        folder=folder,
        table="losses.csv",
        columns=FIGURES,
        bar={"G": "g_loss"},
        pictures=pictures,
        series="samples",
        curves=lambda figures: {name: figures[name] for name in curves},
    )


class Told:
    """A run that keeps what it is told."""

    def __init__(self) -> None:
        self.points: dict[str, list[int | None]] = {}
        self.pictures: list[int] = []

    def log_metrics(self, metrics: Mapping[str, float], step: int) -> None:
        for name in metrics:
            self.points.setdefault(name, []).append(step)

    def log_image(self, image: NDArray[np.uint8], key: str, step: int) -> None:
        assert key == "samples"
        self.pictures.append(step)

    def kept_in(self, folder: Path) -> None: ...


def write(report: Report, run: Told, memory: Memory | None = None, **options: object) -> None:
    with tqdm(total=24) as bar:
        reporter = Reporter(report, bar, run)
        trained, _ = train(memory=memory, heard=reporter, **options)  # type: ignore[arg-type]
    reporter.write(trained.history, trained.headline())


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_tables_figures_and_pictures_are_written(tmp_path: Path) -> None:
    run = Told()
    write(report_in(tmp_path), run)
    assert [row["step"] for row in table(tmp_path / "losses.csv")] == list("123456")
    validations = table(tmp_path / "validation.csv")
    assert [(row["step"], row["images"]) for row in validations] == [("3", "12"), ("6", "24")]
    figures = json.loads((tmp_path / "metrics.json").read_text())
    assert list(figures) == ["swd", "swd_floor", "reconstruction_psnr", "chosen_images"]
    assert figures["chosen_images"] == 24
    assert figures["swd"] == pytest.approx(float(validations[-1]["swd"]), abs=1e-3)
    pictures = sorted(path.name for path in (tmp_path / "samples").iterdir())
    assert pictures == ["0000003.png", "0000006.png"]
    assert run.pictures == [3, 6]
    steps, seen = [1, 2, 3, 4, 5, 6], [3, 6]
    assert run.points == {
        **dict.fromkeys((*FIGURES, "images_per_second"), steps),
        **dict.fromkeys(("swd", "reconstruction_psnr"), seen),
    }


def test_one_file_for_all_pictures_is_of_the_last(tmp_path: Path) -> None:
    write(report_in(tmp_path / "each"), Told())
    write(report_in(tmp_path / "last", "faces.png"), Told())
    last = tmp_path / "each/samples/0000006.png"
    assert (tmp_path / "last/faces.png").read_bytes() == last.read_bytes()


@pytest.mark.parametrize("pictures", ["samples/{step:07d}.png", "faces.png"])
@pytest.mark.parametrize(("steps", "later"), [(1, [3, 6]), (4, [6]), (6, [])])
def test_after_an_interruption_everything_is_written_and_what_is_new_is_told(
    steps: int,
    later: list[int],
    pictures: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(loop, "CURVE_POINTS", 2)  # the first report comes after three steps
    whole, broken, resumed = (
        report_in(tmp_path / name, pictures) for name in ("whole", "broken", "resumed")
    )
    write(whole, Told())
    run = Told()
    with checkpoints(tmp_path, "train", {}) as memory:
        with pytest.raises(KeyboardInterrupt):
            write(broken, Told(), memory, interrupted=after(steps))
        with caplog.at_level("INFO"):
            write(resumed, run, memory)
    assert f"going on after {4 * steps} images" in caplog.text
    files = sorted(path for path in whole.folder.rglob("*") if path.is_file())
    assert len(files) >= 4
    for path in files:
        other = resumed.folder / path.relative_to(whole.folder)
        assert other.read_bytes() == path.read_bytes(), path.name
    assert run.points.get("g_loss", []) == later
    assert run.pictures == later


def test_a_training_of_length_0_has_an_empty_table(tmp_path: Path) -> None:
    with tqdm(total=0) as bar:
        reporter = Reporter(report_in(tmp_path), bar, SILENT)
        reporter.write(History(validations=[{"step": 0, "images": 0, "swd": 20.5}]), {"swd": 20.5})
    assert (tmp_path / "losses.csv").read_text() == f"step,images,{','.join(FIGURES)}\n"
    assert (tmp_path / "validation.csv").read_text() == "step,images,swd\n0,0,20.5\n"
    assert json.loads((tmp_path / "metrics.json").read_text()) == {"swd": 20.5}


# ── The bar ──────────────────────────────────────────────────────────────────────────────────────


def row(images: int, g_loss: float = 1.0) -> Row:
    return {"step": images // 4, "images": images, "g_loss": g_loss}


def test_the_bar_counts_on_from_where_an_earlier_process_left_off(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with tqdm(total=100) as bar:
        reporter = Reporter(report_in(tmp_path), bar, SILENT)
        reporter.resumed(40, {})
        reporter.progressed(row(52, 1.25))
        reporter.progressed(row(100))
    shown = capsys.readouterr().err
    assert "100/100" in shown
    assert "G=1.00" in shown
    assert bar.initial == 40


def test_the_rate_is_that_of_this_process_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: list[float] = []

    class Rates(Told):
        def log_metrics(self, metrics: Mapping[str, float], step: int) -> None:
            rates.append(metrics["images_per_second"])

    with tqdm(total=10_000) as bar:
        now = bar.start_t
        monkeypatch.setattr(bar, "_time", lambda: now + 10)
        reporter = Reporter(report_in(tmp_path), bar, Rates())
        reporter.resumed(9_000, {})
        reporter.progressed(row(9_100))
    assert rates == [pytest.approx(10, rel=0.01)]
