"""The pictures of an evaluation."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from numpy.typing import NDArray
from PIL import Image

from dcgan_inpainting.baselines.methods import BASELINES
from dcgan_inpainting.evaluate.metrics import HEADLINE
from dcgan_inpainting.evaluate.trials import OTHERS
from dcgan_inpainting.pictures.quality import (
    BLUES,
    GREYS,
    OUR_COLOUR,
    method_colours,
    plot_quality,
)

ROOT = Path(__file__).parents[3]

OURS, MEAN = (217, 95, 2), (199, 199, 199)


def summary(ours: float, mean: float, masks: tuple[str, ...] = ("center", "half")) -> pd.DataFrame:
    rows = []
    for mask in masks:
        for method, value in (("mean", mean), ("latent", ours)):
            row = {"mask": mask, "method": method, "hole_psnr": value, "hole_ssim": value / 50}
            rows.append({**row, "hole_psnr_ci95": 0.5, "hole_ssim_ci95": 0.01})
    return pd.DataFrame(rows).set_index(["mask", "method"])


def pixels(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def area(picture: NDArray[np.uint8], colour: tuple[int, int, int]) -> int:
    return int((picture == colour).all(-1).sum())


def test_bars_are_as_high_as_the_quality(tmp_path: Path) -> None:
    plot_quality(summary(ours=30, mean=15), tmp_path / "a.png")
    picture = pixels(tmp_path / "a.png")
    assert area(picture, OURS) / area(picture, MEAN) == pytest.approx(2, rel=0.1)


def test_every_mask_has_its_bars(tmp_path: Path) -> None:
    """In each panel the orange bars of three masks stand apart: three runs in a row of pixels."""
    plot_quality(summary(30, 15, ("center", "half", "random")), tmp_path / "a.png")
    ours = (pixels(tmp_path / "a.png") == OURS).all(-1)
    fullest = ours[ours.sum(1).argmax()].astype(int)
    assert (np.diff(fullest) == 1).sum() == 3


def test_equal_tables_give_equal_files(tmp_path: Path) -> None:
    for name, ours in (("a", 30.0), ("b", 30.0), ("c", 29.0)):
        plot_quality(summary(ours, 15), tmp_path / f"{name}.png")
    files = [(tmp_path / f"{name}.png").read_bytes() for name in "abc"]
    assert files[0] == files[1]
    assert files[0] != files[2]


def test_each_method_has_a_colour_of_its_own() -> None:
    colours = method_colours([*OTHERS, "yeh"])
    assert colours["yeh"] == OUR_COLOUR
    assert len({*colours.values()}) == len(OTHERS) + 1


def test_dvc_draws_the_same_metrics_with_the_same_labels() -> None:
    """DVC's plots stand in dvc.yaml, which no code can fill in."""
    entries = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))["plots"]
    plots = [plot for entry in entries if isinstance(entry, dict) for plot in entry.values()]
    drawn = [plot for plot in plots if plot.get("template") == "quality"]
    assert {plot["y"]["reports/quality.csv"]: plot["y_label"] for plot in drawn} == HEADLINE


def test_dvc_draws_them_in_the_same_colours() -> None:
    template = json.loads((ROOT / ".dvc/plots/quality.json").read_text("utf-8"))
    scales = [layer["encoding"]["color"]["scale"] for layer in template["spec"]["layer"]]
    greys = GREYS[: len(BASELINES)]
    assert [scale["range"] for scale in scales] == [[*greys, *BLUES], [OUR_COLOUR]]
    assert scales[0]["domain"] == [*OTHERS]
