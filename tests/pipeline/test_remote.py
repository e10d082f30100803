"""A DVC remote: what one checkout pushed, another takes instead of computing it."""

from pathlib import Path

import pytest

from tests.pipeline.checkout import Checkout

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own

# It has no outputs, so DVC keeps nothing of it that another checkout could take.
RECORD = {"record"}


@pytest.fixture
def pushed(checkout: Checkout, tmp_path: Path) -> Checkout:
    """A finished run in git's and DVC's remotes, both folders."""
    checkout.run("git", "init", "--quiet", "--bare", str(tmp_path / "project.git"))
    checkout.run("git", "remote", "add", "origin", str(tmp_path / "project.git"))
    checkout.run("dvc", "remote", "add", "--default", "storage", str(tmp_path / "storage"))
    checkout.commit()
    checkout.run("git", "push", "--quiet", "origin", "HEAD")
    checkout.run("dvc", "push", "--run-cache")
    return checkout


def clone(checkout: Checkout, path: Path) -> Checkout:
    checkout.run("git", "clone", "--quiet", str(checkout.path.with_name("project.git")), str(path))
    return Checkout(path, checkout.scratch)


def outputs(checkout: Checkout) -> dict[str, bytes]:
    """Return the results: every file of models, restored arrays, reports; and the lock."""
    folders = ("models", "data/inpainted", "reports")
    files = [file for folder in folders for file in (checkout.path / folder).rglob("*")]
    files = [file for file in files if file.is_file()] + [checkout.path / "dvc.lock"]
    return {file.relative_to(checkout.path).as_posix(): file.read_bytes() for file in files}


def test_a_clone_pulls_the_results_and_runs_no_stage(pushed: Checkout, tmp_path: Path) -> None:
    theirs = clone(pushed, tmp_path / "theirs")
    assert not (theirs.path / "models").exists()
    theirs.run("dvc", "pull")
    assert outputs(theirs) == outputs(pushed)
    assert theirs.run("dvc", "repro").ran == []
    assert "up to date" in theirs.run("dvc", "status").stdout
    assert theirs.run("git", "status", "--porcelain").stdout == ""


def test_a_clone_takes_an_experiment_from_the_run_cache_or_as_a_whole(
    pushed: Checkout, tmp_path: Path
) -> None:
    change = ["--set-param", "inpaint.steps=3"]
    pushed.run("dvc", "exp", "run", "--name", "short-search", *change)
    pushed.run("dvc", "push", "--run-cache")

    # Of this clone's commit nothing is pulled, and of the experiment it has not even heard.
    theirs = clone(pushed, tmp_path / "theirs")
    done = theirs.run("dvc", "exp", "run", "--pull", *change)
    assert {"inpaint@center", "inpaint@random"} <= set(done.skipped)
    # Its metrics are files in git, which DVC does not push.
    assert set(done.ran) <= {"evaluate", "pictures"} | RECORD
    assert outputs(theirs) == outputs(pushed)
    assert "up to date" in theirs.run("dvc", "status").stdout

    pushed.run("dvc", "exp", "push", "origin", "short-search")
    others = clone(pushed, tmp_path / "others")
    others.run("dvc", "exp", "pull", "origin", "short-search")
    others.run("dvc", "exp", "apply", "short-search")
    assert outputs(others) == outputs(pushed)
    assert set(others.run("dvc", "repro").ran) <= RECORD
    assert "up to date" in others.run("dvc", "status").stdout
