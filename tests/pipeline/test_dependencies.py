"""The rooms that a stage imports are those that dvc.yaml names; and what may import what."""

import ast
import configparser
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

from dcgan_inpainting.check.consistency import SECTIONS
from dcgan_inpainting.encoder.params import EncoderParams
from dcgan_inpainting.networks.architecture import Architecture
from dcgan_inpainting.tracking.model_files import REQUIREMENTS
from tests.pipeline.checkout import ROOT

SRC = ROOT / "src"
PACKAGE = SRC / "dcgan_inpainting"
MODULES = sorted(PACKAGE.rglob("*.py"))

# They note what happens and change no output: a change of theirs must not retrain anything.
EXEMPT = set((PACKAGE / "tracking").glob("*.py"))

# MLflow itself runs this file where a model is used; nothing imports it but what saves a model.
MODEL = PACKAGE / "tracking" / "inpainter.py"

STAGES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "dvc.yaml").read_text("utf-8"))["stages"]

WORK = [name for name in STAGES if name != "record"]


def imported(file: Path) -> Iterator[str]:
    """Yield the full names of the modules that a file imports anywhere, also in functions.

    Of `from a import b` both a and a.b, since b may be a module.
    """
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative imports are not understood here"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def top_levels(file: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(file)}


def closure(*scripts: Path) -> set[Path]:
    """Return the project's modules that scripts need, themselves included, the exempt ones not."""
    found: set[Path] = set()
    waiting = list(scripts)
    while waiting:
        file = waiting.pop()
        if file in found or file in EXEMPT:
            continue
        found.add(file)
        for name in imported(file):
            for base in (ROOT, SRC):  # stages, and the package
                module = base.joinpath(*name.split(".")).with_suffix(".py")
                if module.is_file():
                    waiting.append(module)
    return found


def script_of(stage: dict[str, Any]) -> Path:
    words = stage["cmd"].split()
    assert words[:2] == ["python", "-m"]
    return ROOT.joinpath(*words[2].split(".")).with_suffix(".py")


def test_every_script_is_a_stage() -> None:
    scripts = [script_of(stage) for stage in STAGES.values()]
    assert sorted(scripts) == sorted(set(ROOT.glob("stages/*.py")) - {ROOT / "stages/__init__.py"})


@pytest.mark.parametrize("script", sorted(ROOT.glob("stages/*.py")), ids=lambda path: path.stem)
def test_a_script_parses_calls_and_writes_and_no_more(script: Path) -> None:
    """Whatever it needs more room for belongs into a room of the package (docs/architecture.md)."""
    assert len(script.read_text(encoding="utf-8").splitlines()) <= 60


def rooms(modules: set[Path]) -> set[str]:
    """Return the folders of the package that modules lie in, as dvc.yaml names them."""
    inside = (file.relative_to(PACKAGE) for file in modules if file.is_relative_to(PACKAGE))
    return {f"src/dcgan_inpainting/{file.parts[0]}" for file in inside}


def code(stage: dict[str, Any]) -> list[str]:
    """Return what of a stage's dependencies is code."""
    return [dep for dep in stage["deps"] if dep.split("/")[0] in ("src", "stages")]


@pytest.mark.parametrize("name", [name for name in WORK if name != "check"])
def test_a_stage_depends_on_its_script_and_the_rooms_that_it_imports(name: str) -> None:
    scripts = {"stages/__init__.py", f"stages/{name}.py"}
    needed = closure(*(ROOT / script for script in scripts))
    # Lists, so that what is listed twice is noticed.
    assert sorted(code(STAGES[name])) == sorted(scripts | rooms(needed))
    assert f"src/dcgan_inpainting/{name}" in code(STAGES[name])  # the room of its name


