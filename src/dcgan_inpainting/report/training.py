"""How the networks learned: curves, and pictures on the way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import color_sequences
from matplotlib.colors import to_hex
from PIL import Image

from dcgan_inpainting.common.errors import DamagedError
from dcgan_inpainting.evaluate.reports import read_table
from dcgan_inpainting.feedforward.methods import FEEDFORWARD
from dcgan_inpainting.pictures.loss_curves import DISCRIMINATOR_COLOUR, GENERATOR_COLOUR
from dcgan_inpainting.pictures.quality import method_colours
from dcgan_inpainting.report.charts import FOREGROUND, Chart, curves
from dcgan_inpainting.report.faces import data_uri
from dcgan_inpainting.report.tables import read_columns

GREY = "#8c8c8c"
SAMPLES = 12  # pictures of a training at most


@dataclass(frozen=True)
class Sample:
    """What the generator made of the same z at one time of its training."""

    images: str  # seen until then
    text: str  # how good it was
    picture: str  # a data URI
    size: int  # width in pixels


def dcgan_charts(folder: Path) -> list[Chart]:
    """Return the curves of the DCGAN's training.

    Args:
        folder: reports/train.

    Raises:
        DamagedError: a file is missing or damaged.
    """
    names = ("g_loss", "d_loss", "d_real", "d_fake", "g_grad_norm", "d_grad_norm")
    losses = read_columns(folder / "losses.csv", ["images", *names]).set_index("images")
    seen = _validations(folder)
    both = {"generator (G)": GENERATOR_COLOUR, "discriminator (D)": DISCRIMINATOR_COLOUR}
    answers = {"D(x), real": FOREGROUND, "D(G(z)), generated": GREY}
    distance = {"generated": GENERATOR_COLOUR, "real faces (floor)": GREY}
    reconstruction = {"reconstruction": GENERATOR_COLOUR}

    def some(table: pd.DataFrame, columns: Sequence[str], labels: Sequence[str]) -> pd.DataFrame:
        return table[list(columns)].set_axis(list(labels), axis=1)

    return [
        curves("Losses", some(losses, names[:2], [*both]), both, digits=2),
        curves("Mean answers of D", some(losses, names[2:4], [*answers]), answers, digits=2),
        curves("Norm of the gradients", some(losses, names[4:], [*both]), both, digits=1, log=True),
        curves("Sliced Wasserstein (SWD)",
               some(seen, ("swd", "swd_floor"), [*distance]), distance, digits=1),
        curves("Reconstruction, PSNR [dB]",
               some(seen, ("reconstruction_psnr",), [*reconstruction]), reconstruction, digits=2),
    ]  # fmt: skip


def filling_charts(reports: Path) -> list[Chart]:
    """Return the curves of the networks that learned to fill holes, those that there are.

    Args:
        reports: the folder of all reports.

    Raises:
        DamagedError: a file is damaged, or there are none.
    """
    progress, trials = {}, {}
    for name in FEEDFORWARD:
        if not (reports / name / "training.csv").is_file():
            continue
        table = read_columns(reports / name / "training.csv", ["images", "psnr"])
        if table.empty:  # a training of no images
            continue
        progress[name] = table.set_index("images")["psnr"]
        path = reports / name / "validation.csv"
        tried = read_columns(path, ["step", "images", *read_table(path)])
        trials[name] = tried.set_index("images").drop(columns="step")
    if not progress:
        raise DamagedError(reports / next(iter(FEEDFORWARD)) / "training.csv", "holds no training")
    colours = method_colours(progress)
    means = pd.DataFrame({name: table.mean(axis=1) for name, table in trials.items()})
    return [
        curves("Hole PSNR in training [dB]", pd.DataFrame(progress), colours, digits=2),
        curves("Hole PSNR, validation [dB]", means, colours, digits=2),
        *(
            curves(f"{name}, validation by kind [dB]", table, _of_kinds(table), digits=2)
            for name, table in trials.items()
        ),
    ]


def _of_kinds(table: pd.DataFrame) -> dict[str, str]:
    palette = cycle(map(to_hex, color_sequences["tab10"]))
    return dict(zip(map(str, table.columns), palette, strict=False))


def samples(folder: Path) -> list[Sample]:
    """Return what the generator made as its training went on, of many pictures some.

    Args:
        folder: reports/train.

    Raises:
        DamagedError: a file is missing or damaged.
    """
    seen = _validations(folder).reset_index().set_index("step")
    paths = [folder / "samples" / f"{int(step):07d}.png" for step in seen.index]
    places = np.unique(np.linspace(0, len(paths) - 1, SAMPLES).round().astype(int))
    return [*_samples(seen, paths, [*places])]


def _samples(seen: pd.DataFrame, paths: Sequence[Path], places: Sequence[int]) -> Iterator[Sample]:
    for place in places:
        row = seen.iloc[place]
        try:
            with Image.open(paths[place]) as file:
                picture = np.asarray(file.convert("RGB"))
        except FileNotFoundError:
            raise DamagedError(paths[place], "is missing") from None
        except (OSError, ValueError) as error:
            raise DamagedError(paths[place], f"is no picture ({error})") from None
        text = f"SWD {row.swd:.1f}, reconstruction {row.reconstruction_psnr:.2f} dB"
        yield Sample(f"{row.images:,.0f}", text, data_uri(picture), picture.shape[1])


def _validations(folder: Path) -> pd.DataFrame:
    columns = ["step", "images", "swd", "swd_floor", "reconstruction_psnr"]
    return read_columns(folder / "validation.csv", columns).set_index("images")
