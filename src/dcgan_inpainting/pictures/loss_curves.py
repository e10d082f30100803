"""The loss curves of a training: as a table, and as a picture."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from dcgan_inpainting.pictures.figures import save_figure

GENERATOR_COLOUR = "#d62728"
DISCRIMINATOR_COLOUR = "#1f77b4"


def plot_losses(curves: Path, path: Path) -> None:
    """Draw the loss curves, G red and D blue as in the article, and D's mean answers below them.

    Args:
        curves: a CSV with the columns images, g_loss, d_loss, d_real and d_fake.
        path: the PNG to write.
    """
    table = pd.read_csv(curves)
    figure = Figure(figsize=(8, 6), layout="constrained")
    losses, answers = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    losses.plot(table.images, table.g_loss, color=GENERATOR_COLOUR, label="generator (G)")
    losses.plot(table.images, table.d_loss, color=DISCRIMINATOR_COLOUR, label="discriminator (D)")
    losses.set(ylabel="loss")
    losses.set_title("Training of the DCGAN", loc="left")
    if table.g_loss.min() >= 0:  # always, but for the hinge loss
        losses.set_ylim(bottom=0)
    answers.plot(table.images, table.d_real, color="black", label="D(x), real images")
    answers.plot(table.images, table.d_fake, color="grey", label="D(G(z)), generated images")
    answers.set(xlabel="images seen", ylabel="D's mean answer", ylim=(0, 1))
    for axes in (losses, answers):
        axes.grid(alpha=0.3)
        # Above the axes, where it hides no curve.
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)
    save_figure(figure, path)
