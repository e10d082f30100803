"""Tracking costs no result, whatever becomes of MLflow, its store and what it missed.

The short form tells MLflow of a stage in this process; the long form runs the stage masks.
"""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydantic import BaseModel

from dcgan_inpainting.tracking.runs import track
from tests.faults.commands import ROOT, python

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # MLflow's own
    pytest.mark.xdist_group("tracking faults"),
]

MISSED = ".mlflow-missed"
FOLDER = f"{MISSED}/1763845200123-4711"  # of a run that MLflow missed


def checkout(folder: Path) -> Path:
    """Make what the stage masks needs, of tiny images."""
    (folder / "data/cropped").mkdir(parents=True)
    images = np.random.default_rng(1).integers(0, 256, (2, 32, 32, 3), np.uint8)
    np.save(folder / "data/cropped/test.npy", images)
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    (folder / "params.yaml").write_text(text, encoding="utf-8")
    return folder


class Params(BaseModel):
    width: int = 24


def told(folder: Path) -> None:
    """Tell MLflow what a stage in a folder tells it."""
    with track("masks", "", Params(), folder) as run:
        run.log_metrics({"center/missing": 0.25})
        run.log_artifact(folder / "data/cropped/test.npy")


def masks(folder: Path, **environment: str) -> list[str]:
    """Run the stage masks, whose result must be there; return what it said of its tracking."""
    ended = python(folder, "-m", "stages.masks", seconds=280, **environment)
    assert "Traceback" not in ended.stderr, ended.stderr
    assert ended.status == 0, ended.stderr
    assert (folder / "data/masks/center.npy").is_file()
    lines = ended.stderr.splitlines()
    return [line for line in lines if line.startswith("masks: ") and " cores" not in line]


