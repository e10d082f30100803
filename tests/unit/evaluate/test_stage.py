"""The stage evaluate: what it removes before it begins."""

import json
from pathlib import Path

import pytest

from stages.evaluate import forget_other_kinds

KINDS = ["center", "center_19", "file"]


def test_only_what_was_restored_of_other_kinds_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = ["data/inpainted/center/z.npy", "data/inpainted/.DS_Store"]
    kept += ["data/baselines/center_19/mean.npy", "data/baselines/half.txt"]
    gone = ["data/inpainted/half/z.npy", "data/baselines/half/mean.npy"]
    gone += ["data/baselines/strokes_thin/.DS_Store", "data/inpainted/center_20/z.npy"]
    gone += ["data/feedforward/a kind that was given up/unet.npy"]
    for name in ["data/masks/masks.json", *kept, *gone]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(json.dumps({"split": "test", "kinds": KINDS}))
    monkeypatch.chdir(tmp_path)
    forget_other_kinds()
    assert all(Path(name).is_file() for name in kept)
    assert not any(Path(name).parent.exists() for name in gone)
