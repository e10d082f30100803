"""The digest of the source: on modules of a made-up checkout, and once on the real package."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from dcgan_inpainting.running import source_digest
from dcgan_inpainting.running.source_digest import LEFT_OUT, digest_of_code

PACKAGE = Path(source_digest.__file__).parent.parent

# name in sys.modules → its file in the checkout
MODULES = {
    "dcgan_inpainting": "src/dcgan_inpainting/__init__.py",
    "dcgan_inpainting.running.source_digest": "src/dcgan_inpainting/running/source_digest.py",
    "dcgan_inpainting.masks": "src/dcgan_inpainting/masks/__init__.py",
    "dcgan_inpainting.masks.kinds": "src/dcgan_inpainting/masks/kinds.py",
    "dcgan_inpainting.download.drawn_faces.hair": (
        "src/dcgan_inpainting/download/drawn_faces/hair.py"
    ),
    **{
        f"dcgan_inpainting.{room}.module": f"src/dcgan_inpainting/{room}/module.py"
        for room in LEFT_OUT
    },
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
    own = checkout / MODULES["dcgan_inpainting.running.source_digest"]
    monkeypatch.setattr(source_digest, "__file__", str(own))
    for name, file in MODULES.items():
        module = ModuleType(name)
        module.__file__ = str(checkout / file)
        monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("dcgan_inpainting", True),
        ("dcgan_inpainting.masks", True),
        ("dcgan_inpainting.masks.kinds", True),
        ("dcgan_inpainting.download.drawn_faces.hair", True),
        *((f"dcgan_inpainting.{room}.module", False) for room in LEFT_OUT),
        ("stages", False),
        ("__main__", False),
        ("elsewhere", False),
    ],
)
def test_each_imported_module_of_the_rooms_that_make_results_counts(
    checkout: Path, name: str, counts: bool
) -> None:
    before = digest_of_code()
    assert digest_of_code() == before
    (checkout / MODULES[name]).write_text("# another\n")
    assert (digest_of_code() != before) == counts


def test_the_rooms_that_are_left_out_are_there() -> None:
    assert [room for room in LEFT_OUT if not (PACKAGE / room / "__init__.py").is_file()] == []


def test_what_is_not_imported_does_not_count(checkout: Path) -> None:
    before = digest_of_code()
    (checkout / "src/dcgan_inpainting/masks/new.py").write_text("# new\n")
    assert digest_of_code() == before


def test_names_count_as_well_as_contents(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest_of_code()
    module = sys.modules["dcgan_inpainting.masks.kinds"]
    file = checkout / MODULES["dcgan_inpainting.masks.kinds"]
    monkeypatch.setattr(module, "__file__", str(file.rename(file.with_name("shapes.py"))))
    assert digest_of_code() != before


def test_swapped_contents_are_another_code(checkout: Path) -> None:
    before = digest_of_code()
    names = ("dcgan_inpainting.masks.kinds", "dcgan_inpainting.download.drawn_faces.hair")
    files = [checkout / MODULES[name] for name in names]
    texts = [file.read_text() for file in files]
    for file, text in zip(files, reversed(texts), strict=True):
        file.write_text(text)
    assert digest_of_code() != before


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
        "from dcgan_inpainting.common import errors\n"
        "from dcgan_inpainting.running import source_digest\n"
        "print(source_digest.digest_of_code())\n"
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
        assert list(checkout.rglob("errors.*.pyc"))
    assert len(digests) == 4
    assert len(set(digests)) == 1
