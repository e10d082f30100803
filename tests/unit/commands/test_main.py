"""The console command: its subcommands, and its forms without an installation."""

import os
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from dcgan_inpainting.commands import environment
from dcgan_inpainting.commands.main import COMMANDS, NAME

ROOT = Path(__file__).parents[3]


def test_each_command_is_a_module_with_a_main() -> None:
    for module, _ in COMMANDS.values():
        assert callable(import_module(f"dcgan_inpainting.commands.{module}").main)


def test_the_package_declares_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    module, _, function = project["scripts"][NAME].partition(":")
    assert callable(getattr(import_module(module), function))


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A checkout whose environment has the script that the set-up writes."""
    folder = tmp_path / "a checkout" / ".venv" / "bin"
    folder.mkdir(parents=True)
    (folder.parents[1] / "src").symlink_to(ROOT / "src")
    (folder / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (folder / NAME).write_text(environment.SCRIPT, encoding="utf-8")
    for file in folder.iterdir():
        file.chmod(0o755)
    return folder / NAME


def ended(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    foreign = ("PYTHONPATH", "PYTHONWARNINGS")
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    return subprocess.run(words, cwd=ROOT, env=kept, capture_output=True, text=True, check=False)


@pytest.mark.skipif(os.name == "nt", reason="a shell's script")
def test_the_script_of_the_set_up_works_from_anywhere(script: Path) -> None:
    done = ended(script, "preset", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Write a preset into params.yaml" in done.stdout
    done = ended(script, "preset")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("preset: error: name one of the presets: article, celeba")


def test_without_a_script_the_folder_runs_and_lists_what_there_is() -> None:
    done = ended(sys.executable, "src/dcgan_inpainting", "--help")
    assert done.returncode == 0
    assert all(name in done.stdout for name in COMMANDS)
    done = ended(sys.executable, "src/dcgan_inpainting", "restor")
    assert done.returncode == 2
    assert "invalid choice: 'restor'" in done.stderr
