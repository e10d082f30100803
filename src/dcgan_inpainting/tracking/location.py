"""Where the tracking store is, whatever directory DVC runs a stage in; MLflow itself not needed."""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from urllib.parse import unquote, urlsplit

from filelock import FileLock

from dcgan_inpainting.common.errors import UserError

# For MLflow, unless the user says otherwise. A dead server is to cost seconds, where MLflow's own
# patience (8 attempts of 120 s) costs minutes at each call.
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",  # what matters comes as an exception
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "GIT_PYTHON_REFRESH": "quiet",
}

SQLITE = "sqlite:///"
VARIABLE = "MLFLOW_TRACKING_URI"

# What an address may begin with before its colon; a driver's name may follow: mysql+pymysql.
SCHEMES = (
    *("http", "https", "databricks", "databricks-uc"),
    *("sqlite", "postgresql", "mysql", "mssql", "file"),
)

# Where MLflow keeps the addresses of artifacts.
ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold off all processes that hold this lock, a file that is made where it is missing."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):
        yield


@dataclass(frozen=True)
class StoreLocation:
    """The store's address, and what is known of it without opening it."""

    uri: str
    artifacts: str | None  # URI of the folder for artifacts; None: the server decides
    database: Path | None  # the file of an SQLite store
    own: bool  # whether that file belongs to this checkout, so that both move together
    lock: Path  # held while an SQLite store, or a row, is made, and while a row is closed

    @classmethod
    def of(cls, root: Path) -> "StoreLocation":
        """Return where the runs of the checkout `root` (absolute) go.

        MLFLOW_TRACKING_URI wins. Without it, or with a relative SQLite path in it, the store is
        found from root and never from the working directory, which DVC may delete.
        """
        uri = os.environ.get(VARIABLE) or f"{SQLITE}mlflow.db"
        # MLflow's own default is ./mlruns, again below the working directory.
        artifacts = (root / "mlruns").as_uri()
        lock = root / ".dvc" / "tmp" / "mlflow.lock"
        if uri.partition(":")[0] in ("http", "https", "databricks", "databricks-uc"):
            return cls(uri, None, None, False, lock)
        if not uri.startswith(SQLITE) or "?" in uri:
            return cls(uri, artifacts, None, False, lock)
        database = root / unquote(uri.removeprefix(SQLITE))
        own = database.parent == root
        if not own:
            lock = database.with_name(f"{database.name}.lock")
        return cls(sqlite_uri(database), artifacts, database, own, lock)

    @property
    def shown(self) -> str:
        """The address without the password that it may hold."""
        return re.sub(r"(?<=://)[^/?#]*@", "***@", self.uri)

    @property
    def served(self) -> bool:
        """Whether the address is a server's, which has the pages of MLflow too."""
        return self.uri.partition(":")[0] in ("http", "https")

    def check(self) -> None:
        """Raise UserError where no MLflow can be at the address, whatever runs or not."""
        scheme, colon, _ = self.uri.partition(":")
        known = [*SCHEMES, *entry_points(group="mlflow.tracking_store").names]
        if colon and scheme.partition("+")[0] not in known:
            raise UserError(
                f"{VARIABLE} is {self.shown!r}, and must begin with one of: {', '.join(known)}"
            )
        try:
            parts = urlsplit(self.uri)
            wrong = "it names no host" if self.served and not parts.hostname else ""
            _ = parts.port if self.served else None
        except ValueError as error:
            wrong = str(error)
        if not self.uri.strip() or wrong:
            raise UserError(f"{VARIABLE} is {self.shown!r}: {wrong or 'nothing but spaces'}")


def sqlite_uri(database: Path) -> str:
    """Return the address of an SQLite store; SQLAlchemy decodes %20 and takes ? for its end.

    Encoded only where that matters: beside an encoded folder MLflow makes an empty one, whose name
    is the code.
    """
    path = database.as_posix()
    if unquote(path) != path or "?" in path:
        path = path.replace("%", "%25").replace("?", "%3F")
    return SQLITE + path


def is_made(database: Path) -> bool:
    """Return whether an SQLite store is there; SQLite itself may leave an empty file."""
    return database.exists() and database.stat().st_size > 0


def move_artifacts(database: Path, old: str, new: str) -> None:
    """Point a store's records at the folder of artifacts that moved along with the checkout.

    MLflow keeps absolute addresses: from a checkout that was moved or copied, new artifacts would
    go to the old place.

    Raises:
        sqlite3.Error: the database is not as expected.
    """
    with closing(sqlite3.connect(database, timeout=20)) as connection, connection:
        for table, column in ADDRESSES:
            connection.execute(
                f"UPDATE {table} SET {column} = :new || substr({column}, length(:old) + 1)"
                f" WHERE {column} = :old OR substr({column}, 1, length(:old) + 1) = :old || '/'",
                {"old": old, "new": new},
            )
