"""What dvc.lock holds, on a small pipeline."""

from copy import deepcopy
from pathlib import Path

import pytest

from dcgan_inpainting.tracking.lock import key, lock_digest, md5_in, params_of, results, stages

PIPELINE = """
stages:
  check: {cmd: check}
  train: {cmd: train, params: [train]}
  paint:
    matrix: {kind: "${masks.kinds}"}
    cmd: paint ${item.kind}
  record: {cmd: record}
"""
PARAMS = "{train: {rate: 1e-05, width: 8}, masks: {kinds: [half, center]}}"
LOCK = """
stages:
  check: {cmd: check}
  train:
    cmd: train
    deps: [{path: code.py, md5: aa}, {path: train.npy, md5: bb}]
    params: {params.yaml: {train: {rate: 1e-05, width: 8}}}
    outs: [{path: models/g, md5: cc}]
  paint@random: {cmd: paint random}
  paint@half: {cmd: paint half}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {"dvc.yaml": PIPELINE, "params.yaml": PARAMS, "dvc.lock": LOCK}.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_stages_are_those_that_make_results(folder: Path) -> None:
    assert stages(folder) == ["train", "paint@half", "paint@center"]


def test_items_that_are_no_longer_asked_for_are_no_part_of_the_lock(folder: Path) -> None:
    lock = results(folder)
    assert list(lock) == ["train", "paint@half"]
    assert lock_digest(lock) == lock_digest(dict(reversed(lock.items())))
    assert lock_digest(lock) != lock_digest({"train": lock["train"]})


def test_the_key_is_of_what_determines_the_result(folder: Path) -> None:
    entry = results(folder)["train"]
    same, other_code, other_rate = deepcopy(entry), deepcopy(entry), deepcopy(entry)
    same["outs"][0]["md5"] = "dd"
    other_code["deps"][0]["md5"] = "dd"
    other_rate["params"]["params.yaml"]["train"]["rate"] = 2e-5
    assert key(same) == key(entry)
    assert len({key(entry), key(other_code), key(other_rate)}) == 3


def test_an_entry_knows_its_parameters_and_its_files(folder: Path) -> None:
    lock = results(folder)
    assert params_of(lock, "train") == {"rate": 1e-5, "width": 8}
    assert [md5_in(lock["train"], path) for path in ("train.npy", "models/g", "other")] == [
        "bb",
        "cc",
        "",
    ]


def test_without_a_lock_there_are_no_entries(folder: Path) -> None:
    (folder / "dvc.lock").unlink()
    assert results(folder) == {}
