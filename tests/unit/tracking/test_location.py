"""Where the tracking store is."""

from pathlib import Path

import pytest

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.tracking.location import StoreLocation

ROOT = Path("/home/me/my faces")


@pytest.mark.parametrize(
    ("variable", "uri", "artifacts", "own"),
    [
        (None, "sqlite:////home/me/my faces/mlflow.db", "file:///home/me/my%20faces/mlruns", True),
        ("", "sqlite:////home/me/my faces/mlflow.db", "file:///home/me/my%20faces/mlruns", True),
        ("http://host:5000", "http://host:5000", None, False),
        ("https://me:secret@host", "https://me:secret@host", None, False),
        ("databricks", "databricks", None, False),
        (
            "sqlite:////var/runs.db",
            "sqlite:////var/runs.db",
            "file:///home/me/my%20faces/mlruns",
            False,
        ),
        (
            "sqlite:///runs.db",
            "sqlite:////home/me/my faces/runs.db",
            "file:///home/me/my%20faces/mlruns",
            True,
        ),
        ("mysql://host/x", "mysql://host/x", "file:///home/me/my%20faces/mlruns", False),
    ],
)
def test_the_store_is_found_from_root_or_the_environment(
    monkeypatch: pytest.MonkeyPatch,
    variable: str | None,
    uri: str,
    artifacts: str | None,
    own: bool,
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    if variable is not None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", variable)
    location = StoreLocation.of(ROOT)
    assert (location.uri, location.artifacts, location.own) == (uri, artifacts, own)


def test_one_store_has_one_lock_from_every_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert StoreLocation.of(ROOT).lock == ROOT / ".dvc/tmp/mlflow.lock"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////var/runs.db")
    assert StoreLocation.of(ROOT).lock == Path("/var/runs.db.lock")
    assert StoreLocation.of(ROOT).lock == StoreLocation.of(Path("/elsewhere")).lock


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("https://me:secret@host:5000/x", "https://***@host:5000/x"),
        ("postgresql://me:p@ss@host/x", "postgresql://***@host/x"),
        ("http://host:5000", "http://host:5000"),
        ("http://me:secret@[::1", "http://***@[::1"),
    ],
)
def test_an_address_is_shown_without_its_password(
    monkeypatch: pytest.MonkeyPatch, uri: str, shown: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert StoreLocation.of(ROOT).shown == shown


@pytest.mark.parametrize("name", ["100%", "a%20b", "q?x", "h#x", "über's"])
def test_an_sqlite_address_names_the_file_whatever_the_folder_is_called(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    root = Path("/home") / name
    location = StoreLocation.of(root)
    assert location.database == root / "mlflow.db"
    # As a child process is told of it.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", location.uri)
    assert StoreLocation.of(Path("/elsewhere")).database == location.database


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("http://[::1", "Invalid IPv6 URL"),
        ("http://host:99999", "Port out of range"),
        ("http://:5000", "it names no host"),
        ("   ", "nothing but spaces"),
        ("gopher://me:secret@host", r"'gopher://\*\*\*@host'.* must begin with one of: http, "),
    ],
)
def test_an_address_at_which_no_mlflow_can_be_is_refused(
    monkeypatch: pytest.MonkeyPatch, uri: str, message: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(UserError, match=message):
        StoreLocation.of(ROOT).check()


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "http://[::1]:5000",
        "databricks",
        "databricks://profile",
        "mysql+pymysql://u@h/x",
        "mlruns",
        "file:///tmp/x",
        "sqlite:///runs.db",
    ],
)
def test_every_address_that_mlflow_takes_is_taken(
    monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    StoreLocation.of(ROOT).check()
