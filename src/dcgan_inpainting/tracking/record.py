"""MLflow is a view of what DVC holds: what dvc.lock names and MLflow lacks is logged from files.

The pipeline's last stage does so. So does `make catch-up`, after MLflow was away, a stage was
killed, or results came from a colleague by `dvc pull`.
"""

import argparse
import json
import logging
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dcgan_inpainting.common.errors import FaultError
from dcgan_inpainting.process.command_line import reporting
from dcgan_inpainting.tracking.experiment import Experiment
from dcgan_inpainting.tracking.location import StoreLocation
from dcgan_inpainting.tracking.lock import Entry, lock_digest, results, stages
from dcgan_inpainting.tracking.row import complete
from dcgan_inpainting.tracking.stage_runs import finished, log_stage
from dcgan_inpainting.tracking.store import RECORDED, Store, missed, said
from dcgan_inpainting.tracking.timing import began

log = logging.getLogger(__name__)

CODE = ("src/", "stages/")  # a change of it leaves the results what dvc.lock says they are


def record(folder: Path, root: Path) -> None:
    """Log the results of a pipeline that has just run; an error costs a warning.

    Args:
        folder: the checkout in which DVC has run the pipeline; it may be a temporary one.
        root: the user's own checkout.
    """
    location = StoreLocation.of(root.resolve())
    try:
        lock = results(folder)
        if lock:  # none where somebody runs the last stage by hand and alone
            log_results(Store.connected(location), folder, lock)
    except Exception as error:
        log.warning(missed(error, location))


def log_results(store: Store, folder: Path, lock: Mapping[str, Entry]) -> None:
    """Log the results in a checkout as a row with a run for each stage, what is there left out.

    Args:
        store: where to.
        folder: the checkout.
        lock: the entries of its dvc.lock whose results are there.

    Raises:
        OSError: a result is not there.
        whatever MLflow raises.
    """
    row = store.row(Experiment.of(folder), began(folder))
    runs = {stage: log_stage(store, folder, row, stage, entry) for stage, entry in lock.items()}
    if set(lock) == set(stages(folder)):
        complete(store, row, folder, lock, runs)
    else:  # as after `dvc repro train`: what was asked for was done, and more was not
        store.close(row, "FINISHED")


def catch_up(root: Path) -> tuple[Store, bool]:
    """Log what the dvc.lock of a checkout holds and MLflow does not.

    Returns:
        The store, and whether it missed anything.

    Raises:
        UserError: MLFLOW_TRACKING_URI is no address that MLflow takes.
        FaultError: MLflow can't be reached, or refuses what it missed.
    """
    root = root.resolve()
    location = StoreLocation.of(root)
    location.check()
    try:
        store = Store.connected(location)
        lock = _missing(store, root)
        if lock:
            log_results(store, root, lock)
        return store, bool(lock)
    except Exception as error:
        raise FaultError(f"MLflow at {location.shown}: {said(error, location)}") from None


def _missing(store: Store, root: Path) -> dict[str, Entry]:
    """Return the entries of dvc.lock to log, all or none: those whose results are there."""
    lock = results(root)
    if not lock or store.find(f"tags.`{RECORDED}` = '{lock_digest(lock)}'"):
        return {}
    changed = _changed(root)
    there = {stage: entry for stage, entry in lock.items() if not changed.get(stage)}
    whole = set(there) == set(stages(root))
    lacks_runs = any(not finished(store, entry) for entry in there.values())
    return there if whole or lacks_runs else {}


def _changed(root: Path) -> Mapping[str, bool]:
    """Return for each stage that DVC finds changed whether more than its code is."""
    command = [sys.executable, "-m", "dvc", "status", "--json"]
    asked = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if asked.returncode != 0:  # while DVC runs the pipeline here, say
        return dict.fromkeys(stages(root), True)
    status: dict[str, list[Any]] = json.loads(asked.stdout)
    return {stage: any(map(_more_than_code, changes)) for stage, changes in status.items()}


def _more_than_code(change: Any) -> bool:
    if not isinstance(change, dict) or set(change) != {"changed deps"}:
        return True
    return any(not path.startswith(CODE) for path in change["changed deps"])


def _main() -> None:
    argparse.ArgumentParser(description="Log what DVC holds and MLflow does not.").parse_args()
    with reporting("catch-up"):
        _, anything = catch_up(Path.cwd())
        print("logged what MLflow had missed" if anything else "MLflow missed nothing")


if __name__ == "__main__":
    _main()
