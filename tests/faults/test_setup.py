"""The set-up by `make`, interrupted or asked for twice; and DVC's own files after a full disk."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dcgan_inpainting.commands import environment
from dcgan_inpainting.commands.dvc_files import NOTES
from tests.faults.commands import ROOT, Ended, python

MAKE = shutil.which("make")
needs_make = pytest.mark.skipif(MAKE is None, reason="there is no make on this machine")

# ── The environment ──────────────────────────────────────────────────────────────────────────────

REAL = ("Makefile", *(f"src/dcgan_inpainting/{name}.py" for name in (
    "__init__", "commands/__init__", "commands/environment", "common/__init__", "common/errors",
    "common/files", "process/__init__", "process/command_line")))  # fmt: skip
# Their libraries are not in an environment made from an empty lock.
PAGE = """
from pathlib import Path
Path(".dvc/config.local").write_text("html_template = plots/offline.html")
Path(".dvc/plots/offline.html").touch()
"""
EMPTY_LOCK = "# Nothing, so that pip asks no index.\n"
MAKING = "Making .venv"
FOREIGN = ("PYTHON", "MAKE", "MFLAGS")  # also of the make that runs the tests


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A checkout with the real set-up, and a lock that is made from in seconds."""
    folder = tmp_path / "a clone"
    for name in REAL:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    package = folder / "src" / "dcgan_inpainting"
    (package / "commands" / "plots_page.py").write_text(PAGE)
    (package / "commands" / "dvc_files.py").write_text("")
    (folder / ".dvc" / "plots").mkdir(parents=True)
    (folder / ".dvc" / "plots" / "page.html").touch()
    (folder / "requirements.lock").write_text(EMPTY_LOCK)
    return folder


