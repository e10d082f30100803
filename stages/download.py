"""Stage download: the images of the chosen source, as data/raw/images.zip and partition.csv."""

import logging
from pathlib import Path

from dcgan_inpainting.download.sources import DownloadParams, make_raw
from dcgan_inpainting.running.stage import project_root, run_stage

RAW = Path("data/raw")

log = logging.getLogger(__name__)


def work(params: DownloadParams) -> None:
    """Make data/raw, and say how many images each split has."""
    counts = make_raw(params, RAW, project_root())
    log.info("%s", ", ".join(f"{number} {split}" for split, number in counts.items()))


if __name__ == "__main__":
    run_stage("download", DownloadParams, work)
