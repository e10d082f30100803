"""The way of messages to MLflow: sent at once or, while MLflow can't be reached, kept on disk.

What is kept lies in a folder for each run, below the user's own checkout:

    .mlflow-missed/1763845200123-4711/
        lock            held by the process whose run it is
        opening.json    the run's first message
        messages.jsonl  the others in their order
        state.json      the run's id, once it has one, and how many of the others were sent
        files/          copies of what the messages name

The next stage that reaches MLflow sends it, and so does `make catch-up`. A folder that can't be
read, as a power cut leaves it or a newer version of this project, is renamed to `damaged-…`, once
and with a warning.
"""

import argparse
import logging
import os
import shutil
import time
from pathlib import Path
from typing import Annotated

from filelock import FileLock, Timeout
from pydantic import BaseModel, Field, TypeAdapter

from dcgan_inpainting.common.errors import FaultError
from dcgan_inpainting.common.files import replacing
from dcgan_inpainting.process.command_line import reporting
from dcgan_inpainting.tracking import messages, row
from dcgan_inpainting.tracking.location import StoreLocation
from dcgan_inpainting.tracking.messages import Message, Opening
from dcgan_inpainting.tracking.store import Store, one_line, said

log = logging.getLogger(__name__)

FOLDER = ".mlflow-missed"
DAMAGED = "damaged-"  # begins the name of a folder that can't be read
RETRY_SECONDS = 60.0  # how long a tracker that failed is left alone

OPENINGS: TypeAdapter[Opening] = TypeAdapter(
    Annotated[messages.Begin | row.Row, Field(discriminator="kind")]
)
MESSAGES: TypeAdapter[Message] = TypeAdapter(
    Annotated[
        messages.Metrics
        | messages.Tags
        | messages.Artifact
        | messages.Picture
        | messages.Table
        | messages.Dataset
        | messages.End
        | row.Publish
        | row.Links
        | row.Complete,
        Field(discriminator="kind"),
    ]
)
LAST = (messages.End, row.Complete)


class Outbox:
    """Sends what is told of one run; from the first failure on, it keeps it.

    Nothing that MLflow, its server or the disk do comes out of here: it is worth one warning.
    """

    def __init__(self, root: Path, opening: Opening) -> None:
        """Open the run, and send what earlier runs could not.

        Args:
            root: the user's own checkout (absolute).
            opening: the run's first message.
        """
        self._root = root
        self._location = StoreLocation.of(root)
        self._opening = opening
        self._store: Store | None = None
        self._run_id: str | None = None
        self._kept: _Kept | None = None
        self._lost = False  # neither sent nor kept: of this run nothing more is told
        self._retry_at = 0.0
        try:
            self._store = self._connected()
            self._run_id = opening.open(self._store)
        except Exception as error:
            self._keep(error)

    def send(self, message: Message) -> None:
        """Send a message, or keep it."""
        if self._kept is not None and time.monotonic() >= self._retry_at:
            self._try_again(self._kept)
        if self._kept is None and not self._lost:
            assert self._store is not None
            assert self._run_id is not None
            try:
                message.send(self._store, self._run_id)
            except Exception as error:
                self._keep(error)
        if self._kept is not None:
            try:
                self._kept.add(message)
            except OSError as error:
                self._lose(error)

    def close(self) -> None:
        """Leave what could not be sent to whoever sends it later."""
        if self._kept is not None:
            self._kept.release()

    def _connected(self) -> Store:
        """Return the store, which has been told of earlier runs; this one may go on with one."""
        self._location.check()
        store = Store(self._location)
        store.end_dead_runs()
        try:
            send_kept(self._root, store)
        except Exception as error:
            # What MLflow refuses of an earlier run must not keep this one from it.
            log.warning("what MLflow missed stays missing: %s", said(error, self._location))
        return store

    def _keep(self, error: Exception) -> None:
        reason = f"MLflow at {self._location.shown}: {said(error, self._location)}"
        try:
            self._kept = _Kept.begin(self._root / FOLDER, self._opening, self._run_id)
        except OSError as unkept:
            self._lost = True
            log.warning("not tracked, the work goes on: %s; nor kept for later: %s", reason, unkept)
            return
        self._retry_at = time.monotonic() + RETRY_SECONDS
        log.warning("not tracked now, the work goes on (`make catch-up` logs it later): %s", reason)

    def _lose(self, error: OSError) -> None:
        """Tell no more of this run; what was kept of it stays."""
        log.warning("not tracked from here on, the work goes on: it can't be kept: %s", error)
        self.close()
        self._kept, self._lost = None, True

    def _try_again(self, kept: "_Kept") -> None:
        try:
            self._store = self._connected()
            self._run_id = kept.send(self._store)
        except Exception:
            self._retry_at = time.monotonic() + RETRY_SECONDS
        else:
            kept.remove()
            self._kept = None
            log.info("MLflow is back, and has what it missed")


class _State(BaseModel):
    run_id: str | None = None
    sent: int = 0