@contextmanager
def making(clone: Path, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Start `make ready` as a process group of its own, its output in a file."""
    assert MAKE is not None
    with (
        log.open("wb") as file,
        subprocess.Popen(
            [MAKE, "ready", f"PYTHON={sys.executable}"],
            cwd=clone,
            env={key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def made(clone: Path, log: Path) -> str:
    """Run `make ready` to its end, check that all is there, and return what it said."""
    with making(clone, log) as process:
        assert process.wait(120) == 0, log.read_text()
    assert_whole(clone)
    return log.read_text()


def assert_whole(clone: Path) -> None:
    pip = [str(clone / ".venv/bin/python"), "-m", "pip", "--version"]
    said = subprocess.run(pip, capture_output=True, text=True, check=True).stdout
    assert str(clone / ".venv") in said
    lock = (clone / "requirements.lock").read_bytes()
    assert (clone / ".venv/requirements.lock").read_bytes() == lock
    assert (clone / ".dvc/plots/offline.html").is_file()
    assert (clone / environment.COMMAND).read_text() == environment.SCRIPT
    assert os.access(clone / environment.COMMAND, os.X_OK)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not come"
        time.sleep(0.01)


@needs_make
def test_two_makes_at_once_in_a_clone_without_environment(
    clone: Path, tmp_path: Path, seen: Callable[[str], None]
) -> None:
    logs = [tmp_path / name for name in ("first", "second")]
    with making(clone, logs[0]) as first:
        wait_for(clone / ".venv")
        with making(clone, logs[1]) as second:
            assert [first.wait(120), second.wait(120)] == [0, 0]
    said = [log.read_text() for log in logs]
    assert said[0].count(MAKING) == 1
    assert said[1] == "Another make is at the set-up of .venv; waiting for its end\n"
    assert_whole(clone)
    assert made(clone, tmp_path / "third") == ""
    seen("the second waited and made nothing anew")


@needs_make
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_set_up_that_was_interrupted_is_begun_anew(
    clone: Path, tmp_path: Path, number: signal.Signals, seen: Callable[[str], None]
) -> None:
    with making(clone, tmp_path / "interrupted") as process:
        wait_for(clone / ".venv/bin/python")
        os.killpg(process.pid, number)
        assert process.wait(60) != 0
    assert "Traceback" not in (tmp_path / "interrupted").read_text()
    assert not (clone / ".venv/requirements.lock").exists()
    assert MAKING in made(clone, tmp_path / "again")
    seen("made anew")


@needs_make
def test_what_outlives_a_killed_set_up_is_waited_for(clone: Path, tmp_path: Path) -> None:
    """Only the process that holds the turn is killed; `python -m venv` writes on."""
    import psutil

    with making(clone, tmp_path / "killed") as process:
        wait_for(clone / ".venv/bin/python")
        children = psutil.Process(process.pid).children(recursive=True)
        (holder,) = [
            child
            for child in children
            if "dcgan_inpainting.commands.environment" in child.cmdline()
        ]
        holder.kill()
        assert process.wait(60) != 0
        said = made(clone, tmp_path / "next")
        assert said.index("Another make is at the set-up") < said.index(MAKING)


def look_whole(clone: Path) -> None:
    """Give a checkout what the set-up takes for a finished environment."""
    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/bin/python").symlink_to(sys.executable)
    shutil.copy(clone / "requirements.lock", clone / ".venv")


def another_lock(clone: Path) -> None:
    (clone / "requirements.lock").write_text("# Another branch's.\n")


def no_python(clone: Path) -> None:
    python = clone / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python")


def torn_stamp(clone: Path) -> None:
    (clone / ".venv/requirements.lock").write_bytes(b"")


def no_stamp(clone: Path) -> None:
    (clone / ".venv/requirements.lock").unlink()


@pytest.mark.parametrize("damage", [another_lock, no_python, torn_stamp, no_stamp])
def test_an_environment_that_is_not_whole_is_noticed(
    clone: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path], None]
) -> None:
    look_whole(clone)
    monkeypatch.chdir(clone)
    assert environment.environment_is_whole()
    damage(clone)
    assert not environment.environment_is_whole()


def no_page(clone: Path) -> None:
    (clone / ".dvc/plots/offline.html").unlink()


def empty_config(clone: Path) -> None:
    (clone / ".dvc/config.local").write_bytes(b"")


def newer_template(clone: Path) -> None:
    later = time.time() + 5
    os.utime(clone / ".dvc/plots/page.html", (later, later))


@needs_make
@pytest.mark.parametrize("damage", [no_page, empty_config, newer_template])
def test_the_page_of_plots_is_made_again_alone(
    clone: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    look_whole(clone)
    for name in ("before", "after"):
        with making(clone, tmp_path / name) as process:
            assert process.wait(60) == 0
        assert (tmp_path / name).read_text() == ""
        assert (clone / ".dvc/plots/offline.html").is_file()
        assert "offline.html" in (clone / ".dvc/config.local").read_text()
        damage(clone)


@needs_make
def test_a_package_that_is_not_the_locked_one_is_refused(clone: Path, tmp_path: Path) -> None:
    wheel = tmp_path / "harmless-1.0-py3-none-any.whl"
    wheel.write_bytes(b"somebody else's")
    digest = hashlib.sha256(b"the author's").hexdigest()
    (clone / "requirements.lock").write_text(
        f"harmless @ {wheel.as_uri()} \\\n    --hash=sha256:{digest}\n"
    )
    log = tmp_path / "log"
    with making(clone, log) as process:
        assert process.wait(120) != 0
    said = log.read_text()
    assert "DO NOT MATCH THE HASHES" in said
    assert "set-up: error: '.venv/bin/python -m pip" in said
    assert "Traceback" not in said
    assert not (clone / ".venv/requirements.lock").exists()


def test_every_package_of_the_locks_has_its_hashes() -> None:
    for name in ("requirements.lock", "requirements-spark.lock"):
        entries = (ROOT / name).read_text().replace("\\\n", "").splitlines()
        entries = [entry for entry in entries if not entry.startswith("#")]
        assert len(entries) > 1
        assert [
            entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry
        ] == []


# ── DVC's own files ──────────────────────────────────────────────────────────────────────────────

STAGES = """
stages:
  work:
    cmd: echo result > result && mkdir -p folder && echo part > folder/part
    deps: [params.yaml]
    outs: [result, folder]
"""


def dvc(project: Path, *words: str) -> Ended:
    return python(project, "-m", "dvc", *words)


def mended(project: Path, status: int = 0) -> str:
    """Run what `make` runs before DVC, and return what it said."""
    done = python(project, "-m", "dcgan_inpainting.commands.dvc_files")
    assert done.status == status, done
    return done.stdout if status == 0 else done.error


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small DVC project of one stage, after `dvc repro`; not to be changed."""
    project = tmp_path_factory.mktemp("finished")
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
    assert dvc(project, "init", "--quiet").status == 0
    (project / "dvc.yaml").write_text(STAGES)
    (project / "params.yaml").write_text("steps: 1\n")
    assert dvc(project, "config", "core.analytics", "false").status == 0
    assert dvc(project, "repro").status == 0
    return project


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "project", symlinks=True))


