"""Folders of runs: who holds them, and which are removed."""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dcgan_inpainting.running import checkpoint_folders as run_folders
from dcgan_inpainting.running.checkpoint_folders import held, run_folder

SRC = Path(run_folders.__file__).parents[2]
DAY = 24 * 3600

# Hold a run until a line comes; tell on stdout when it is held.
HOLDER = """
import logging, sys
from pathlib import Path
from dcgan_inpainting.running.checkpoint_folders import held, run_folder

logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
folder = run_folder(Path(sys.argv[1]), "train", {"seed": 1})
with held(folder, {"seed": 1}):
    (folder / "entered").touch()
    print("held", flush=True)
    sys.stdin.readline()
"""

# Open runs at random, where but one is kept; each time be alone in it, and keep what is in it.
CROWD = """
import random, sys, time
from pathlib import Path
from dcgan_inpainting.running import checkpoint_folders as run_folders
run_folders.RUNS_KEPT, run_folders.LOOK_AGAIN = 1, 0.001
rng = random.Random(int(sys.argv[2]))
for _ in range(40):
    identity = {"seed": rng.randrange(6)}
    folder = run_folders.run_folder(Path(sys.argv[1]), "train", identity)
    with run_folders.held(folder, identity):
        sign = folder / "occupied"
        sign.touch(exist_ok=False)
        time.sleep(rng.random() * 0.003)
        sign.unlink()
"""


