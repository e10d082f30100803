"""The tables of docs/results.md: `python -m benchmarks.tables [NAME…]`.

The quality of each method on each kind of mask, with 95 % intervals, and how much better the
workspace's own method is than a baseline, image by image. The methods of further experiments of
DVC's (NAME), such as one of `yeh`, stand in rows of the first table.
"""

import argparse
from collections.abc import Iterator

import pandas as pd

from benchmarks.results import of_revision, of_workspace
from dcgan_inpainting.evaluate.metrics import METRICS, PAIRED
from dcgan_inpainting.evaluate.trials import OTHERS
from dcgan_inpainting.process.command_line import reporting

QUALITY, DIFFERENCES = "reports/quality.csv", "reports/paired.csv"
LEFT_OUT = "l1"  # that of the hole says it
OF_HOLES = [name for name in METRICS if name.startswith("hole_")]
COLUMNS = [*OF_HOLES, *(name for name in METRICS if name not in (*OF_HOLES, LEFT_OUT))]


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
                text = METRICS[metric].text(row[metric])
                if metric in PAIRED:
                    text += f" ± {METRICS[metric].text(row[f'{metric}_ci95'])}"
                    best = row[metric] == methods[metric].max()
                    text = f"**{text}**" if best else text
                cells.append(text)
            yield [str(mask) if place == 0 else "", row.method, *cells]


def paired(figures: pd.DataFrame, other: str) -> Iterator[list[str]]:
    """Yield a row for each mask: how much better than the other method, and how often."""
    for mask, metrics in figures[figures.other == other].groupby("mask", sort=False):
        by_metric = metrics.set_index("metric").to_dict("index")
        cells = []
        for metric in PAIRED:
            row = by_metric[metric]
            cells.append(METRICS[metric].gain(row["difference"], row["ci95"]))
            cells.append(f"{row['better']:.0%}".replace("%", " %"))
        yield [str(mask), *cells]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="experiment or commit")
    parser.add_argument("--other", default="biharmonic", choices=OTHERS, help="to compare with")
    arguments = parser.parse_args()
    own = of_workspace(QUALITY)
    further = [of_revision(name, QUALITY) for name in arguments.names]
    others = [figures[~figures.method.isin(OTHERS)] for figures in further]
    baselines = own.method.isin(OTHERS)
    together = pd.concat([own[baselines], *others, own[~baselines]])
    order = {mask: place for place, mask in enumerate(own["mask"].unique())}
    together = together[together["mask"].isin(order)]
    together = together.sort_values("mask", key=lambda masks: masks.map(order), kind="stable")
    print(table(["mask", "method", *(METRICS[name].label for name in COLUMNS)], quality(together)))
    names = [METRICS[metric].label for metric in PAIRED]
    header = ["mask", *(cell for name in names for cell in (name, "better"))]
    print(f"\nless {arguments.other}\n")
    print(table(header, paired(of_workspace(DIFFERENCES), arguments.other)))


if __name__ == "__main__":
    with reporting("tables"):
        main()
