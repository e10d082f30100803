"""Experiments image by image against the workspace: `python -m benchmarks.compare NAME…`.

A NAME is an experiment of DVC's or a commit, whose results are in DVC's cache. Of each and of the
workspace the means of the headline metrics are printed, and the differences to the workspace on
the images that both have, with 95 % intervals: that some faces are hard for all is not in these.
"""

import argparse
from pathlib import Path

import pandas as pd

from dcgan_inpainting.commands.results import PER_IMAGE, of_revision, of_workspace, own
from dcgan_inpainting.commands.table_kinds import markdown
from dcgan_inpainting.common.files import write_csv
from dcgan_inpainting.evaluate.metrics import HEADLINE, METRICS, interval
from dcgan_inpainting.process.command_line import reporting


def by_image(table: pd.DataFrame) -> pd.DataFrame:
    """Return the figures of the method that searches, by mask and row of the split."""
    return own(table).set_index(["mask", "row"])


def means(figures: pd.DataFrame) -> list[str]:
    """Return a row's cells: for each mask the means."""
    groups = figures.groupby("mask", sort=False)
    return [
        " / ".join(METRICS[name].text(images[name].mean()) for name in HEADLINE)
        for _, images in groups
    ]


def differences(figures: pd.DataFrame, base: pd.DataFrame) -> list[str]:
    """Return a row's cells: for each mask how much better on the images that both have."""
    both_have = base.index.intersection(figures.index, sort=False)
    mine, others = figures.loc[both_have], base.loc[both_have]
    if not mine.file.equals(others.file):
        return ["other images"] * len(base.index.unique("mask"))
    gains = mine[list(HEADLINE)] - others[list(HEADLINE)]
    cells = []
    for _, images in gains.groupby("mask", sort=False):
        both = (
            METRICS[name].gain(images[name].mean(), interval(images[name])) for name in HEADLINE
        )
        cells.append(f"{' / '.join(both)} ({len(images)})")
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", metavar="NAME", help="experiment or commit")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write them there as CSV too")
    arguments = parser.parse_args()
    base = by_image(of_workspace(PER_IMAGE))
    others = {name: by_image(of_revision(name, PER_IMAGE)) for name in arguments.names}
    masks = list(base.index.unique("mask"))
    names = " / ".join(METRICS[name].label for name in HEADLINE)
    everyone = {"workspace": base, **others}
    tables = {
        "means": ([names, *masks], [[name, *means(one)] for name, one in everyone.items()]),
        "differences": (
            ["less the workspace's (images)", *masks],
            [[name, *differences(one, base)] for name, one in others.items()],
        ),
    }
    for name, (header, rows) in tables.items():
        print("\n".join(markdown(header, rows)), end="\n\n")
        if arguments.keep:
            write_csv(arguments.keep / f"{name}.csv", header, rows)


if __name__ == "__main__":
    with reporting("compare"):
        main()
