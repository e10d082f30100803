"""docs/reliability.md names a test for each promise, and no test of a fault is left out."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE))


def cases_of(file: str) -> set[str]:
    return set(re.findall(r"^def (test_\w+)", (ROOT / file).read_text("utf-8"), re.MULTILINE))


def test_every_test_that_the_page_names_is_there() -> None:
    assert len(NAMED) > 20
    missing = [(file, name) for file, name in NAMED if name and name not in cases_of(file)]
    assert missing == []


def test_every_case_of_the_faults_stands_on_the_page() -> None:
    files = [
        path.relative_to(ROOT).as_posix() for path in (ROOT / "tests/faults").glob("test_*.py")
    ]
    unnamed = [
        (file, name)
        for file in files
        for name in cases_of(file)
        if not {(file, name), (file, "")} & NAMED
    ]
    assert unnamed == []
