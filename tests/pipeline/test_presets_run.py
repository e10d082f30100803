"""Every preset runs to the end, its own settings kept but for what makes it long."""

import json
import math
from typing import Any

import pytest

from dcgan_inpainting.commands.presets import read_preset
from dcgan_inpainting.common.settings import load_params
from tests.pipeline.checkout import ROOT, SMALL, Checkout

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # MLflow's own
    pytest.mark.timeout(600),
]

PRESETS = sorted(file.stem for file in (ROOT / "presets").glob("*.txt"))

# What a preset asks for beyond these is cut down to them; where it asks for less or none, it stays.
LIMITS = {"train.batch_size": 16, "train.epochs": 2}
SIZES = [override.split("=") for override in (*read_preset("smoke", ROOT / "presets"), *SMALL)]
LIMITS |= {key: float(value) for key, value in SIZES if value.replace(".", "").isdigit()}
# The faces of the full run, which need not be drawn again.
FACES = (
    "download.source=drawn",
    "download.images=60",
    "download.val_fraction=0.1",
    "download.test_fraction=0.1",
)
# One kind of mask: what a preset asks for is done to each kind alike.
HOLES = ("masks.kinds=[center]", "masks.images=4")


def value_of(params: dict[str, dict[str, Any]], key: str) -> Any:
    section, name = key.split(".")
    return params[section][name]


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_runs_to_the_end(checkout: Checkout, preset: str) -> None:
    checkout.run("git", "checkout", "--quiet", "HEAD~1", "--", "params.yaml")  # the defaults
    params = checkout.path / "params.yaml"
    checkout.set_params(*read_preset(preset, ROOT / "presets"))
    asked = load_params(params)
    above = [key for key, limit in LIMITS.items() if (value_of(asked, key) or 0) > limit]
    checkout.set_params(*(f"{key}={LIMITS[key]:g}" for key in above), *FACES, *HOLES)

    done = checkout.run("dvc", "repro")
    stages = ["check", "download", "crop", "train", "encoder", "unet", "masks", "inpaint@center"]
    stages += ["baselines@center", "feedforward@center", "evaluate", "pictures", "record"]
    assert sorted(done.ran + done.skipped) == sorted(stages)
    metrics = json.loads((checkout.path / "reports/metrics.json").read_text())
    assert list(metrics) == ["center"]
    networks = [name for name in ("unet", "encoder") if value_of(asked, f"{name}.images")]
    for methods in metrics.values():
        assert list(methods) == ["mean", "nearest", "biharmonic", *networks, "latent"]
        assert all(math.isfinite(figures["hole_psnr"]) for figures in methods.values())
    assert "up to date" in checkout.run("dvc", "status").stdout
