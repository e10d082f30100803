"""The entries of dvc.lock, on a small pipeline; tests/pipeline holds them to DVC's own."""

import hashlib
from pathlib import Path

import pytest

from dcgan_inpainting.tracking.lock import entry_of, key, lock_digest, read_lock

PIPELINE = """
stages:
  train:
    cmd: python -m stages.train ${data.split}
    params: [train]
    deps: ["data/${data.split}.npy", code.py]
    outs: [models]
    metrics:
      - report.json:
          cache: false
  paint:
    matrix:
      kind: ${masks.kinds}
    cmd: python -m stages.paint ${item.kind}
    deps: [models]
    outs: ['painted/${item.kind}']
"""
PARAMS = "{data: {split: val}, train: {rate: 1e-05, width: 8}, masks: {kinds: [half, center]}}"


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {
        "dvc.yaml": PIPELINE,
        "params.yaml": PARAMS,
        "data/val.npy": "faces",
        "code.py": "code",
        "models/g": "weights",
        "models/parts/d": "more",
        "report.json": "{}",
        "painted/half": "a face",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_what_dvcignore_names_is_no_part_of_a_folder(folder: Path) -> None:
    before = entry_of("train", folder, outs=True)
    (folder / ".dvcignore").write_text("# a comment\n\n.DS_Store\n._*\n/models/parts\n")
    for name in (".DS_Store", "._g", "parts/.DS_Store"):
        (folder / "models" / name).write_text("junk")
    assert entry_of("train", folder, outs=True) == before
    (folder / "models/stray").write_text("no junk")
    assert entry_of("train", folder, outs=True) != before


def test_an_entry_names_command_parameters_and_every_file_by_its_md5(folder: Path) -> None:
    entry = entry_of("train", folder, outs=True)
    assert entry["cmd"] == "python -m stages.train val"
    assert entry["params"] == {"params.yaml": {"train": {"rate": 1e-5, "width": 8}}}
    assert [(dep["path"], dep["md5"], dep["size"]) for dep in entry["deps"]] == [
        ("code.py", md5("code"), 4),
        ("data/val.npy", md5("faces"), 5),
    ]
    models, report = entry["outs"]
    listing = (
        f'[{{"md5": "{md5("weights")}", "relpath": "g"}}, '
        f'{{"md5": "{md5("more")}", "relpath": "parts/d"}}]'
    )
    assert models == {
        "path": "models",
        "hash": "md5",
        "md5": md5(listing) + ".dir",
        "size": 11,
        "nfiles": 2,
    }
    assert report["path"] == "report.json"


def test_an_item_of_a_matrix_has_its_own_entry(folder: Path) -> None:
    entry = entry_of("paint@half", folder, outs=True)
    assert entry["cmd"] == "python -m stages.paint half"
    assert [out["path"] for out in entry["outs"]] == ["painted/half"]
    assert "params" not in entry


def test_what_an_earlier_stage_wrote_is_not_hashed_again(folder: Path) -> None:
    lock = "stages: {train: {cmd: x, outs: [{path: models, hash: md5, md5: abc.dir, size: 1}]}}"
    (folder / "dvc.lock").write_text(lock)
    entry = entry_of("paint@half", folder, outs=False)
    assert entry["deps"] == [{"path": "models", "hash": "md5", "md5": "abc.dir", "size": 1}]
    assert "outs" not in entry


def test_the_key_is_of_what_determines_the_result(folder: Path) -> None:
    before = key(entry_of("train", folder, outs=False))
    assert key(entry_of("train", folder, outs=True)) == before
    (folder / "models/g").write_text("other weights")
    assert key(entry_of("train", folder, outs=True)) == before
    (folder / "params.yaml").write_text(PARAMS.replace("[half, center]", "[random]"))
    assert key(entry_of("train", folder, outs=True)) == before
    (folder / "params.yaml").write_text(PARAMS.replace("1e-05", "2e-05"))
    other_rate = key(entry_of("train", folder, outs=False))
    (folder / "params.yaml").write_text(PARAMS)
    (folder / "code.py").write_text("other code")
    assert len({before, other_rate, key(entry_of("train", folder, outs=False))}) == 3


def test_items_that_are_no_longer_asked_for_are_no_part_of_the_lock(folder: Path) -> None:
    stages = {name: f"{{cmd: {name}}}" for name in ("paint@random", "paint@half", "train")}
    text = ", ".join(f"{name}: {entry}" for name, entry in stages.items())
    (folder / "dvc.lock").write_text(f"stages: {{{text}}}")
    lock = read_lock(folder)
    assert list(lock) == ["train", "paint@half"]
    assert lock_digest(lock) == lock_digest(dict(reversed(lock.items())))
    assert lock_digest(lock) != lock_digest({"train": lock["train"]})


def test_without_a_lock_there_are_no_entries(folder: Path) -> None:
    assert read_lock(folder) == {}


def test_an_unknown_stage_and_a_missing_file_are_errors(folder: Path) -> None:
    with pytest.raises(KeyError):
        entry_of("evaluate", folder, outs=False)
    (folder / "code.py").unlink()
    with pytest.raises(FileNotFoundError):
        entry_of("train", folder, outs=False)
