"""Pack trained networks to be given away: `… -m dcgan_inpainting.commands.pack --output FOLDER`.

The folder is all that `restore --model FOLDER` needs, in float16, which is half as large and
restores the same but for a hundredth of a decibel.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.files import write_text
from dcgan_inpainting.networks.architecture import ARCHITECTURE
from dcgan_inpainting.process.command_line import reporting
from dcgan_inpainting.restore.choices import MODELS, SETTINGS, folder_of


def main(arguments: Sequence[str] | None = None) -> None:
    """Pack what the command line names; end the process as command_line says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--output", type=Path, required=True, help="folder to write to")
    parser.add_argument("--model", default=MODELS, help=f"folder of networks; default: {MODELS}")
    options = parser.parse_args(arguments)
    with reporting("pack"):
        size = pack(folder_of(options.model), options.output)
        print(f"{options.output}: {size / 1e6:.1f} MB")


def pack(models: Path, folder: Path) -> int:
    """Write the networks and the settings of a folder into another; return how many bytes it is.

    Raises:
        UserError: there is no model, one of its files is missing or damaged, or both folders are
            the same.
        OSError: it could not be written.
    """
    from dcgan_inpainting.networks.dcgan import Discriminator, Generator
    from dcgan_inpainting.networks.unet import ENCODER, UNet
    from dcgan_inpainting.networks.weights import (
        DISCRIMINATOR,
        GENERATOR,
        load_network,
        save_weights,
    )
    from dcgan_inpainting.restore.model import Model

    if folder.resolve() == models.resolve():
        raise UserError(f"{folder} holds the networks themselves: name another folder to write to")
    model = Model.load(models)
    folder.mkdir(parents=True, exist_ok=True)
    model.generator.architecture.save(folder / ARCHITECTURE)
    write_text(folder / SETTINGS, model.params.model_dump_json(indent=2) + "\n")
    for kind, name in ((Generator, GENERATOR), (Discriminator, DISCRIMINATOR), (UNet, ENCODER)):
        save_weights(load_network(kind, models, name), folder / name, half=True)
    return sum(path.stat().st_size for path in folder.iterdir())


if __name__ == "__main__":
    main()
