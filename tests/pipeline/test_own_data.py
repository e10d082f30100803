"""A data set of one's own, from a folder to the table: docs/own-data.md."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from tests.flowers import draw_flowers
from tests.pipeline.checkout import Checkout

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # MLflow's own
    pytest.mark.timeout(600),
]


@pytest.mark.parametrize("side", [32, 64, 128])
def test_flowers_are_learned_and_restored(checkout: Checkout, side: int) -> None:
    draw_flowers(checkout.path / "data/flowers", plants=20, of_each=4)
    checkout.set_params(
        "download.source=folder",
        "download.archive=data/flowers",
        "crop.size=null",
        f"crop.image_size={side}",
        "train.images=128",
        "train.validate_every=128",
        "encoder.images=64",
        "unet.images=64",
        "masks.kinds=[center]",
    )
    done = checkout.run("dvc", "repro")
    assert "by 20 folders, the images of each in one split" in done.output
    index = pd.read_csv(checkout.path / "data/cropped/index.csv")
    plants = index["file"].str.split("/").str[0]
    assert set(index.groupby(plants)["split"].nunique()) == {1}
    restored = np.load(checkout.path / "data/inpainted/center/composite.npy", mmap_mode="r")
    assert restored.shape[1:] == (side, side, 3)
    headline = json.loads((checkout.path / "reports/headline.json").read_text())
    assert math.isfinite(headline["hole_psnr"]["center"])