@pytest.fixture
def stage(
    long: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Callable[..., list[str]]:
    """What runs a stage in a folder, with an environment, and returns its warnings."""

    def run(folder: Path, **environment: str) -> list[str]:
        if long:
            return masks(folder, **environment)
        caplog.clear()
        with monkeypatch.context() as patch:
            patch.chdir(folder)
            for name, value in environment.items():
                patch.setenv(name, value)
            told(folder)
        found = [one for one in caplog.records if one.name.startswith("dcgan_inpainting")]
        return [one.getMessage() for one in found]

    return run


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with a store, and with a run that MLflow missed."""
    folder = checkout(tmp_path_factory.mktemp("first") / "checkout")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        told(folder)
        patch.setenv("MLFLOW_TRACKING_URI", "gopher://nowhere")
        told(folder)
    (kept,) = (folder / MISSED).iterdir()
    kept.rename(folder / FOLDER)
    return folder


@pytest.fixture
def here(first: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(first, tmp_path / "checkout"))


def _cut(name: str, length: int) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        path = folder / FOLDER / name
        path.write_bytes(path.read_bytes()[:length])

    return damage


def _write(name: str, text: str) -> Callable[[Path], None]:
    return lambda folder: (folder / FOLDER / name).write_text(text)


def _newer(folder: Path) -> None:
    path = folder / FOLDER / "messages.jsonl"
    path.write_text('{"kind": "hologram", "depth": 3}\n' + path.read_text())


DAMAGED: dict[str, Callable[[Path], None]] = {
    "state is empty": _cut("state.json", 0),
    "state is half": _cut("state.json", 7),
    "opening is empty": _cut("opening.json", 0),
    "opening is half": _cut("opening.json", 60),
    "opening is gone": lambda folder: (folder / FOLDER / "opening.json").unlink(),
    "messages are binary": lambda folder: (folder / FOLDER / "messages.jsonl").write_bytes(
        b"\xff\xfe\n"
    ),
    "a line is zeros": lambda folder: (folder / FOLDER / "messages.jsonl").write_bytes(
        b"\0" * 40 + b"\n"
    ),
    "a message is of a newer version": _newer,
    "a file that a message names is gone": lambda folder: shutil.rmtree(folder / FOLDER / "files"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_what_mlflow_missed_is_damaged(
    here: Path, stage: Callable[..., list[str]], damage: str, seen: Callable[[str], None]
) -> None:
    DAMAGED[damage](here)
    lines = stage(here)
    seen("; ".join(lines)[:150])
    (line,) = lines
    assert "the work goes on" in line
    assert "can't be read" in line
    aside = f"{MISSED}/damaged-{Path(FOLDER).name}"
    assert aside in line
    assert [path.name for path in (here / MISSED).iterdir()] == [Path(aside).name]


def test_a_damaged_run_that_was_set_aside_is_not_spoken_of_again(
    here: Path, stage: Callable[..., list[str]], seen: Callable[[str], None]
) -> None:
    DAMAGED["state is empty"](here)
    stage(here)
    lines = stage(here)
    seen(str(lines))
    assert lines == []


def _as_file(folder: Path) -> None:
    shutil.rmtree(folder / MISSED)
    (folder / MISSED).write_text("")


def _stray(folder: Path) -> None:
    shutil.rmtree(folder / MISSED)
    (folder / MISSED / "empty").mkdir(parents=True)
    (folder / MISSED / ".DS_Store").write_text("")


def _lock_is_folder(folder: Path) -> None:
    (folder / FOLDER / "lock").unlink(missing_ok=True)
    (folder / FOLDER / "lock").mkdir()


def _no_database(folder: Path) -> None:
    (folder / "mlflow.db").write_bytes(b"this is no database" * 100)


def _torn(folder: Path) -> None:
    data = (folder / "mlflow.db").read_bytes()
    (folder / "mlflow.db").write_bytes(data[: len(data) // 2])


def _newer_schema(folder: Path) -> None:
    with sqlite3.connect(folder / "mlflow.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
    connection.close()


def _database_is_folder(folder: Path) -> None:
    (folder / "mlflow.db").unlink()
    (folder / "mlflow.db").mkdir()


def _mlruns_is_file(folder: Path) -> None:
    shutil.rmtree(folder / "mlruns")
    (folder / "mlruns").write_text("")


BROKEN: dict[str, tuple[Callable[[Path], None], int]] = {  # and how many lines are said
    "the outbox is a file": (_as_file, 0),
    "stray files in the outbox": (_stray, 0),
    "a lock in the outbox is a folder": (_lock_is_folder, 1),
    "the store is no database": (_no_database, 1),
    "the store is cut in half": (_torn, 1),
    "the store is of a newer MLflow": (_newer_schema, 1),
    "the store is a folder": (_database_is_folder, 1),
    "mlruns is a file": (_mlruns_is_file, 1),
}


@pytest.mark.parametrize("case", BROKEN)
def test_the_store_or_the_outbox_is_broken(
    here: Path, stage: Callable[..., list[str]], case: str, seen: Callable[[str], None]
) -> None:
    damage, said = BROKEN[case]
    if said and "outbox" not in case:
        shutil.rmtree(here / MISSED)  # of which a store that is broken hears nothing
    damage(here)
    lines = stage(here)
    seen("; ".join(lines)[:150])
    assert len(lines) == said, lines


def test_mlflow_cannot_be_reached_and_nothing_can_be_kept(
    here: Path, stage: Callable[..., list[str]], seen: Callable[[str], None]
) -> None:
    _as_file(here)
    lines = stage(here, MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    seen("; ".join(lines)[:150])
    (line,) = lines
    assert "nor kept for later" in line


ADDRESSES = ["http://[::1", "   ", "gopher://nowhere", "http://", "http://host:99999"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_address_is_none(
    tmp_path: Path, stage: Callable[..., list[str]], address: str, seen: Callable[[str], None]
) -> None:
    here = checkout(tmp_path / "checkout")
    lines = stage(here, MLFLOW_TRACKING_URI=address)
    seen("; ".join(lines)[:150])
    (line,) = lines
    assert "not tracked now, the work goes on" in line


@pytest.mark.parametrize("module", ["ui", "outbox"])
@pytest.mark.parametrize("address", ["http://[::1", "   ", "gopher://nowhere"])
def test_a_command_is_given_an_address_that_is_none(
    tmp_path: Path, module: str, address: str, seen: Callable[[str], None]
) -> None:
    name = f"dcgan_inpainting.tracking.{module}"
    ended = python(tmp_path, "-m", name, MLFLOW_TRACKING_URI=address)
    seen(f"status {ended.status}: {ended.error}")
    assert ended.status == 2
    assert "MLFLOW_TRACKING_URI" in ended.error


def test_catching_up_with_a_server_that_is_down(
    tmp_path: Path, seen: Callable[[str], None]
) -> None:
    name = "dcgan_inpainting.tracking.outbox"
    ended = python(tmp_path, "-m", name, MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    seen(f"status {ended.status}: {ended.error}")
    assert ended.status == 1
    assert "MLflow at http://127.0.0.1:9: " in ended.error


@pytest.mark.parametrize("port", ["0", "65536", "-1", "five", "5000.5", "", "٥٠٠٠", "9" * 5000])
def test_a_port_that_is_none(tmp_path: Path, port: str, seen: Callable[[str], None]) -> None:
    ended = python(tmp_path, "-m", "dcgan_inpainting.tracking.ui", f"--port={port}")
    seen(f"status {ended.status}: {ended.error[:80]}")
    assert ended.status == 2
    assert "is not a whole number of 1…65535" in ended.error
    assert list(tmp_path.iterdir()) == []


NAMES = [
    "100%",
    "a%20b",
    "q?x",
    "h#x",
    "two words",
    "Gesichter für Jürgen",
    'it\'s "odd"',
    "a;b&c=d",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_checkout_in_a_folder_of_an_odd_name(
    tmp_path: Path, stage: Callable[..., list[str]], name: str, seen: Callable[[str], None]
) -> None:
    here = checkout(tmp_path / name)
    lines = stage(here)
    assert lines == []
    if name not in ("a%20b", "q?x"):  # beside these MLflow makes an empty folder
        assert [path.name for path in tmp_path.iterdir()] == [name]
    (kept,) = (path for path in (here / "mlruns").rglob("*") if path.is_file())
    with sqlite3.connect(here / "mlflow.db") as connection:
        runs = connection.execute("SELECT status FROM runs").fetchall()
    connection.close()
    seen(f"runs {runs}, {kept.name}")
    assert runs == [("FINISHED",)]


OFFLINE = """
import socket, sys

def refuse(*_):
    sys.exit("the network was asked for")

socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
import pkgutil, importlib, dcgan_inpainting
for module in pkgutil.walk_packages(dcgan_inpainting.__path__, "dcgan_inpainting."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""


def test_nothing_asks_for_the_network_when_it_is_imported(
    tmp_path: Path, seen: Callable[[str], None]
) -> None:
    ended = python(tmp_path, "-W", "ignore", "-c", OFFLINE, seconds=280)
    seen(f"status {ended.status}")
    assert ended.status == 0, ended.stderr


def test_tracking_switches_telemetry_off(
    here: Path, monkeypatch: pytest.MonkeyPatch, seen: Callable[[str], None]
) -> None:
    # As on a user's machine: in a test and in CI MLflow is silent by itself.
    for name in ("PYTEST_CURRENT_TEST", "CI", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    program = f"""
from pathlib import Path
from dcgan_inpainting.tracking.location import StoreLocation
from dcgan_inpainting.tracking.store import Store
Store(StoreLocation.of(Path({str(here)!r})))
from mlflow.telemetry.client import get_telemetry_client
from mlflow.telemetry.utils import is_telemetry_disabled
print(is_telemetry_disabled(), get_telemetry_client())
"""
    ended = python(here, "-W", "ignore", "-c", program)
    seen(ended.stdout.strip())
    assert ended.stdout.split() == ["True", "None"], ended.stderr
