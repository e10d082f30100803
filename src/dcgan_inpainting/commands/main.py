"""The console command `dcgan-inpainting`: what a user runs, by name."""

import argparse
import importlib
import sys
from collections.abc import Mapping, Sequence

from dcgan_inpainting.process.command_line import begin
from dcgan_inpainting.process.cores import take_share

NAME = "dcgan-inpainting"

# Each the module of its name below, whose `main` takes the words that follow, and a summary.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "restore": ("restore", "restore the damaged faces of your own photographs"),
    "page": ("page", "paint the hole of a photograph in a browser, and watch it being filled"),
    "report": ("report", "write all results as one page, reports/report.html"),
    "preset": ("presets", "write a preset into params.yaml"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that the first word names; end the process as command_line says."""
    begin()
    take_share()  # before anything imports PyTorch or NumPy
    words = sys.argv[1:] if arguments is None else list(arguments)
    parser = argparse.ArgumentParser(prog=NAME, description="Restore missing parts of faces.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (_, summary) in COMMANDS.items():
        commands.add_parser(name, help=summary, add_help=False)
    chosen = COMMANDS[parser.parse_args(words[:1]).command][0]
    importlib.import_module(f"dcgan_inpainting.commands.{chosen}").main(words[1:])
