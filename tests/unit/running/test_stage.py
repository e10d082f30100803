"""The frame in which stages run."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from pydantic import BaseModel, Field

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.settings import Section
from dcgan_inpainting.process.command_line import BAD_INPUT
from dcgan_inpainting.running import stage

SRC = Path(stage.__file__).parents[2]

# A stage that says when it works, and stays until it may go. Its tracker notes how it ended.
SCRIPT = """
import contextlib, sys, time
from pathlib import Path
from pydantic import Field
from dcgan_inpainting.running import stage
from dcgan_inpainting.common.settings import Section

class Params(Section):
    width: int = Field(ge=4)

@contextlib.contextmanager
def track(*arguments, **options):
    try:
        yield None
    except BaseException as error:
        Path("ended").write_text(type(error).__name__)
        raise

def work(params):
    Path("working").touch()
    while not Path("go").exists():
        time.sleep(0.02)
    Path("result").write_text(str(params.width))

stage.track = track
stage.run_stage("train", Params, work)
"""


Tracked = tuple[str, str, BaseModel, Path, bool]


class Params(Section):
    width: int = Field(ge=4)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with parameters."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text("download:\n  width: 8\ntrain:\n  width: 24\n")
    handler = signal.getsignal(signal.SIGTERM)
    yield tmp_path
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def tracked(monkeypatch: pytest.MonkeyPatch) -> list[Tracked]:
    """What the tracker, replaced, was asked to track."""
    calls: list[Tracked] = []

    @contextlib.contextmanager
    def track(name: str, item: str, params: BaseModel, root: Path, *, live: bool) -> Iterator[None]:
        calls.append((name, item, params, root, live))
        yield

    monkeypatch.setattr(stage, "track", track)
    return calls


def start(folder: Path) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    environment.pop("OMP_NUM_THREADS", None)  # of which a stage would say a word
    command = [sys.executable, "-c", SCRIPT]
    return subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} did not come"
        time.sleep(0.02)


def test_the_work_gets_its_sections_parameters_and_its_run(
    tracked: list[Tracked], project: Path
) -> None:
    seen: list[Params] = []
    stage.run_training("train", Params, lambda params, _run: seen.append(params))
    stage.run_stage("download", Params, seen.append, item="center")
    assert [params.width for params in seen] == [24, 8]
    assert tracked == [
        ("train", "", seen[0], project, True),
        ("download", "center", seen[1], project, False),
    ]


def test_bad_parameters_end_it_in_one_line_before_anything_is_done(
    tracked: list[Tracked], project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "params.yaml").write_text("train:\n  width: 3\n")
    with pytest.raises(SystemExit) as ended:
        stage.run_stage("train", Params, lambda _params: pytest.fail("it worked"))
    assert ended.value.code == BAD_INPUT
    message = capsys.readouterr().err
    assert message.startswith("train: error: params.yaml: train.width is 3: ")
    assert message.count("\n") == 1
    assert tracked == []
    assert [path.name for path in project.iterdir()] == ["params.yaml"]


def test_bad_parameters_end_the_process_with_status_2_and_one_line(project: Path) -> None:
    (project / "params.yaml").write_text("train:\n  widht: 24\n")
    process = start(project)
    error = process.communicate(timeout=60)[1]
    assert process.returncode == 2
    assert error.count("\n") == 1
    assert "did you mean 'width'?" in error
    assert not (project / "working").exists()


def test_bad_input_found_by_the_work_ends_it_in_one_line(
    tracked: list[Tracked], capsys: pytest.CaptureFixture[str]
) -> None:
    def work(_params: Params) -> None:
        raise UserError("no images")

    with pytest.raises(SystemExit) as ended:
        stage.run_stage("train", Params, work)
    assert ended.value.code == BAD_INPUT
    assert capsys.readouterr().err == "train: error: no images\n"
    # The lock is free again.
    stage.run_stage("train", Params, lambda _params: None)


def test_a_fault_of_the_work_is_not_hidden(
    tracked: list[Tracked],
) -> None:
    with pytest.raises(ZeroDivisionError):
        stage.run_stage("train", Params, lambda _params: print(1 / 0))


def test_a_second_process_waits_for_the_first(project: Path) -> None:
    first = start(project)
    try:
        wait_for(project / "working")
        (project / "working").unlink()
        second = start(project)
        try:
            assert second.stderr is not None
            assert second.stderr.readline() == (
                "train: another train is still writing here; waiting for it to end\n"
            )
            time.sleep(0.5)
            assert not (project / "working").exists()
            (project / "go").touch()
            assert first.wait(60) == 0
            assert second.wait(60) == 0
            assert (project / "working").exists()
        finally:
            second.kill()
            second.communicate()
    finally:
        first.kill()
        first.communicate()


def test_a_killed_process_leaves_no_lock(project: Path) -> None:
    first = start(project)
    wait_for(project / "working")
    first.kill()
    first.communicate()
    (project / "go").touch()
    second = start(project)
    assert second.communicate(timeout=60)[1] == ""
    assert (project / "result").read_text() == "24"


@pytest.mark.parametrize(("cores", "said"), [(4, ["using 4 of 8 cores"]), (8, [])])
def test_a_stage_says_when_it_uses_fewer_cores_than_there_are(
    tracked: list[Tracked],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    cores: int,
    said: list[str],
) -> None:
    monkeypatch.setattr(stage, "available", lambda: 8)
    monkeypatch.setattr(stage, "cores", lambda: cores)
    with caplog.at_level(logging.INFO):
        stage.run_stage("train", Params, lambda _params: None)
    assert len(tracked) == 1
    assert caplog.messages == said


def test_items_of_a_matrix_do_not_wait_for_each_other(
    tracked: list[Tracked], project: Path
) -> None:
    (project / ".dvc" / "tmp").mkdir(parents=True)
    with FileLock(project / ".dvc" / "tmp" / "stage-inpaint-center.lock"):
        (project / "params.yaml").write_text("inpaint:\n  width: 24\n")
        stage.run_stage("inpaint", Params, lambda _params: None, item="half")
    assert [item for _, item, *_ in tracked] == ["half"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_as_an_interrupt(project: Path, number: signal.Signals) -> None:
    process = start(project)
    wait_for(project / "working")
    process.send_signal(number)
    error = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert error == ""
    assert (project / "ended").read_text() == "KeyboardInterrupt"
    assert not (project / "result").exists()


def test_the_root_is_the_original_checkout(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert stage.project_root() == project
    original = tmp_path_factory.mktemp("original")
    monkeypatch.setenv("DVC_ROOT", str(original))
    assert stage.project_root() == original


def test_a_fresh_folder_is_empty(project: Path) -> None:
    folder = project / "reports" / "samples"
    assert stage.fresh_folder(folder) == folder
    (folder / "old.png").touch()
    stage.fresh_folder(folder)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_waits_for_a_good_moment_and_a_second_one_does_not(
    number: signal.Signals,
) -> None:
    before = signal.getsignal(number)
    with stage.interruptible() as interrupted:
        assert not interrupted()
        os.kill(os.getpid(), number)
        assert interrupted()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def test_other_ranks_hold_no_lock_and_are_not_tracked(
    project: Path, tracked: list[Tracked], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    worked: list[object] = []
    with FileLock(project / ".dvc/tmp/stage-train.lock"):  # the first rank's
        stage.run_training("train", Params, lambda *arguments: worked.extend(arguments))
    params, run = worked
    assert params == Params(width=24)
    assert tracked == []
    run.kept_in(project)  # type: ignore[attr-defined]
    run.log_metrics({"loss": 1.0}, 1)  # type: ignore[attr-defined]