class _Kept:
    """The folder of one run's messages; whoever has an instance holds its lock."""

    def __init__(self, folder: Path, lock: FileLock) -> None:
        self.folder = folder
        self._lock = lock

    @classmethod
    def begin(cls, parent: Path, opening: Opening, run_id: str | None) -> "_Kept":
        """Make the folder of a new run."""
        folder = parent / f"{int(time.time() * 1000)}-{os.getpid()}"
        folder.mkdir(parents=True)
        made = cls(folder, FileLock(folder / "lock"))
        made._lock.acquire()
        (folder / "opening.json").write_text(opening.model_dump_json(), encoding="utf-8")
        made._note(_State(run_id=run_id))
        return made

    @classmethod
    def taken(cls, folder: Path) -> "_Kept | None":
        """Return a folder that nobody holds; None where its process lives or it is just made."""
        if folder.name.startswith(DAMAGED) or not (folder / "state.json").is_file():
            return None
        lock = FileLock(folder / "lock")
        try:
            lock.acquire(timeout=0)
        except (Timeout, FileNotFoundError):
            return None  # held, or sent meanwhile by another process
        except OSError as error:
            log.warning("what MLflow missed stays missing: %s", error)
            return None
        return cls(folder, lock)

    def check(self) -> None:
        """Read all of it.

        Raises:
            OSError: a file is missing, or can't be read.
            ValueError: a file is damaged, or a newer version of this project wrote it.
        """
        self._state()
        self._opening()
        for message in self._messages():
            message.check_files()

    def set_aside(self, error: Exception) -> None:
        """Rename the folder, so that the next stage does not stumble over it too."""
        aside = self.folder.with_name(DAMAGED + self.folder.name)
        try:
            self.folder.rename(aside)
        except OSError:
            aside = self.folder
        self.release()
        name = f"{FOLDER}/{aside.name}"
        log.warning(
            "MLflow misses a run, the work goes on: %s can't be read: %s",
            name,
            one_line(str(error)),
        )

    def add(self, message: Message) -> None:
        """Keep a message, with copies of the files that it names."""
        with (self.folder / "messages.jsonl").open("a", encoding="utf-8") as file:
            files = self.folder / "files" / str(file.tell())
            file.write(message.with_files_in(files).model_dump_json() + "\n")

    def send(self, store: Store) -> str:
        """Send what was not sent yet, and return the run's id.

        Raises:
            whatever MLflow raises: the rest can be sent later.
        """
        state = self._state()
        run_id = state.run_id
        if run_id is None:
            run_id = self._opening().open(store)
            self._note(_State(run_id=run_id))
        store.forget(run_id)
        for number, message in enumerate(self._messages()):
            if number >= state.sent:
                message.send(store, run_id)
                self._note(_State(run_id=run_id, sent=number + 1))
        return run_id

    def finish(self, store: Store, run_id: str) -> None:
        """Close the run of a process that was killed before it could."""
        told = self._messages()
        if not told or not isinstance(told[-1], LAST):
            reason, now = "killed while MLflow could not be reached", int(time.time() * 1000)
            process = self._opening().process
            end = messages.End(status="KILLED", reason=reason, end=now, process=process)
            end.send(store, run_id)

    def remove(self) -> None:
        """Delete the folder: all of it was sent."""
        self._lock.release()
        shutil.rmtree(self.folder, ignore_errors=True)

    def release(self) -> None:
        """Leave the folder to others."""
        self._lock.release()

    def _state(self) -> _State:
        return _State.model_validate_json((self.folder / "state.json").read_text("utf-8"))

    def _opening(self) -> Opening:
        return OPENINGS.validate_json((self.folder / "opening.json").read_text("utf-8"))

    def _messages(self) -> list[Message]:
        path = self.folder / "messages.jsonl"
        lines = path.read_text("utf-8").splitlines(keepends=True) if path.is_file() else []
        # A process that was killed while it wrote leaves half a line.
        return [MESSAGES.validate_json(line) for line in lines if line.endswith("\n")]

    def _note(self, state: _State) -> None:
        with replacing(self.folder / "state.json") as draft:
            draft.write_text(state.model_dump_json(), encoding="utf-8")


def send_kept(root: Path, store: Store) -> int:
    """Send what runs of this checkout could not, in the order in which they began.

    Returns:
        How many runs were completed.

    Raises:
        whatever MLflow raises: what is left can be sent later.
    """
    count = 0
    for folder in sorted((root / FOLDER).glob("*")):
        kept = _Kept.taken(folder)
        if kept is None:
            continue
        try:
            kept.check()
        except (OSError, ValueError) as error:
            kept.set_aside(error)
            continue
        try:
            run_id = kept.send(store)
            kept.finish(store, run_id)
        except BaseException:
            kept.release()
            raise
        kept.remove()
        count += 1
    return count


def catch_up(root: Path) -> tuple[Store, int]:
    """Send what MLflow missed, and end the runs whose processes were killed.

    Returns:
        The store, and how many runs were completed.

    Raises:
        UserError: MLFLOW_TRACKING_URI is no address that MLflow takes.
        FaultError: MLflow can't be reached, or refuses what it missed.
    """
    location = StoreLocation.of(root.resolve())
    location.check()
    try:
        store = Store(location)
        store.end_dead_runs()
        return store, send_kept(root, store)
    except Exception as error:
        raise FaultError(f"MLflow at {location.shown}: {said(error, location)}") from None


if __name__ == "__main__":
    argparse.ArgumentParser(description="Log what MLflow missed while it was down.").parse_args()
    with reporting("catch-up"):
        _, logged = catch_up(Path.cwd())
        told = f"logged what MLflow had missed: {logged} run(s)"
        print(told if logged else "MLflow missed nothing")
