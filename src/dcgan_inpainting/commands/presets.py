"""Presets: plain text files of overrides, one `section.key=value` a line.

`dcgan-inpainting preset NAME`, or `make preset NAME`, writes one into params.yaml: over the
committed values, so that it does not come on top of another, and with the committed comments.
"""

import argparse
import io
import re
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.common.files import replacing
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
    if not folder.is_dir():
        raise UserError(f"there are no {folder} here: run this from the project's top folder")
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
        # The docs put them on a command line, where a blank would part them.
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


def write_preset(name: str) -> int:
    """Write a preset into params.yaml; return how many of the committed values it changes.

    Raises:
        UserError: the preset can't be applied, or `start_afresh` refuses.
    """
    overrides = read_preset(name)
    start_afresh()
    committed = load_params()
    wanted = applied(overrides, committed)
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 1000  # lines are as long as they were
    null = "tag:yaml.org,2002:null"
    yaml.representer.add_representer(
        type(None), lambda representer, _: representer.represent_scalar(null, "null")
    )
    document, changed = yaml.load(PARAMS_FILE.read_text(encoding="utf-8")), 0
    for section, values in wanted.items():
        for key, value in values.items():
            if value != committed[section][key]:
                document[section][key] = value
                changed += 1
    text = io.StringIO()
    yaml.dump(document, text)
    with replacing(PARAMS_FILE) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")
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
    """Write the preset that the command line names; end the process as command_line says."""
    parser = argparse.ArgumentParser(
        prog="dcgan-inpainting preset",
        description="Write a preset into params.yaml, over the committed values.",
    )
    parser.add_argument("name", nargs="?", default="", help="without one, those that there are")
    options = parser.parse_args(arguments)
    with reporting("preset"):
        changed = write_preset(options.name)
        print(
            f"{PARAMS_FILE}: preset {options.name}, {changed} values other than the committed. "
            f"`dvc exp run` runs it, `git checkout HEAD {PARAMS_FILE}` undoes it."
        )


if __name__ == "__main__":
    main()
