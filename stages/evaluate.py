"""Compare all methods: reports/metrics.json, headline.json, per_image.csv, paired.csv …"""

import shutil
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from dcgan_inpainting.common.images import load_images
from dcgan_inpainting.common.settings import Section
from dcgan_inpainting.evaluate import trials
from dcgan_inpainting.evaluate.comparison import measure
from dcgan_inpainting.evaluate.reports import with_files, write_reports
from dcgan_inpainting.running.stage import run_stage

CROPPED = Path("data/cropped")
REPORTS = Path("reports")


def work(_params: Section) -> None:
    """Measure every method on every kind of mask."""
    forget_other_kinds()
    listing = trials.read_listing()
    split, kinds = listing["split"], listing["kinds"]
    images = load_images(CROPPED / f"{split}.npy")
    others = trials.others_of(kinds)
    tables = []
    for kind in tqdm(kinds, desc="evaluate", unit=" masks"):
        for first, trial in trials.read_trials(kind, images, others):
            measured = measure(trial).assign(mask=kind)
            measured["row"] += first
            tables.append(measured)
    per_image = with_files(pd.concat(tables), CROPPED / "index.csv", split)
    write_reports(REPORTS, per_image, trials.our_method(kinds[-1]))


def forget_other_kinds() -> None:
    """Remove what was restored of kinds that are no longer asked for.

    DVC leaves the outputs of a matrix item that is gone, and this stage depends on their folders,
    which DVC hashes anew when the stage has ended. So dvc.lock becomes that of a fresh clone.
    """
    kinds = trials.read_listing()["kinds"]
    for parent in {trials.INPAINTED, *trials.OTHERS.values()}:
        for folder in parent.glob("*"):
            if folder.is_dir() and folder.name not in kinds:
                shutil.rmtree(folder)


if __name__ == "__main__":
    run_stage("evaluate", None, work)