def test_whatever_code_changes_settings_are_checked_and_the_row_is_completed() -> None:
    """Neither costs anything: the output of `check` never changes, and `record` has none.

    When any other stage has run, the row that its run stands in wants completing: so `record`
    depends on all code, parameters and results that the others depend on.
    """
    record = STAGES["record"]
    assert "outs" not in record  # it would be taken from the cache
    assert code(STAGES["check"]) == [
        "stages/__init__.py",
        "stages/check.py",
        "src/dcgan_inpainting",
    ]
    assert code(record) == ["stages", "src/dcgan_inpainting"]
    assert record["params"] == list(SECTIONS)
    read = {"data/cropped/train.npy", "data/cropped/${masks.split}.npy", "data/masks", "models"}
    assert read | {"data/inpainted", "reports/metrics.json", "reports/restored"} <= set(
        record["deps"]
    )


@pytest.mark.parametrize("name", [name for name in WORK if name != "check"])
def test_a_stage_has_its_own_section_of_the_parameters_if_any(name: str) -> None:
    params = STAGES[name].get("params", [])
    assert [key for key in params if "." not in key] == ([name] if name in SECTIONS else [])
    for section, key in (key.split(".") for key in params if "." in key):  # of others, single ones
        assert section != name
        assert key in SECTIONS[section].model_fields


def test_the_u_net_depends_on_all_settings_that_it_shares() -> None:
    of_encoder = set(EncoderParams.model_fields) - {"images", "feature_weight", "latent_weight"}
    of_train = set(Architecture.model_fields) - {"image_size"}
    shared = {f"encoder.{key}" for key in of_encoder} | {f"train.{key}" for key in of_train}
    assert set(STAGES["unet"]["params"]) == {"unet", *shared}


def test_importing_a_package_runs_nothing() -> None:
    for file in PACKAGE.rglob("__init__.py"):
        body = ast.parse(file.read_text("utf-8")).body
        assert all(isinstance(node, ast.Expr) for node in body), file  # a docstring at most
    folders = {file.parent for file in MODULES}
    assert {folder for folder in folders if (folder / "__init__.py").is_file()} == folders


def test_everything_can_be_imported_without_mlflow() -> None:
    names = [
        ".".join(file.relative_to(SRC).with_suffix("").parts)
        for file in MODULES
        if file.name != "__init__.py" and file != MODEL
    ]
    program = f"""
import importlib, sys
sys.modules["mlflow"] = None  # importing it is an error
for name in {names}:
    importlib.import_module(name)
assert "dvc" not in sys.modules
"""
    environment = os.environ | {"PYTHONPATH": str(SRC)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_importing_everything_asks_no_other_machine(tmp_path: Path) -> None:
    stages = sorted(ROOT.glob("stages/*.py"))
    files = [(file, SRC) for file in MODULES] + [(file, ROOT) for file in stages]
    names = [
        ".".join(file.relative_to(base).with_suffix("").parts)
        for file, base in files
        if file.name != "__init__.py"
    ]
    program = f"""
import importlib, mlflow, dvc.cli
from loopback import attempts
for name in {names}:
    importlib.import_module(name)
assert attempts == [], attempts
"""
    path = os.pathsep.join(map(str, (ROOT / "tests" / "loopback", SRC, ROOT)))
    command = [sys.executable, "-c", program]
    environment = os.environ | {"PYTHONPATH": path}
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_nothing_is_told_of_those_who_use_it() -> None:
    """DVC's analytics and its look for new versions; MLflow's are off in tracking.location."""
    config = configparser.ConfigParser()
    config.read(ROOT / ".dvc" / "config")
    assert config["core"]["analytics"] == config["core"]["check_update"] == "false"


def test_a_served_model_requires_exactly_what_its_code_imports() -> None:
    files = {MODEL}
    for name in imported(MODEL):
        module = SRC.joinpath(*name.split(".")).with_suffix(".py")
        if module.is_file():
            files |= closure(module) | {module}
    needed = set().union(*map(top_levels, files)) - sys.stdlib_module_names - {"dcgan_inpainting"}
    packages = metadata.packages_distributions()
    # MLflow's package comes in several distributions; the whole of it holds the server.
    owners = {name: {owner.lower() for owner in packages[name]} for name in needed}
    assert all(owner & set(REQUIREMENTS) for owner in owners.values()), owners
    assert set(REQUIREMENTS) <= set().union(*owners.values())
