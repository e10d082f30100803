"""A workspace with results, made once for the room's tests."""

import shutil
from pathlib import Path

import pytest

from tests.tiny_results import build


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that no test may change."""
    folder = tmp_path_factory.mktemp("finished")
    build(folder)
    return folder


@pytest.fixture
def workspace(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, which is the working directory."""
    shutil.copytree(finished, tmp_path / "workspace")
    monkeypatch.chdir(tmp_path / "workspace")
    return tmp_path / "workspace"
