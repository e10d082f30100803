"""Recording of an experiment: its row in MLflow is made, or completed, from the results on disk."""

import time
from pathlib import Path

from dcgan_inpainting.common.settings import load_params
from dcgan_inpainting.tracking import row
from dcgan_inpainting.tracking.experiment import Experiment
from dcgan_inpainting.tracking.lock import entry_of, lock_digest
from dcgan_inpainting.tracking.outbox import Outbox
from dcgan_inpainting.tracking.store import RECORDED, Store


def record(folder: Path, root: Path) -> None:
    """Complete the row of the experiment whose results lie in `folder`.

    Args:
        folder: the checkout in which DVC has run the pipeline; it may be a temporary one.
        root: the user's own checkout.

    Raises:
        OSError: a result is not there.
    """
    now = int(time.time() * 1000)
    outbox = Outbox(root.resolve(), row.Row(experiment=Experiment.of(folder), start=now))
    for message in row.messages(folder, now):
        outbox.send(message)
    outbox.close()


def record_if_new(root: Path, store: Store) -> bool:
    """Give the results in a checkout a row where no experiment in the store has led to them.

    As after `git clone` and `dvc pull`: nothing was run here, and what there is wants comparing.

    Returns:
        Whether there is a new row.
    """
    lock = row.results(root)
    if "pictures" not in lock or not _up_to_date(root):
        return False
    if store.find(f"tags.`{RECORDED}` = '{lock_digest(lock)}'"):
        return False
    record(root, root)
    return True


def _up_to_date(root: Path) -> bool:
    """Return whether what `record` would read is what params.yaml and dvc.lock stand for."""
    lock = row.results(root)
    params = load_params(root / "params.yaml")
    for entry in lock.values():
        for section, values in entry.get("params", {}).get("params.yaml", {}).items():
            if params.get(section) != values:
                return False
    try:
        made = {
            stage: entry_of(stage, root, outs=True)["outs"]
            for stage in ("train", "evaluate", "pictures")
        }
    except OSError:
        return False  # not pulled, or removed
    return all(outs == lock[stage]["outs"] for stage, outs in made.items())
