"""Recording of an experiment: its row in MLflow is made, or completed, from the results on disk."""

import time
from pathlib import Path

from dcgan_inpainting.tracking import row
from dcgan_inpainting.tracking.experiment import Experiment
from dcgan_inpainting.tracking.outbox import Outbox


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
