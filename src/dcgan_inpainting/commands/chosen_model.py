"""Which networks a command restores with: its option --model."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from dcgan_inpainting.restore.choices import CELEBA, MODELS
from dcgan_inpainting.tracking.registered import SCHEME, networks_of

# PyTorch takes seconds to import, and whoever asks for --help has no need of it.
if TYPE_CHECKING:
    from dcgan_inpainting.restore.model import Model


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add --model to a command's options."""
    parser.add_argument(
        "--model",
        default=CELEBA,
        help=f"trained networks: {CELEBA} (real faces, comes with the project; the default), "
        f"{MODELS} (those of `make repro`) or another folder, or {SCHEME}NAME@ALIAS",
    )


def load(model: str) -> "Model":
    """Return what --model names.

    Raises:
        UserError: it is not there, or a file of it is damaged.
    """
    from dcgan_inpainting.restore.model import Model

    if not model.startswith(SCHEME):
        return Model.load(model)
    with networks_of(model, Path.cwd()) as folder:
        return Model.load(folder)
