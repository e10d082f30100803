"""Tracking costs no result, whatever becomes of MLflow and its store."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydantic import BaseModel

from dcgan_inpainting.tracking.runs import track
from tests.faults.commands import python

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own


class Params(BaseModel):
    width: int = 24


def train(folder: Path) -> None:
    """Show MLflow what a training in a folder shows it."""
    (folder / "models").mkdir(exist_ok=True)
    with track("train", "", Params(), folder, live=True) as run:
        run.kept_in(folder)
        run.log_metrics({"g_loss": 0.25}, 1)
        run.log_image(np.zeros((8, 8, 3), np.uint8), "samples", 1)
        (folder / "models/generator.safetensors").write_text("weights")


@pytest.fixture
def stage(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Callable[..., list[str]]:
    """What trains in a folder, with an environment, and returns the warnings."""

    def run(folder: Path, **environment: str) -> list[str]:
        caplog.clear()
        with monkeypatch.context() as patch:
            patch.chdir(folder)
            for name, value in environment.items():
                patch.setenv(name, value)
            train(folder)
        found = [one for one in caplog.records if one.name.startswith("dcgan_inpainting")]
        return [one.getMessage() for one in found]

    return run


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with a store."""
    folder = tmp_path_factory.mktemp("first") / "checkout"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        train(folder)
    return folder


@pytest.fixture
def here(first: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(first, tmp_path / "checkout"))


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


BROKEN: dict[str, Callable[[Path], None]] = {
    "the store is no database": _no_database,
    "the store is cut in half": _torn,
    "the store is of a newer MLflow": _newer_schema,
    "the store is a folder": _database_is_folder,
    "mlruns is a file": _mlruns_is_file,
}


@pytest.mark.parametrize("case", BROKEN)
def test_the_store_is_broken(
    here: Path, stage: Callable[..., list[str]], case: str, seen: Callable[[str], None]
) -> None:
    BROKEN[case](here)
    lines = stage(here)
    seen("; ".join(lines)[:150])
    (line,) = lines
    assert "not tracked now, the work goes on" in line


@pytest.mark.parametrize("note", [b"", b"0" * 32, b"' or 1 = 1", b"\xff\xfe", b"x" * 5000])
def test_the_note_names_no_run(
    here: Path, stage: Callable[..., list[str]], note: bytes, seen: Callable[[str], None]
) -> None:
    (here / "mlflow-run").write_bytes(note)
    lines = stage(here)
    seen(str(lines))
    assert lines == []
    with sqlite3.connect(here / "mlflow.db") as connection:
        assert connection.execute("SELECT status FROM runs").fetchall() == [("FINISHED",)] * 2
    connection.close()


ADDRESSES = ["http://[::1", "   ", "gopher://nowhere", "http://", "http://host:99999"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_address_is_none(
    tmp_path: Path, stage: Callable[..., list[str]], address: str, seen: Callable[[str], None]
) -> None:
    here = tmp_path / "checkout"
    here.mkdir()
    lines = stage(here, MLFLOW_TRACKING_URI=address)
    seen("; ".join(lines)[:150])
    (line,) = lines
    assert "not tracked now, the work goes on" in line


@pytest.mark.parametrize("module", ["ui", "record"])
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
    name = "dcgan_inpainting.tracking.record"
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
    here = tmp_path / name
    here.mkdir()
    lines = stage(here)
    assert lines == []
    if name not in ("a%20b", "q?x"):  # beside these MLflow makes an empty folder
        assert [path.name for path in tmp_path.iterdir()] == [name]
    kept = [path.suffix for path in (here / "mlruns").rglob("*") if path.is_file()]
    with sqlite3.connect(here / "mlflow.db") as connection:
        runs = connection.execute("SELECT status FROM runs").fetchall()
    connection.close()
    seen(f"runs {runs}, {kept}")
    assert runs == [("FINISHED",)]
    assert sorted(kept) == [".png", ".webp"]


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
