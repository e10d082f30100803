"""Writing matplotlib figures without a screen."""

from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from dcgan_inpainting.common.files import writing


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as a PNG without matplotlib's version in it: equal plots, equal files."""
    FigureCanvasAgg(figure)
    with writing(path):
        figure.savefig(path, dpi=110, metadata={"Software": None})
