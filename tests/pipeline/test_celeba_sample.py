"""Real faces, where a sample of them lies beside the project: downloaded and cropped by DVC."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.pipeline.checkout import ROOT, Checkout

SAMPLE = ROOT.parent / "shared" / "celeba"
ARCHIVE = "img_align_celeba.zip"
LIST = "list_eval_partition.txt"


@pytest.fixture
def checkout(bare: Checkout, tmp_path: Path) -> Iterator[Checkout]:
    """A checkout that does not outlive the test: the faces are not to be kept."""
    copy = bare.copy(tmp_path / "real faces")
    yield copy
    copy.end_processes()
    shutil.rmtree(copy.path)


@pytest.mark.skipif(
    not (SAMPLE / ARCHIVE).is_file(),
    reason=f"REAL FACES NOT TESTED: there is no sample of CelebA in {SAMPLE}",
)
def test_real_faces_are_taken_checked_split_and_cropped(checkout: Checkout) -> None:
    before = checkout.files()
    lines = (SAMPLE / "MD5SUMS").read_text().splitlines()
    md5s = {name.lstrip("*"): md5 for md5, name in (line.split() for line in lines)}
    checkout.set_params(
        "download.source=celeba",
        f"download.archive='{SAMPLE / ARCHIVE}'",
        f"download.archive_md5='{md5s[ARCHIVE]}'",
        f"download.partition_md5='{md5s[LIST]}'",
        "crop.size=54",
    )
    assert checkout.run("dvc", "repro", "crop").ran == ["check", "download", "crop"]
    sizes = {"train": 8000, "val": 500, "test": 500}
    for split, count in sizes.items():
        images = np.load(checkout.path / f"data/cropped/{split}.npy", mmap_mode="r")
        assert (images.dtype, images.shape) == (np.uint8, (count, 64, 64, 3))
        assert min(image.std() for image in images[::50]) > 10
    index = pd.read_csv(checkout.path / "data/cropped/index.csv")
    first = index.groupby("split", sort=False).file.first().map(lambda file: Path(file).name)
    assert first.to_dict() == {"train": "000001.jpg", "val": "008001.jpg", "test": "008501.jpg"}
    counts = json.loads((checkout.path / "reports/crop.json").read_text())
    assert counts == {"images": 9000, "unreadable": 0, **sizes}
    # None of them would ever be committed.
    assert {Path(file).suffix for file in checkout.files() - before} <= {".json", ".lock"}
