"""Stores and trainings that the tests of tracking share."""

import shutil
from pathlib import Path

import pytest

from tests.unit.tracking.attempt import attempt


@pytest.fixture(autouse=True)
def work_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stages work elsewhere than in the checkout, as in DVC's temporary directories."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)


@pytest.fixture(scope="session")
def first_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with a store and one run in it, of an encoder; a store takes seconds to make."""
    root = tmp_path_factory.mktemp("first checkout")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.chdir(root)
        attempt(root, range(1), stage="encoder")
    return root


@pytest.fixture
def root(first_root: Path, tmp_path: Path) -> Path:
    """A copy of that checkout, so with a store of its own; its folder has a space in its name."""
    return Path(shutil.copytree(first_root, tmp_path / "copied checkout"))
