"""What each stage imports is what dvc.yaml says that it depends on; and what may import what."""

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
from checkout import ROOT

from dcgan_inpainting.params import section_of
from dcgan_inpainting.tracking.model_files import REQUIREMENTS, WEIGHTS

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


def closure(script: Path) -> set[Path]:
    """Return the project's modules that a script needs, itself included, the exempt ones not."""
    found: set[Path] = set()
    waiting = [script]
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


@pytest.mark.parametrize("name", WORK)
def test_a_stage_depends_on_exactly_the_modules_that_it_imports(name: str) -> None:
    listed = [dep for dep in STAGES[name]["deps"] if dep.endswith(".py")]
    needed = closure(script_of(STAGES[name])) | closure(ROOT / "stages/__init__.py")
    # Lists, so that a module that is listed twice is noticed.
    assert sorted(listed) == sorted(file.relative_to(ROOT).as_posix() for file in needed)


def test_the_row_of_an_experiment_is_completed_whenever_any_other_stage_has_run() -> None:
    """So `record` depends on all code, parameters and results that the others depend on."""
    record = STAGES["record"]
    assert "outs" not in record  # it would be taken from the cache
    modules = {dep for name in WORK for dep in STAGES[name]["deps"] if dep.endswith(".py")}
    listed = [dep for dep in record["deps"] if dep.endswith(".py")]
    assert sorted(listed) == sorted(modules | {"stages/record.py"})
    sections = {section for name in WORK for section in STAGES[name].get("params", [])}
    assert set(record["params"]) == sections
    results = {dep for dep in record["deps"] if not dep.endswith(".py")}
    read = {"data/cropped/train.npy", "data/cropped/${masks.split}.npy", "data/masks"}
    read |= {f"models/{name}" for name in WEIGHTS}
    assert read | {"data/inpainted", "reports/metrics.json", "reports/restored"} <= results


@pytest.mark.parametrize("name", [name for name in WORK if name != "check"])
def test_a_stage_has_its_own_section_of_the_parameters(name: str) -> None:
    assert STAGES[name]["params"] == [section_of(name)]


def test_importing_a_package_runs_nothing() -> None:
    """So no stage depends on it; stages/__init__.py does something, and is listed."""
    for file in PACKAGE.rglob("__init__.py"):
        assert file.read_text("utf-8").strip() == ""
    folders = {file.parent for file in MODULES}
    assert {folder for folder in folders if (folder / "__init__.py").is_file()} == folders


def test_only_the_seam_imports_mlflow() -> None:
    importers = {file for file in MODULES if "mlflow" in top_levels(file)}
    assert importers
    assert importers <= EXEMPT


def test_the_package_imports_neither_dvc_nor_stages() -> None:
    assert [file for file in MODULES if top_levels(file) & {"dvc", "stages"}] == []


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
