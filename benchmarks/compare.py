"""Experiments image by image against the workspace: `python -m benchmarks.compare NAME…`.

A NAME is an experiment of DVC's or a commit, whose results are in DVC's cache. Of each and of the
workspace the mean PSNR and SSIM of the holes are printed, and the differences to the workspace on
the images that both have, with 95 % intervals: that some faces are hard for all is not in these.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

from dcgan_inpainting.metrics import interval

TABLE = Path("reports/per_image.csv")
BASELINES = ("mean", "nearest", "biharmonic")
METRICS = {"hole_psnr": 2, "hole_ssim": 3}  # and with how many decimals


def read(path: Path) -> pd.DataFrame:
    """Return the figures of the method that is no baseline, by mask and row of the split."""
    table = pd.read_csv(path, dtype={"file": str})
    return table[~table.method.isin(BASELINES)].set_index(["mask", "row"])


def of_revision(name: str, folder: Path) -> pd.DataFrame:
    """Return the figures that an experiment or a commit has in DVC's cache."""
    path = folder / "per_image.csv"
    command = ["dvc", "get", ".", str(TABLE), "--rev", name, "--out", str(path), "--force"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"error: {TABLE} of {name} is not to be had: {done.stderr.strip()}")
    return read(path)


def means(figures: pd.DataFrame) -> str:
    """Return a row's cells: for each mask the means."""
    groups = figures.groupby("mask", sort=False)
    return " | ".join(
        " / ".join(f"{images[metric].mean():.{digits}f}" for metric, digits in METRICS.items())
        for _, images in groups
    )


def differences(figures: pd.DataFrame, base: pd.DataFrame) -> str:
    """Return a row's cells: for each mask how much better on the images that both have."""
    both_have = base.index.intersection(figures.index, sort=False)
    mine, others = figures.loc[both_have], base.loc[both_have]
    if not mine.file.equals(others.file):
        return "other images"
    gains = mine[list(METRICS)] - others[list(METRICS)]
    cells = []
    for _, images in gains.groupby("mask", sort=False):
        both = (
            f"{images[metric].mean():+.{digits}f} ± {interval(images[metric]):.{digits}f}"
            for metric, digits in METRICS.items()
        )
        cells.append(f"{' / '.join(both)} ({len(images)})")
    return " | ".join(cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", metavar="NAME", help="experiment or commit")
    names = parser.parse_args().names
    if not TABLE.is_file():
        sys.exit(f"error: {TABLE} is not there; run the pipeline first")
    base = read(TABLE)
    with tempfile.TemporaryDirectory() as folder:
        others = {name: of_revision(name, Path(folder)) for name in names}
    masks = base.index.unique("mask")
    heading = " | ".join(masks)
    line = "|---" * (len(masks) + 1) + "|"
    print(f"| hole PSNR [dB] / SSIM | {heading} |\n{line}\n| workspace | {means(base)} |")
    for name, figures in others.items():
        print(f"| {name} | {means(figures)} |")
    print(f"\n| less the workspace's (images) | {heading} |\n{line}")
    for name, figures in others.items():
        print(f"| {name} | {differences(figures, base)} |")


if __name__ == "__main__":
    main()
