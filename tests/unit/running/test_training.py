"""What a training has around it, in the first of its processes and in the others."""

import json
from pathlib import Path

import pytest

from dcgan_inpainting.common.files import md5_of
from dcgan_inpainting.common.frame import SILENT
from dcgan_inpainting.running.training import checkpoints_of, reported
from dcgan_inpainting.running.training_report import Report

REPORT = Report(Path("reports"), "losses.csv", ("loss",), {}, "faces.png", "faces", dict)


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.npy").write_bytes(b"faces")
    return tmp_path


def test_a_training_is_known_by_what_determines_its_bytes() -> None:
    data = Path("train.npy")
    with checkpoints_of("train", {"seed": 1}, [data], SILENT, ranks=2) as kept:
        assert kept is not None
        identity = json.loads((kept.folder / "identity.json").read_text())
    assert set(identity) == {"params", "data", "code", "torch", "processor", "ranks"}
    assert identity["params"] == {"seed": 1}
    assert identity["data"] == {"train.npy": md5_of(data)}
    assert identity["ranks"] == 2
    data.write_bytes(b"other faces")
    with checkpoints_of("train", {"seed": 1}, [data], SILENT, ranks=2) as other:
        assert other is not None
        assert other.folder != kept.folder


def test_the_first_process_alone_keeps_and_reports(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reported("train", 8, REPORT, SILENT) as (reporter, interrupted):
        assert reporter is not None
        assert not interrupted()
    monkeypatch.setenv("RANK", "1")
    before = set(checkout.rglob("*"))
    with (
        checkpoints_of("train", {"seed": 1}, [Path("train.npy")], SILENT, ranks=2) as kept,
        reported("train", 8, REPORT, SILENT) as (reporter, interrupted),
    ):
        assert kept is reporter is None
        assert not interrupted()
    assert set(checkout.rglob("*")) == before