def command(program: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", program, *map(str, arguments)]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(SRC)}


def start(home: Path) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    return subprocess.Popen(
        command(HOLDER, home), env=environment(), stdin=pipe, stdout=pipe, stderr=pipe, text=True
    )


@contextmanager
def holder(home: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the run of seed 1."""
    process = start(home)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def make(home: Path, seed: int, age: float = 0) -> Path:
    """Make a run's folder that was last used `age` seconds ago."""
    identity = {"seed": seed}
    folder = run_folder(home, "train", identity)
    with held(folder, identity):
        (folder / "state").write_text(str(seed))
    os.utime(folder, (time.time() - age, time.time() - age))
    return folder


def test_a_folder_belongs_to_a_stage_and_an_identity(tmp_path: Path) -> None:
    identity = {"code": "abc", "params": {"width": 8, "seed": 1}}
    folder = run_folder(tmp_path, "inpaint@center", identity)
    # printf '{"code": "abc", "params": {"seed": 1, "width": 8}}' | sha256sum
    assert folder == tmp_path / "inpaint@center-6cac071837e3864a"
    again = {"params": {"seed": 1, "width": 8}, "code": "abc"}
    assert run_folder(tmp_path, "inpaint@center", again) == folder
    others: list[dict[str, Any]] = [
        {"code": "abd", "params": {"width": 8, "seed": 1}},
        {"code": "abc", "params": {"width": 8, "seed": 2}},
        {"code": "abc", "params": {"width": 8, "seed": 1}, "more": None},
        {},
    ]
    names = {run_folder(tmp_path, "inpaint@center", other).name for other in others}
    assert len(names | {folder.name}) == 5


def test_an_identity_must_be_one_that_json_can_hold(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        run_folder(tmp_path, "train", {"data": tmp_path})


def test_the_identity_stands_in_the_folder_for_people_to_read(tmp_path: Path) -> None:
    identity = {"code": "abc", "rates": [0.1, 1e-5]}
    folder = run_folder(tmp_path / "new" / "home", "train", identity)
    with held(folder, identity):
        assert json.loads((folder / "identity.json").read_text()) == identity


def test_a_second_process_waits_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = run_folder(tmp_path, "train", {"seed": 1})
    with held(folder, {"seed": 1}):
        second = start(tmp_path)
        try:
            assert second.stderr is not None
            line = second.stderr.readline()
            assert line == "another process is at the very same train; waiting for it to end\n"
            (folder / "result").touch()
            time.sleep(3 * run_folders.LOOK_AGAIN)
            assert not (folder / "entered").exists()
        except BaseException:
            second.kill()
            raise
    out, err = second.communicate("\n", timeout=60)
    assert (out, err, second.returncode) == ("held\n", "", 0)
    assert (folder / "result").exists()
    assert caplog.messages == []


def test_a_killed_process_leaves_no_lock(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with holder(tmp_path) as process:
        process.kill()
        process.wait()
        with caplog.at_level(logging.INFO):
            make(tmp_path, 1)
    assert caplog.messages == []


def test_an_error_frees_the_lock(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        held(run_folder(tmp_path, "train", {"seed": 1}), {"seed": 1}),
    ):
        print(1 / 0)
    with caplog.at_level(logging.INFO):
        make(tmp_path, 1)
    assert caplog.messages == []


def test_runs_that_were_not_used_for_two_weeks_are_removed_with_their_locks(
    tmp_path: Path,
) -> None:
    stale = make(tmp_path, 1, age=14.01 * DAY)
    recent = make(tmp_path, 2, age=13.99 * DAY)
    make(tmp_path, 3)
    assert not stale.exists()
    assert (recent / "state").read_text() == "2"
    assert [path.name for path in tmp_path.glob(f"{stale.name}*")] == []


def test_the_twenty_runs_used_last_are_kept(tmp_path: Path) -> None:
    folders = {seed: make(tmp_path, seed, age=60 * seed) for seed in range(1, 20)}
    newcomer = make(tmp_path, 100)
    assert all(folder.exists() for folder in folders.values())
    os.utime(folders[19])  # used again
    make(tmp_path, 101)
    gone = {seed for seed, folder in folders.items() if not folder.exists()}
    assert gone == {18}
    assert newcomer.exists()


def test_a_run_that_is_held_is_never_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_folders, "RUNS_KEPT", 1)
    folder = run_folder(tmp_path, "train", {"seed": 1})
    with holder(tmp_path):
        os.utime(folder, (0, 0))
        make(tmp_path, 2)
        assert (folder / "identity.json").exists()
    make(tmp_path, 2)
    assert not folder.exists()


def test_opening_a_stale_run_keeps_what_is_in_it(tmp_path: Path) -> None:
    folder = make(tmp_path, 1, age=30 * DAY)
    with held(folder, {"seed": 1}):
        assert (folder / "state").read_text() == "1"
        assert folder.stat().st_mtime == pytest.approx(time.time(), abs=60)


def test_the_run_that_is_opened_is_one_of_those_that_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest, older, young = (make(tmp_path, seed, age=60 * (4 - seed)) for seed in (1, 2, 3))
    monkeypatch.setattr(run_folders, "RUNS_KEPT", 2)
    make(tmp_path, 1)
    assert [folder.exists() for folder in (oldest, older, young)] == [True, False, True]


def test_looking_whether_a_run_is_held_does_not_count_as_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_folders, "RUNS_KEPT", 1)
    folder = run_folder(tmp_path, "train", {"seed": 1})
    with holder(tmp_path):
        os.utime(folder, (1000, 1000))
        make(tmp_path, 2)
        assert folder.stat().st_mtime == 1000


def test_what_is_no_run_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_folders, "RUNS_KEPT", 1)
    (tmp_path / "mine").mkdir()
    (tmp_path / "train-0123456789abcdef.copy").mkdir()
    (tmp_path / "train-0123456789abcdef").touch()
    (tmp_path / "train-0123456789abcdee").mkdir()
    before = {path.name for path in tmp_path.iterdir()}
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0))
    make(tmp_path, 1)
    assert before - {path.name for path in tmp_path.iterdir()} == {"train-0123456789abcdee"}


def test_a_crowd_that_opens_and_removes_runs_is_never_two_in_one(tmp_path: Path) -> None:
    crowd = [
        subprocess.Popen(
            command(CROWD, tmp_path, number), env=environment(), stderr=subprocess.PIPE, text=True
        )
        for number in range(4)
    ]
    errors = [process.communicate(timeout=120)[1] for process in crowd]
    assert errors == [""] * 4
    assert [process.returncode for process in crowd] == [0] * 4
    make(tmp_path, 100)
    assert len([path for path in tmp_path.iterdir() if path.is_dir()]) <= 20


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(OSError, match="home"), held(tmp_path / "home" / "train-0", {}):
        pytest.fail("it was held")
