"""What made a run."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dcgan_inpainting.tracking.provenance import Process, provenance

GIT = ["git", "-c", "user.name=me", "-c", "user.email=me@localhost"]


def git(folder: Path, *arguments: str) -> str:
    command = [*GIT, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "code.py").write_text("1")
    (tmp_path / "dvc.lock").write_text("1")
    (tmp_path / ".gitignore").write_text("/data/")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def test_a_clean_checkout_is_named_by_its_commit(checkout: Path) -> None:
    (checkout / "dvc.lock").write_text("rewritten by DVC after each stage")
    (checkout / "data").mkdir()
    (checkout / "data" / "ignored").touch()
    tags = provenance(checkout)
    assert tags["mlflow.source.git.commit"] == git(checkout, "rev-parse", "HEAD").strip()
    assert tags["git.dirty"] == "false"


@pytest.mark.parametrize("name", ["code.py", "new.py"])
def test_changed_and_new_code_make_it_dirty(checkout: Path, name: str) -> None:
    (checkout / name).write_text("2")
    assert provenance(checkout)["git.dirty"] == "true"


def test_it_works_without_git_or_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "-q")
    assert "mlflow.source.git.commit" not in provenance(tmp_path)
    monkeypatch.setenv("PATH", "")
    tags = provenance(tmp_path)
    assert "git.dirty" not in tags
    assert tags["version.numpy"] == np.__version__


def test_empty_variables_give_no_tags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DVC_STAGE", "DVC_EXP_NAME", "DVC_EXP_BASELINE_REV"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DVC_STAGE", "train")
    assert {name for name in provenance(tmp_path) if name.startswith("dvc.")} == {"dvc.stage"}


def test_a_process_survives_being_written_down() -> None:
    process = Process.current()
    again = Process.parse(str(process))
    assert again is not None
    assert (again.pid, again.space) == (os.getpid(), process.space)
    assert again.started == pytest.approx(process.started, abs=0.01)
    assert Process.parse("") is None
    assert Process.parse("one two three") is None


def test_a_process_is_gone_when_it_ended_or_its_number_was_reused() -> None:
    me = Process.current()
    assert not me.gone()
    assert replace(me, started=me.started - 1000).gone()
    with subprocess.Popen([sys.executable, "-c", ""]) as other:
        other.wait()
    assert replace(me, pid=other.pid).gone()
    assert not replace(me, pid=other.pid, space="another machine").gone()
