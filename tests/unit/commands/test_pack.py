"""Trained networks packed to be given away."""

import json
from pathlib import Path

import numpy as np
import pytest

from dcgan_inpainting.commands import pack
from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.restore.model import Model
from tests.tiny_model import SETTINGS, images_and_masks, write_models


def test_what_is_packed_is_smaller_and_restores_nearly_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = write_models(tmp_path / "models")
    (models / "inpaint.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    pack.main(["--output", str(tmp_path / "packed"), "--model", str(models)])
    names = {path.name for path in (tmp_path / "packed").iterdir()}
    assert names == {
        *("architecture.json", "inpaint.json", "generator_average.safetensors"),
        *("discriminator.safetensors", "encoder.safetensors"),
    }
    size = sum(path.stat().st_size for path in (tmp_path / "packed").iterdir())
    assert size < 0.7 * sum((models / name).stat().st_size for name in names)
    assert f"packed: {size / 1e6:.1f} MB" in capsys.readouterr().out
    images, masks = images_and_masks(2)
    answers = [
        Model.load(folder).fill(images, masks == 0, method="encoder").astype(int)
        for folder in (models, tmp_path / "packed")
    ]
    assert np.abs(answers[0] - answers[1]).max() <= 2
    assert Model.load(tmp_path / "packed").params == Model.load(models).params


def test_the_networks_themselves_are_never_written_over(tmp_path: Path) -> None:
    models = write_models(tmp_path / "models")
    before = {path: path.read_bytes() for path in models.iterdir()}
    with pytest.raises(UserError, match="holds the networks themselves"):
        pack.pack(models, tmp_path / "models" / ".." / "models")
    assert {path: path.read_bytes() for path in models.iterdir()} == before
