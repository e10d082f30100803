"""The run of a killed attempt, which the next attempt at the same work continues."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from dcgan_inpainting.tracking.provenance import OF_DVC_EXPERIMENTS
from dcgan_inpainting.tracking.store import PARENT, RECORDED, STAGE_KEY, Store, process_gone
from dcgan_inpainting.tracking.told import ATTEMPTS

if TYPE_CHECKING:
    from mlflow.entities import Run

CHECKOUT = "checkout"  # tag of a run that can be continued, and from where
LOCK_SECONDS = 60.0  # more than a store takes for the few calls that are made under the lock


def checkout(root: Path) -> str:
    """Return what tells a checkout from all others, also from one of the same path elsewhere.

    What a killed attempt has left to go on from lies below it.
    """
    return f"{root.stat().st_ino} {root}"


def reopened(store: Store, tags: Mapping[str, str], start: int, where: str) -> "Run | None":
    """Return the run of a killed attempt, reopened; None where there is none to continue.

    Args:
        store: where to look.
        tags: those of the run that would be made otherwise, its row's among them.
        start: milliseconds since 1970 at which it would begin.
        where: the name of the row to which it belongs.

    Raises:
        whatever MLflow raises.
    """
    if STAGE_KEY not in tags:
        return None
    lock = store.location.lock.with_name("continuation.lock")
    lock.parent.mkdir(parents=True, exist_ok=True)
    # Two attempts that begin at once, as in a queue with two workers, continue a run each.
    with FileLock(lock, timeout=LOCK_SECONDS):
        run = _killed(store, tags, start)
        if run is not None:
            _reopen(store, run, tags, where)
    return run


def _killed(store: Store, tags: Mapping[str, str], start: int) -> "Run | None":
    """Return the latest run of the same work that nobody is at, if it was killed."""
    query = f"tags.`{STAGE_KEY}` = '{tags[STAGE_KEY]}' and attributes.start_time <= {start}"
    same = ("stage", "item", CHECKOUT)
    for run in store.find(query):
        held = run.data.tags
        if any(held.get(name) != tags.get(name) for name in same):
            continue
        running = run.info.status == "RUNNING"
        # One of this very process was reopened by it, before MLflow broke off.
        if running and held.get("process") != tags["process"] and not process_gone(run):
            continue
        return run if running or run.info.status == "KILLED" else None
    return None


def _reopen(store: Store, run: "Run", tags: Mapping[str, str], where: str) -> None:
    """Let a run go on in the row that `tags` name; done twice, it is as done once."""
    run_id, held = run.info.run_id, run.data.tags
    row = held.get(PARENT)
    if row is not None and row != tags.get(PARENT):
        _leave(store, row, f"its {run.info.run_name} is continued in {where}")
    for name in OF_DVC_EXPERIMENTS:
        if name in held and name not in tags:
            store.client.delete_tag(run_id, name)
    attempts = int(held.get(ATTEMPTS, "1")) + (held.get("process") != tags["process"])
    store.reopen(run, {**tags, ATTEMPTS: str(attempts)})


def _leave(store: Store, row: str, reason: str) -> None:
    """Say in a row why it misses a part; leave alone one that is complete, alive or deleted."""
    for run in store.find(f"attributes.run_id = '{row}'"):
        if run.info.status != "RUNNING" and RECORDED not in run.data.tags:
            store.close(row, "KILLED", reason, run.info.end_time)
