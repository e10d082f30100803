"""A folder in which every stage can be run by itself: small, and made without running any."""

import csv
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from dcgan_inpainting.common.images import Images
from dcgan_inpainting.common.settings import load_params
from dcgan_inpainting.masks.kinds import make_masks
from tests.faults.commands import ROOT, Ended, python
from tests.tiny_model import SIDE, write_models

COUNTS = {"train": 12, "val": 6, "test": 4}
KIND = "center"

# Of params.yaml, what makes each stage take a moment; the networks are tiny_model's.
CHANGES: dict[str, dict[str, Any]] = {
    "download": {"images": 20, "val_fraction": 0.2, "test_fraction": 0.2},
    "crop": {"image_size": SIDE},
    "train": {
        "images": 32,
        "batch_size": 8,
        "width": 4,
        "latent_dim": 8,
        "validate_every": 16,
        "samples": 4,
    },
    "encoder": {"images": 32, "batch_size": 8, "validate_every": 16},
    "unet": {"images": 32},
    "masks": {"kinds": [KIND]},
    "inpaint": {"starts": 4, "steps": 2, "depth": 1, "depth_steps": 1, "batch_size": 2},
    "pictures": {"gallery": 2},
}

# Each stage that writes, as DVC runs it.
STAGES = {
    "download": ("-m", "stages.download"),
    "crop": ("-m", "stages.crop"),
    "train": ("-m", "stages.train"),
    "encoder": ("-m", "stages.encoder"),
    "unet": ("-m", "stages.unet"),
    "masks": ("-m", "stages.masks"),
    "inpaint": ("-m", "stages.inpaint", KIND, "test"),
    "baselines": ("-m", "stages.baselines", KIND, "test"),
    "feedforward": ("-m", "stages.feedforward", KIND, "test"),
    "evaluate": ("-m", "stages.evaluate"),
}


def write_checkout(folder: Path, **changes: dict[str, Any]) -> Path:
    """Write params.yaml and what each stage reads, of noise; return the folder.

    Args:
        folder: where; made where it is missing.
        changes: of the sections of params.yaml, beside CHANGES.
    """
    (folder / "data").mkdir(parents=True)
    params = load_params(ROOT / "params.yaml")
    for section, values in params.items():
        values.update(CHANGES.get(section, {}), **changes.get(section, {}))
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    _write_raw(folder / "data/raw")
    images = {split: _noise(count) for split, count in COUNTS.items()}
    (folder / "data/cropped").mkdir()
    for split, noise in images.items():
        np.save(folder / f"data/cropped/{split}.npy", noise)
    rows = [(split, row, f"{split}{row}.jpg") for split in COUNTS for row in range(COUNTS[split])]
    with (folder / "data/cropped/index.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("split", "row", "file"), *rows])
    write_models(folder / "models")
    (folder / "data/masks").mkdir()
    np.save(folder / f"data/masks/{KIND}.npy", make_masks(KIND, COUNTS["test"], SIDE, 0))
    (folder / "data/masks/masks.json").write_text(json.dumps({"split": "test", "kinds": [KIND]}))
    restored = folder / "data/inpainted" / KIND
    restored.mkdir(parents=True)
    np.save(restored / "composite.npy", images["test"])
    filled = folder / "data/baselines" / KIND
    filled.mkdir(parents=True)
    np.save(filled / "mean.npy", images["test"])
    (restored / "settings.json").write_text(json.dumps({"method": "latent"}))
    return folder


def run(folder: Path, stage: str, **environment: str) -> Ended:
    """Run a stage there. No tracking server is up: what it is told is kept in the folder."""
    return python(folder, *STAGES[stage], **{"MLFLOW_TRACKING_URI": NOWHERE, **environment})


NOWHERE = "http://127.0.0.1:9"  # where nobody listens


def _noise(count: int, side: int = SIDE) -> Images:
    return np.random.default_rng(count).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def _write_raw(folder: Path) -> None:
    folder.mkdir()
    with (
        zipfile.ZipFile(folder / "images.zip", "w") as archive,
        (folder / "partition.csv").open("w", newline="") as file,
    ):
        rows = csv.writer(file)
        rows.writerow(("file", "split"))
        for split, count in COUNTS.items():
            for number, noise in enumerate(_noise(count, 120)):
                name = f"{split}{number}.jpg"
                with archive.open(name, "w") as member:
                    Image.fromarray(noise).save(member, "JPEG")
                rows.writerow((name, split))
