"""Presets and sweeps, as DVC takes and writes them."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from dvc.utils.hydra import apply_overrides

from dcgan_inpainting.check.consistency import SECTIONS
from dcgan_inpainting.commands.presets import read_preset
from dcgan_inpainting.common.settings import check_all, load_params
from tests.pipeline.checkout import ROOT, Checkout

PRESETS = sorted(file.stem for file in (ROOT / "presets").glob("*.txt"))


@pytest.mark.parametrize("preset", PRESETS)
def test_dvc_takes_every_preset_and_its_values_are_allowed(
    bare: Checkout, tmp_path: Path, preset: str
) -> None:
    params = Path(shutil.copy(bare.path / "params.yaml", tmp_path))
    defaults = load_params(params)
    apply_overrides(params, read_preset(preset, bare.path / "presets"))
    check_all(SECTIONS, params)
    assert load_params(params) != defaults
    assert "# stage train: the DCGAN" in params.read_text()  # comments stay


def test_queued_snapshots_hold_what_was_asked_for(
    bare: Checkout, copied: Callable[[Checkout], Checkout], tmp_path: Path
) -> None:
    checkout = copied(bare)
    queue = ["dvc", "exp", "run", "--queue"]
    preset = read_preset("article", checkout.path / "presets")
    options = [part for override in preset for part in ("-S", override)]
    checkout.run(*queue, *options, "-S", "train.epochs=3")
    checkout.run(*queue, "-S", "train.learning_rate=1e-5,0.0002", "-S", "train.ema_decay=0")
    stash = "refs/exps/celery/stash"
    listed = checkout.run("git", "log", "--walk-reflogs", "--format=%H", stash).stdout.split()
    assert len(listed) == 3
    defaults = load_params(bare.path / "params.yaml")
    width = defaults["train"]["width"]
    found = []
    for commit in listed:
        params = tmp_path / f"{commit}.yaml"
        params.write_text(checkout.run("git", "show", f"{commit}:params.yaml").stdout)
        check_all(SECTIONS, params)
        train = load_params(params)["train"]
        found.append((train["learning_rate"], train["epochs"], train["width"]))
    assert set(found) == {(1e-5, None, width), (0.0002, None, width), (0.0002, 3, 64)}
    assert load_params(checkout.path / "params.yaml") == defaults


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make on this machine")
def test_make_writes_a_preset_and_runs_it(bare: Checkout) -> None:
    shown = bare.run("make", "-n", "repro", "PRESET=article").stdout
    assert 'python -m dcgan_inpainting.commands.presets "article"\ndvc exp run\n' in shown
    assert "commands.repro\n" not in shown
    shown = bare.run("make", "-n", "repro").stdout
    assert "python -m dcgan_inpainting.commands.repro\n" in shown
    assert "dvc exp run" not in shown
    # A name that is a target, too, is but a name here.
    shown = bare.run("make", "-n", "preset", "smoke").stdout
    assert "python -m dcgan_inpainting.commands.presets smoke\n" in shown
    assert "dcgan_inpainting.commands.environment\n" in shown
    assert "mktemp" not in shown


def test_no_command_that_is_shown_names_a_queued_experiment() -> None:
    """Of two queued experiments with one name DVC keeps one, and both say Success."""
    files = [ROOT / "README.md", ROOT / "Makefile", *(ROOT / "docs").glob("*.md")]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    commands = re.findall(r"dvc exp run .*", text)
    assert any("--queue" in command for command in commands)
    assert not [command for command in commands if re.search(r" (-n|--name)\b", command)]
