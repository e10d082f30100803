"""By what a run is known: settings, data, code, and what of the machine changes a sum."""

import json
from pathlib import Path

import pytest
import torch

from dcgan_inpainting.running.identity import identity_of


def test_an_identity_is_of_what_determines_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("data/a.npy").write_bytes(b"a")
    found = identity_of({"steps": 3}, [Path("data/a.npy")])
    assert found["params"] == {"steps": 3}
    assert found["data"] == {"data/a.npy": "0cc175b9c0f1b6a831c399e269772661"}  # md5sum
    assert found["torch"] == torch.__version__
    assert found.keys() == {"params", "data", "code", "torch", "processor"}
    assert json.loads(json.dumps(found)) == found
    Path("data/a.npy").write_bytes(b"b")
    assert identity_of({"steps": 3}, [Path("data/a.npy")])["data"] != found["data"]