def at_rest(path: Path, content: bytes) -> None:
    """Write a file as if that had been done long ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    os.utime(path, (1e9, 1e9))


@pytest.mark.parametrize(
    "content", [b"", b'{"read": {', b"[]", b"\0" * 512], ids=["empty", "torn", "a list", "zeros"]
)
@pytest.mark.parametrize("name", ["tmp/rwlock", "tmp/exps/rwlock"])
def test_dvcs_note_of_what_is_in_use_is_empty_or_torn(
    project: Path, name: str, content: bytes, seen: Callable[[str], None]
) -> None:
    note = project / ".dvc" / name
    at_rest(note, content)
    if name == "tmp/rwlock":
        refused = dvc(project, "repro")
        assert refused.status != 0
        assert "RWLock-file" in refused.stderr
    at_rest(note, content)
    assert mended(project) == (
        f".dvc/{name} was empty or torn, as after a full disk; removed ({NOTES[name]})\n"
    )
    assert dvc(project, "repro").status == 0
    assert mended(project) == ""
    seen("removed, and dvc runs")


def test_what_dvc_is_writing_now_is_left_alone(project: Path) -> None:
    note = project / ".dvc/tmp/rwlock"
    note.write_bytes(b"")
    assert mended(project) == ""
    assert note.exists()


def object_of(project: Path, output: str) -> Path:
    digest = hashlib.md5((project / output).read_bytes()).hexdigest()
    return project / ".dvc/cache/files/md5" / digest[:2] / digest[2:]


def test_an_object_in_dvcs_cache_that_lost_its_bytes(
    project: Path, seen: Callable[[str], None]
) -> None:
    """Without a word DVC would put it in the place of the stage's good output."""
    lost = [object_of(project, "result"), *project.glob(".dvc/cache/files/md5/*/*.dir")]
    assert len(lost) == 2
    for file in lost:
        at_rest(file, b"")
        file.chmod(0o444)
    (project / "result").unlink()
    assert mended(project).count("a result in DVC's cache: `dvc repro` makes it again") == 2
    assert dvc(project, "repro").status == 0
    assert (project / "result").read_text() == "result\n"
    assert (project / "folder/part").read_text() == "part\n"
    assert "up to date" in dvc(project, "status").stdout
    seen("removed; dvc repro made it again")


def test_an_empty_result_is_no_damage(project: Path) -> None:
    empty = hashlib.md5(b"").hexdigest()
    file = project / ".dvc/cache/files/md5" / empty[:2] / empty[2:]
    at_rest(file, b"")
    assert mended(project) == ""
    assert file.exists()


def test_a_place_in_dvcs_queue_that_is_empty(project: Path, seen: Callable[[str], None]) -> None:
    author = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    for words in (["add", "--all"], [*author, "commit", "--quiet", "--message", "A start"]):
        subprocess.run(["git", *words], cwd=project, check=True)
    queued = dvc(project, "exp", "run", "--queue", "--set-param", "steps=2")
    assert queued.status == 0, queued
    (place,) = project.glob(".dvc/tmp/exps/celery/broker/in/*.celery.msg")
    at_rest(place, b"")
    assert "queue that experiment again" in mended(project)
    assert dvc(project, "queue", "status").status == 0
    seen("removed; its experiment is to be queued again")


@pytest.mark.parametrize("torn_in", [b"", b"hash"], ids=["empty", "torn"])
def test_dvc_lock_after_a_full_disk(
    project: Path, torn_in: bytes, seen: Callable[[str], None]
) -> None:
    lock = project / "dvc.lock"
    good = lock.read_bytes()
    lock.write_bytes(good[: good.index(torn_in) + len(torn_in)])
    error = mended(project, status=1)
    assert "`git checkout dvc.lock` brings the committed one back" in error
    lock.write_bytes(good)
    assert mended(project) == ""
    seen(error)


def test_a_project_in_which_nothing_was_run_yet(tmp_path: Path) -> None:
    assert mended(tmp_path) == ""
