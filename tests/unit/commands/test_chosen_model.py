"""The option --model: the networks that come with the project, a folder, a registered model."""

import argparse
from pathlib import Path

import numpy as np
import pytest

from dcgan_inpainting.commands.chosen_model import add_option, load
from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.restore.choices import CELEBA, folder_of

MOST_BYTES = 12_000_000  # of the model that every clone brings


def test_without_the_option_it_is_the_one_that_comes_with_the_project() -> None:
    parser = argparse.ArgumentParser()
    add_option(parser)
    assert parser.parse_args([]).model == CELEBA
    model = load(CELEBA)
    assert model.side == 64
    grey = np.full((1, 64, 64, 3), 90, np.uint8)
    known = np.ones((1, 64, 64), bool)
    known[:, 24:40, 24:40] = False
    filled = model.fill(grey, known, method="encoder")[:, 0]
    assert np.array_equal(filled[known], grey[known])
    assert np.abs(filled[~known].astype(int) - 90).max() < 60  # no noise


def test_the_project_s_model_is_small_and_has_its_card() -> None:
    files = list(folder_of(CELEBA).iterdir())
    assert sum(file.stat().st_size for file in files if file.is_file()) < MOST_BYTES
    card = (folder_of(CELEBA) / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "non-commercial" in card


def test_any_other_word_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert folder_of("models") == Path("models")
    with pytest.raises(UserError, match="no trained networks in models"):
        load("models")


def test_a_registered_model_without_a_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"models:/mine@champion: there is no MLflow store at"):
        load("models:/mine@champion")
    assert not list(tmp_path.iterdir())
