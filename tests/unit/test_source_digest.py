"""The digest of the source: on modules of a made-up checkout, and once on the real package."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from dcgan_inpainting import source_digest
from dcgan_inpainting.source_digest import digest_of_code

PACKAGE = Path(source_digest.__file__).parent

# name in sys.modules → its file in the checkout
MODULES = {
    "dcgan_inpainting": "src/dcgan_inpainting/__init__.py",
    "dcgan_inpainting.source_digest": "src/dcgan_inpainting/source_digest.py",
    "dcgan_inpainting.networks": "src/dcgan_inpainting/networks.py",
    "dcgan_inpainting.faces.hair": "src/dcgan_inpainting/faces/hair.py",
    "dcgan_inpainting.tracking.runs": "src/dcgan_inpainting/tracking/runs.py",
    "stages": "stages/__init__.py",
    "__main__": "stages/train.py",
    "elsewhere": "elsewhere.py",
}


def write(checkout: Path) -> None:
    for name, place in MODULES.items():
        file = checkout / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"# {name}\n")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A checkout whose modules are imported."""
    write(tmp_path)
    place(tmp_path, monkeypatch)
    return tmp_path


def place(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the modules be imported from this checkout."""
    own = checkout / MODULES["dcgan_inpainting.source_digest"]
    monkeypatch.setattr(source_digest, "__file__", str(own))
    for name, file in MODULES.items():
        module = ModuleType(name)
        module.__file__ = str(checkout / file)
        monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("dcgan_inpainting", True),
        ("dcgan_inpainting.networks", True),
        ("dcgan_inpainting.faces.hair", True),
        ("stages", True),
        ("__main__", True),
        ("dcgan_inpainting.tracking.runs", False),
        ("elsewhere", False),
    ],
)
def test_each_imported_module_of_the_project_counts(
    checkout: Path, name: str, counts: bool
) -> None:
    before = digest_of_code()
    assert digest_of_code() == before
    (checkout / MODULES[name]).write_text("# another\n")
    assert (digest_of_code() != before) == counts


def test_what_is_not_imported_does_not_count(checkout: Path) -> None:
    before = digest_of_code()
    (checkout / "src/dcgan_inpainting/losses.py").write_text("# new\n")
    (checkout / "stages/inpaint.py").write_text("# new\n")
    assert digest_of_code() == before


def test_names_count_as_well_as_contents(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest_of_code()
    module = sys.modules["dcgan_inpainting.networks"]
    file = checkout / MODULES["dcgan_inpainting.networks"]
    monkeypatch.setattr(module, "__file__", str(file.rename(file.with_name("nets.py"))))
    assert digest_of_code() != before


def test_swapped_contents_are_another_code(checkout: Path) -> None:
    before = digest_of_code()
    files = [checkout / MODULES[name] for name in ("dcgan_inpainting.networks", "stages")]
    texts = [file.read_text() for file in files]
    for file, text in zip(files, reversed(texts), strict=True):
        file.write_text(text)
    assert digest_of_code() != before


@pytest.mark.parametrize(
    ("left_out", "counts"),
    [
        ("dcgan_inpainting.faces", False),
        ("dcgan_inpainting.faces.hair", False),
        ("dcgan_inpainting.face", True),
        ("stages.train", True),
    ],
)
def test_what_is_left_out_does_not_count(checkout: Path, left_out: str, counts: bool) -> None:
    before = digest_of_code(leave_out=[left_out])
    (checkout / MODULES["dcgan_inpainting.faces.hair"]).write_text("# another\n")
    assert (digest_of_code(leave_out=[left_out]) != before) == counts


def test_the_script_is_left_out_by_its_full_name(checkout: Path) -> None:
    before = digest_of_code(leave_out=["stages.train"])
    (checkout / MODULES["__main__"]).write_text("# another\n")
    assert digest_of_code(leave_out=["stages.train"]) == before


def test_a_script_counts_the_same_whether_it_runs_or_is_imported(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest_of_code()
    monkeypatch.setitem(sys.modules, "stages.train", sys.modules["__main__"])
    assert digest_of_code() == before


def test_it_is_the_same_wherever_the_checkout_lies(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = digest_of_code()
    other = tmp_path_factory.mktemp("other")
    write(other)
    place(other, monkeypatch)
    assert digest_of_code() == before


def test_real_processes_agree_wherever_they_run_and_whatever_is_compiled(tmp_path: Path) -> None:
    script = (
        "from dcgan_inpainting import cores, source_digest\nprint(source_digest.digest_of_code())\n"
    )
    digests = []
    for place in ("here", "there/below"):
        checkout = tmp_path / place
        shutil.copytree(
            PACKAGE,
            checkout / "src/dcgan_inpainting",
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        (checkout / "stages").mkdir()
        (checkout / "stages/__init__.py").touch()
        (checkout / "stages/train.py").write_text(script)
        for _ in range(2):  # the second finds what the first compiled
            done = subprocess.run(
                [sys.executable, "-m", "stages.train"],
                cwd=checkout,
                env=os.environ
                | {"PYTHONPATH": str(checkout / "src"), "PYTHONDONTWRITEBYTECODE": ""},
                capture_output=True,
                text=True,
                check=True,
            )
            digests.append(done.stdout)
        assert list(checkout.rglob("cores.*.pyc"))
    assert len(digests) == 4
    assert len(set(digests)) == 1
