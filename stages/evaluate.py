"""Compare with the baselines: reports/metrics.json, headline.json, per_image.csv, paired.csv …"""

import json
import shutil
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from dcgan_inpainting.baselines.methods import BASELINES
from dcgan_inpainting.common.errors import DamagedError
from dcgan_inpainting.common.files import write_text, writing
from dcgan_inpainting.common.images import load_images
from dcgan_inpainting.common.settings import Section
from dcgan_inpainting.evaluate import trials
from dcgan_inpainting.evaluate.comparison import as_tree, headline, measure, paired, summarise
from dcgan_inpainting.masks.kinds import KINDS
from dcgan_inpainting.masks.params import OWN
from dcgan_inpainting.process.command_line import reporting
from dcgan_inpainting.running.stage import run_stage

CROPPED = Path("data/cropped")
REPORTS = Path("reports")


def work(_params: Section) -> None:
    """Measure every method on every kind of mask."""
    listing = trials.read_listing()
    split, kinds = listing["split"], listing["kinds"]
    images = load_images(CROPPED / f"{split}.npy")
    there = {path.stem for kind in kinds for path in (trials.BASELINES / kind).glob("*.npy")}
    baselines = [name for name in BASELINES if name in there]
    tables = []
    for kind in tqdm(kinds, desc="evaluate", unit=" masks"):
        for first, trial in trials.read_trials(kind, images, baselines):
            measured = measure(trial).assign(mask=kind)
            measured["row"] += first
            tables.append(measured)
    _write(pd.concat(tables), split, trials.our_method(kinds[-1]))


def forget_other_kinds() -> None:
    """Remove what was restored of kinds that are no longer asked for.

    DVC leaves the outputs of a matrix item that is gone, and this stage depends on their folders,
    which DVC hashes anew when the stage has ended. So dvc.lock becomes that of a fresh clone.
    """
    for kind in {*KINDS, OWN}.difference(trials.read_listing()["kinds"]):
        for folder in (trials.INPAINTED, trials.BASELINES):
            if (folder / kind).is_dir():
                shutil.rmtree(folder / kind)


def _read_index(path: Path, split: str) -> pd.Series:
    """Return the name of each image's file by its row in a split."""
    try:
        index = pd.read_csv(path, dtype={"file": str})
        return index[index.split == split].set_index("row").file
    except FileNotFoundError:
        raise DamagedError(path, "is missing") from None
    except (ValueError, KeyError, AttributeError) as error:
        raise DamagedError(path, f"is no table of split, row and file ({error})") from None


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    with writing(path):
        table.to_csv(path, index=False, float_format="%.6g")


def _write(per_image: pd.DataFrame, split: str, method: str) -> None:
    files = _read_index(CROPPED / "index.csv", split)
    per_image.insert(0, "file", per_image.row.map(files))
    columns = ["mask", "method", "row", "file"]
    per_image = per_image[[*columns, *per_image.columns.drop(columns)]]
    _write_csv(per_image, REPORTS / "per_image.csv")
    summary = summarise(per_image)
    tree = as_tree(summary)
    for name, content in (("metrics", tree), ("headline", headline(tree, method))):
        write_text(REPORTS / f"{name}.json", json.dumps(content, indent=2) + "\n")
    _write_csv(summary.reset_index(), REPORTS / "quality.csv")
    _write_csv(paired(per_image, method), REPORTS / "paired.csv")


if __name__ == "__main__":
    with reporting("evaluate"):
        forget_other_kinds()  # first, since the run notes by what it is known in dvc.lock
    run_stage("evaluate", None, work)
