"""A folder of trained networks, and their ways to fill a hole."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dcgan_inpainting.common.errors import DamagedError, UserError
from dcgan_inpainting.restore import choices
from dcgan_inpainting.restore.choices import WAYS
from dcgan_inpainting.restore.model import Model
from tests.tiny_model import SETTINGS, SIDE, images_and_masks, restored, write_models

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_models(tmp_path_factory.mktemp("workspace") / "models")
    (folder / "inpaint.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    return folder


def test_it_fills_as_the_search_does(models: Path) -> None:
    images, masks = images_and_masks(3)
    model = Model.load(models)
    assert model.side == SIDE
    filled = model.fill(images, masks == 0)
    assert np.array_equal(filled[:, 0], restored(images, masks == 0, models))


@pytest.mark.parametrize("way", [way for way in WAYS if way != "yeh"])  # 1,500 steps
def test_each_way_fills_the_hole_alone(models: Path, way: str) -> None:
    images, masks = images_and_masks(2)
    filled = Model.load(models).fill(images, masks == 0, method=way)
    assert filled.shape == (2, 1, SIDE, SIDE, 3)
    assert np.array_equal(filled[:, 0][masks == 0], images[masks == 0])
    assert not np.array_equal(filled[:, 0], images)


def test_the_encoder_stays_where_it_is(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a GPU it is a copy that goes there: frames are refined by the encoder on the CPU."""
    moved: list[object] = []
    monkeypatch.setattr(
        "dcgan_inpainting.restore.model.place", lambda net: moved.append(net) or net
    )
    images, masks = images_and_masks(1)
    model = Model.load(models)
    model.fill(images, masks == 0, method="encoder")
    assert moved
    assert model.encoder not in moved


def test_several_answers_differ_and_one_way_has_but_one(models: Path) -> None:
    images, masks = images_and_masks(2)
    filled = Model.load(models).fill(images, masks == 0, candidates=9)  # of 8 starts
    assert filled.shape[:2] == (2, 9)
    assert len({answer.tobytes() for answer in filled[0]}) > 1
    with pytest.raises(UserError, match="the method encoder has one answer, not 2"):
        Model.load(models).fill(images, masks == 0, method="encoder", candidates=2)
    model = Model.load(models)
    yeh = replace(model, params=model.params.model_copy(update={"method": "yeh"}))
    with pytest.raises(UserError, match="the method yeh has one answer, not 2"):
        yeh.fill(images, masks == 0, candidates=2)


@pytest.mark.parametrize(("own", "share"), [(0.95, 0.7), (0.3, 0.3)])
def test_the_encoder_has_a_smaller_share_in_several_answers(
    models: Path, own: float, share: float
) -> None:
    images, masks = images_and_masks(2)
    model = Model.load(models)
    changes = {"encoder_share": own, "starts": 8}
    found = replace(model, params=model.params.model_copy(update=changes)).fill(
        images, masks == 0, candidates=3
    )
    searched = {"encoder_share": share, "starts": 8, "candidates": 3}
    expected = replace(model, params=model.params.model_copy(update=searched)).fill(
        images, masks == 0
    )
    assert np.array_equal(found, expected)


def test_it_is_told_how_far_the_search_is_and_what_it_has(models: Path) -> None:
    images, masks = images_and_masks(3)  # of which two are searched at once
    told: list[tuple[float, np.ndarray]] = []
    model = Model.load(models)
    watched = model.fill(images, masks == 0, on_step=lambda *step: told.append(step))
    assert np.array_equal(watched, model.fill(images, masks == 0))
    shares = [share for share, _ in told]
    assert shares == pytest.approx([2 / 3 * step / 7 for step in range(8)]
                                   + [2 / 3 + 1 / 3 * step / 7 for step in range(8)])  # fmt: skip
    for _, squares in told:
        assert np.array_equal(squares[:, 0][masks == 0], images[masks == 0])
    first, middle, last = (told[at][1] for at in (0, 7, -1))
    assert not np.array_equal(first[:2], middle[:2])
    assert np.array_equal(middle[:2], last[:2])
    assert not np.array_equal(middle[2], last[2])


def test_without_settings_of_their_own_those_of_the_workspace_count(
    models: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "workspace" / "models"
    shutil.copytree(models, folder)
    (folder / "inpaint.json").unlink()
    with pytest.raises(UserError, match=r"neither inpaint\.json nor a params\.yaml"):
        Model.load(folder)
    shutil.copy(ROOT / "params.yaml", tmp_path / "workspace")
    assert Model.load(folder).params.encoder_share == 0.95


def test_no_networks_and_damaged_ones(models: Path, tmp_path: Path) -> None:
    missing = r"no trained networks in nowhere: name celeba, models after `make repro`.*--mod"
    with pytest.raises(UserError, match=missing):
        Model.load("nowhere")
    folder = tmp_path / "models"
    shutil.copytree(models, folder)
    (folder / "encoder.safetensors").write_bytes(b"cut")
    with pytest.raises(DamagedError, match=r"encoder\.safetensors"):
        Model.load(folder)


def test_the_project_s_own_networks_come_back_by_git(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(models, tmp_path / "own"))
    monkeypatch.setitem(choices._FOLDERS, choices.CELEBA, folder)
    assert Model.load(choices.CELEBA).side == SIDE
    (folder / "encoder.safetensors").write_bytes(b"cut")
    with pytest.raises(UserError, match=r"are not as they came: `git checkout HEAD .*own`") as told:
        Model.load(choices.CELEBA)
    assert "dvc" not in str(told.value)
