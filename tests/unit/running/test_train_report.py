"""Reports: what a training that was killed before its first report goes on to write."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dcgan_inpainting.common.frame import Memory
from dcgan_inpainting.running.checkpoints import checkpoints
from dcgan_inpainting.running.train_report import Reporter
from dcgan_inpainting.running.training_bar import TrainingBar
from dcgan_inpainting.train import loop
from tests.tiny_training import train


class Told:
    """A run that keeps what it is told."""

    def __init__(self) -> None:
        self.points: list[tuple[str, int | None]] = []
        self.pictures: list[int] = []

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        self.points += [(name, step) for name in metrics]

    def log_image(self, image: NDArray[np.uint8] | Path, key: str, step: int) -> None:
        assert key == "samples"
        self.pictures.append(step)

    def log_artifact(self, path: Path, folder: str = "") -> None:
        assert path.is_file()

    def log_table(self, path: Path, pictures: Path, name: str) -> None: ...

    def log_dataset(self, path: Path, name: str) -> None: ...


def report(folder: Path, run: Told, memory: Memory | None = None, **options: object) -> None:
    with TrainingBar("train", 24) as bar:
        reporter = Reporter(folder, bar, run)
        trained, _ = train(memory=memory, heard=reporter, **options)  # type: ignore[arg-type]
    reporter.write(trained)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_tables_figures_and_pictures_are_written(tmp_path: Path) -> None:
    run = Told()
    report(tmp_path, run)
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


@pytest.mark.parametrize("steps", [1, 4])
def test_after_an_interruption_everything_is_written(
    steps: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loop, "CURVE_POINTS", 2)  # the first report comes after three steps
    report(tmp_path / "whole", Told())
    asked = iter([False] * (steps - 1) + [True])
    run = Told()
    with checkpoints(tmp_path, "train", {}) as memory:
        with pytest.raises(KeyboardInterrupt):
            report(tmp_path / "broken", Told(), memory, interrupted=lambda: next(asked))
        with caplog.at_level("INFO"):
            report(tmp_path / "resumed", run, memory)
    assert f"going on after {4 * steps} images" in caplog.text
    for path in sorted((tmp_path / "whole").rglob("*")):
        if path.is_file():
            other = tmp_path / "resumed" / path.relative_to(tmp_path / "whole")
            assert other.read_bytes() == path.read_bytes(), path.name
    # Told again from the start, because what an earlier process was told may have been lost.
    assert [step for name, step in run.points if name == "g_loss"] == [3, 6]
    assert run.pictures == [3, 6]
