"""Presets: plain text files of overrides, one `section.key=value` a line.

`python -m dcgan_inpainting.commands.presets NAME` prints a preset as the options of `dvc exp run`,
which changes params.yaml as it stands. With `--afresh`, as make has it, params.yaml is first put
back to the committed one, so that a preset does not come on top of another.
"""

import argparse
import re
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.settings import PARAMS_FILE, load_params, load_yaml, parse_params
from dcgan_inpainting.process.command_line import reporting

FOLDER = Path("presets")


def preset_names(folder: Path = FOLDER) -> list[str]:
    """Return the names of the presets that there are."""
    return sorted(file.stem for file in folder.glob("*.txt"))


def read_preset(name: str, folder: Path = FOLDER) -> list[str]:
    """Return a preset's overrides, in their order; empty lines and comments (#) are left out.

    Raises:
        UserError: there is no such preset, or a line is not an override.
    """
    path = folder / f"{name}.txt"
    known = preset_names(folder)
    if not name:
        raise UserError(f"name one of the presets: {', '.join(known)}")
    if name not in known:
        raise UserError(f"there is no preset '{name}' in {folder} (there are: {', '.join(known)})")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{path} is no text in UTF-8") from None
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    overrides = [line for line in lines if line]
    for override in overrides:
        # make puts them on a command line, where a blank would part them.
        if not re.fullmatch(r"\w+\.\w+=\S*", override):
            raise UserError(
                f"{path}: '{override}' is not of the form section.key=value, without blanks"
            )
    return overrides


def applied(overrides: Iterable[str], document: dict[str, Any]) -> dict[str, Any]:
    """Return parameters with overrides applied, as `dvc exp run -S` does it.

    Raises:
        UserError: an override names a key that there is not, or its value is not YAML.
    """
    changed = {section: dict(keys) for section, keys in document.items() if isinstance(keys, dict)}
    for override in overrides:
        place, text = override.split("=", 1)
        section, key = place.split(".")
        if key not in changed.get(section, {}):
            raise UserError(f"the preset sets {place}, which is not in {PARAMS_FILE}")
        try:
            changed[section][key] = load_yaml(text)
        except UserError as error:
            raise UserError(f"the preset sets {place} to what is {error}") from None
    return changed


def start_afresh() -> None:
    """Put params.yaml back to the committed one where a preset is all by which it differs.

    Raises:
        UserError: there is no committed one, or the file has other changes, which would be lost.
    """
    committed = parse_params(_git("show", f"HEAD:./{PARAMS_FILE}"), f"the committed {PARAMS_FILE}")
    present = load_params()
    if present == committed:
        return
    if not any(present == applied(read_preset(name), committed) for name in preset_names()):
        raise UserError(
            f"{PARAMS_FILE} has changes of your own, and a preset starts from the committed one: "
            f"commit them, or drop them (git checkout HEAD {PARAMS_FILE}), and ask again"
        )
    _git("checkout", "--quiet", "HEAD", "--", str(PARAMS_FILE))


def _git(*arguments: str) -> bytes:
    done = subprocess.run(["git", *arguments], capture_output=True, check=False)
    if done.returncode:
        reason = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise UserError(f"a preset starts from the committed {PARAMS_FILE}, but git says: {reason}")
    return done.stdout


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the preset that the command line names; end the process as command_line says."""
    parser = argparse.ArgumentParser(
        prog="dcgan-inpainting preset", description="Print a preset as options of `dvc exp run`."
    )
    parser.add_argument("name", nargs="?", default="", help="without one, those that there are")
    parser.add_argument(
        "--afresh", action="store_true", help="put params.yaml back to the committed one first"
    )
    options = parser.parse_args(arguments)
    with reporting("presets"):
        chosen = read_preset(options.name)
        if options.afresh:
            start_afresh()
        applied(chosen, load_params())
        # Unquoted: quotes of ours would be taken literally on make's command line.
        print(" ".join(f"-S {override}" for override in chosen))


if __name__ == "__main__":
    main()
