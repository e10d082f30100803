"""Presets: plain text files of overrides, one `section.key=value` a line.

`python -m dcgan_inpainting.presets NAME` prints a preset as the options of `dvc exp run`.
"""

import sys
from pathlib import Path

from dcgan_inpainting.errors import UserError

FOLDER = Path("presets")


def read_preset(name: str, folder: Path = FOLDER) -> list[str]:
    """Return a preset's overrides, in their order; empty lines and comments (#) are left out.

    Raises:
        UserError: there is no such preset, or a line is not an override.
    """
    path = folder / f"{name}.txt"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.txt")))
        raise UserError(f"there is no preset '{name}' in {folder} (there are: {known})")
    lines = [line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
    overrides = [line for line in lines if line]
    for override in overrides:
        if "=" not in override:
            raise UserError(f"{path}: '{override}' is not of the form section.key=value")
    return overrides


if __name__ == "__main__":
    try:
        # Unquoted: make puts this on a command line, where quotes of ours would be taken literally.
        print(" ".join(f"-S {override}" for override in read_preset(sys.argv[1])))
    except UserError as error:
        sys.exit(f"error: {error}")
