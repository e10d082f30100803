"""The stage evaluate: what it removes before it begins, and that it works in parts."""

import json
from pathlib import Path

import numpy as np
import pytest

from dcgan_inpainting.baselines.methods import BASELINES
from dcgan_inpainting.masks.kinds import make_masks
from stages import evaluate
from stages.evaluate import forget_other_kinds


def test_only_what_was_restored_of_other_kinds_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = ["data/inpainted/center/z.npy", "data/inpainted/.DS_Store", "data/inpainted/notes/a"]
    kept += ["reports/inpaint/center/film.gif", "reports/inpaint/half.txt"]
    gone = ["data/inpainted/half/z.npy", "reports/inpaint/half/film.gif"]
    gone += ["reports/inpaint/strokes_thin/.DS_Store"]
    for name in ["data/masks/masks.json", *kept, *gone]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(json.dumps({"split": "test", "kinds": ["center", "file"]}))
    monkeypatch.chdir(tmp_path)
    forget_other_kinds()
    assert all(Path(name).is_file() for name in kept)
    assert not any(Path(name).parent.exists() for name in gone)


def test_parts_give_what_all_images_at_once_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    train, images, ours = (rng.integers(0, 256, (n, 16, 16, 3), np.uint8) for n in (9, 6, 5))
    for folder in ("data/masks", "data/inpainted/random"):
        Path(folder).mkdir(parents=True)
    np.save("data/masks/random.npy", make_masks("random", 5, 16, 1))
    np.save("data/inpainted/random/composite.npy", ours)
    Path("data/inpainted/random/settings.json").write_text('{"method": "latent"}')
    baselines = {name: make(train) for name, make in BASELINES.items()}
    ((first, whole),) = evaluate._trials("random", images, baselines)
    assert (first, len(whole.original)) == (0, 5)
    monkeypatch.setattr(evaluate, "IMAGES_AT_ONCE", 2)
    parts = list(evaluate._trials("random", images, baselines))
    assert [first for first, _ in parts] == [0, 2, 4]
    assert list(whole.restored) == ["mean", "nearest", "biharmonic", "latent"]
    for method, restored in whole.restored.items():
        in_parts = [part.restored[method] for _, part in parts]
        np.testing.assert_array_equal(np.concatenate(in_parts), restored)
