"""The presets: how they are read, and that the project's own are valid."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dcgan_inpainting.consistency import SECTIONS
from dcgan_inpainting.errors import UserError
from dcgan_inpainting.params import load_params, load_yaml
from dcgan_inpainting.presets import read_preset

ROOT = Path(__file__).parents[2]
PRESETS = ROOT / "presets"


def test_comments_and_empty_lines_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text(
        "# a comment\n\n  train.width=8  # why\nmasks.kinds=[center,half]\ntrain.width=9\n",
        encoding="utf-8",
    )
    overrides = ["train.width=8", "masks.kinds=[center,half]", "train.width=9"]
    assert read_preset("mine", tmp_path) == overrides


def test_an_unknown_preset_names_those_there_are(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.txt").write_text("")
    with pytest.raises(UserError, match=r"no preset 'c' in .*\(there are: a, b\)"):
        read_preset("c", tmp_path)


def test_a_line_that_sets_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("train.width 8\n")
    with pytest.raises(UserError, match=r"mine\.txt: 'train\.width 8' is not of the form"):
        read_preset("mine", tmp_path)


@pytest.mark.parametrize("preset", sorted(file.stem for file in PRESETS.glob("*.txt")))
def test_every_preset_sets_known_keys_to_valid_values(preset: str) -> None:
    document = load_params(ROOT / "params.yaml")
    touched = set()
    for override in read_preset(preset, PRESETS):
        place, text = override.split("=", 1)
        section, key = place.split(".")
        assert key in document[section]
        assert place not in touched
        touched.add(place)
        document[section][key] = load_yaml(text)
    for section, model in SECTIONS.items():
        model.model_validate(document[section])
    assert touched


def run(name: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dcgan_inpainting.presets", name],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_as_a_command_it_prints_dvc_s_options() -> None:
    done = run("article")
    words = done.stdout.split()
    assert done.returncode == 0
    assert words[::2] == ["-S"] * (len(words) // 2)
    assert words[1::2] == read_preset("article", PRESETS)


def test_as_a_command_it_refuses_in_one_line() -> None:
    done = run("articel")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: there is no preset 'articel'")
    assert "article" in done.stderr
    assert done.stderr.count("\n") == 1
