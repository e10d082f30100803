"""The tables of docs/results.md: `python -m benchmarks.tables [NAME…]`.

The quality of each method on each kind of mask, with 95 % intervals, and how much better the
workspace's own method is than a baseline, image by image. The methods of further experiments of
DVC's (NAME), such as one of `yeh`, stand in rows of the first table.
"""

import argparse
from collections.abc import Iterator

import pandas as pd

from benchmarks.results import of_revision, of_workspace
from dcgan_inpainting.baselines.methods import BASELINES
from dcgan_inpainting.process.command_line import reporting

QUALITY, PAIRED = "reports/quality.csv", "reports/paired.csv"
WITH_INTERVAL = {"hole_psnr": 2, "hole_ssim": 3, "haarpsi": 3}  # and with how many decimals
COLUMNS = {
    "hole_psnr": "hole PSNR [dB]",
    "hole_ssim": "hole SSIM",
    "hole_l1": "hole L1",
    "psnr": "PSNR",
    "ssim": "SSIM",
    "haarpsi": "HaarPSI",
}


def table(header: list[str], rows: Iterator[list[str]]) -> str:
    """Return a table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def quality(figures: pd.DataFrame) -> Iterator[list[str]]:
    """Yield a row for each mask and method; the best of a mask is bold."""
    for mask, methods in figures.groupby("mask", sort=False):
        for place, (_, row) in enumerate(methods.iterrows()):
            cells = []
            for metric in COLUMNS:
                digits = WITH_INTERVAL.get(metric, 4 if metric == "hole_l1" else 2)
                digits = 3 if metric == "ssim" else digits
                text = f"{row[metric]:.{digits}f}"
                if metric in WITH_INTERVAL:
                    text += f" ± {row[f'{metric}_ci95']:.{digits}f}"
                    best = row[metric] == methods[metric].max()
                    text = f"**{text}**" if best else text
                cells.append(text)
            yield [str(mask) if place == 0 else "", row.method, *cells]


def paired(figures: pd.DataFrame, other: str) -> Iterator[list[str]]:
    """Yield a row for each mask: how much better than the other method, and how often."""
    for mask, metrics in figures[figures.other == other].groupby("mask", sort=False):
        by_metric = metrics.set_index("metric")
        cells = []
        for metric, digits in WITH_INTERVAL.items():
            row = by_metric.loc[metric]
            cells.append(f"{row.difference:+.{digits}f} ± {row.ci95:.{digits}f}")
            cells.append(f"{row.better:.0%}".replace("%", " %"))
        yield [str(mask), *cells]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="experiment or commit")
    parser.add_argument("--other", default="biharmonic", choices=BASELINES, help="to compare with")
    arguments = parser.parse_args()
    own = of_workspace(QUALITY)
    further = [of_revision(name, QUALITY) for name in arguments.names]
    others = [figures[~figures.method.isin(BASELINES)] for figures in further]
    baselines = own.method.isin(BASELINES)
    together = pd.concat([own[baselines], *others, own[~baselines]])
    order = {mask: place for place, mask in enumerate(own["mask"].unique())}
    together = together[together["mask"].isin(order)]
    together = together.sort_values("mask", key=lambda masks: masks.map(order), kind="stable")
    print(table(["mask", "method", *COLUMNS.values()], quality(together)))
    names = [COLUMNS[metric] for metric in WITH_INTERVAL]
    header = ["mask", *(cell for name in names for cell in (name, "better"))]
    print(f"\nless {arguments.other}\n")
    print(table(header, paired(of_workspace(PAIRED), arguments.other)))


if __name__ == "__main__":
    with reporting("tables"):
        main()
