"""The commands that the README and docs show."""

import re
from pathlib import Path

from tests.pipeline.checkout import ROOT

PAGES = ROOT / "README.md", ROOT / "README.zh-CN.md"
FILES = (*PAGES, *sorted((ROOT / "docs").rglob("*.md")))

FENCED = re.compile(r"^```(sh|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?<=\n\n)((?: {4}.*\n)+)")
# What an indented block that is no table and no piece of Python begins with.
PROGRAMS = r"(\w+=\S* )*(make|dvc|git|python|pip|pytest|torchrun|uv|echo|curl)\b|\w+='"


def commands(file: Path) -> list[str]:
    """Return the commands of a page, in their order; a comment that follows one is left out."""
    text = file.read_text(encoding="utf-8")
    blocks = [(block.start(), block[1], block[2]) for block in FENCED.finditer(text)]
    for block in INDENTED.finditer(text):
        lines = "".join(line[4:] for line in block[1].splitlines(keepends=True))
        if re.match(PROGRAMS, lines) and not inside(block.start(), text):
            blocks.append((block.start(), "sh", lines))
    found = []
    for _, kind, block in sorted(blocks):
        lines = re.sub(r"\\\n\s*", "", block).splitlines()
        if kind == "console":
            lines = [line[2:] for line in lines if line.startswith("$ ")]
        lines = [re.sub(r"(^|\s+)#(\s|!|SBATCH).*", "", line).strip() for line in lines]
        found += [line for line in lines if line]
    return found


def inside(place: int, text: str) -> bool:
    """Whether a place of a page is within a fenced block."""
    return text.count("\n```", 0, place) % 2 == 1
