"""The tables of README.md, docs/ and the model's card, from figures in docs/data: `make tables`.

A table stands between two comments, which GitHub does not show:

    <!-- table: quality drawn -->
    <!-- end of table -->

The first says what is written there: a kind (table_kinds.KINDS) and what this takes. What lies
between them is replaced, and nothing else. `--keep NAME` takes the workspace's figures into
docs/data/NAME first.
"""

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from dcgan_inpainting.commands.results import keep
from dcgan_inpainting.commands.table_kinds import render
from dcgan_inpainting.common.errors import FaultError, UserError
from dcgan_inpainting.common.files import replacing
from dcgan_inpainting.process.command_line import reporting

PAGES, DATA = ("README*.md", "docs/**/*.md", "src/*/MODEL_CARD.md"), "docs/data"
BEGIN = re.compile(r"<!--\s*table:(.*)-->\s*")
END = re.compile(r"<!--\s*end of table\s*-->\s*")


@dataclass(frozen=True)
class Place:
    """Where a table stands in a page: the lines first, …, last - 1, counted from 0."""

    asked: str  # what the comment before it says
    first: int
    last: int


def places(lines: Sequence[str]) -> Iterator[Place]:
    """Yield the place of each table of a page.

    Raises:
        UserError: a comment lacks its other one.
    """
    asked, first = None, 0
    for number, line in enumerate(lines):
        begin, end = BEGIN.fullmatch(line), END.fullmatch(line)
        if begin and asked is None:
            asked, first = begin[1].strip(), number + 1
        elif end and asked is not None:
            yield Place(asked, first, number)
            asked = None
        elif end:
            raise UserError(f"line {number + 1}: <!-- end of table --> ends none")
        elif begin:
            break
    if asked is not None:
        raise UserError(f"line {first}: <!-- table: {asked} --> has no <!-- end of table -->")


def written_anew(text: str, data: Path) -> tuple[str, list[str]]:
    """Return a page with all of its tables written anew, and what asked for those that changed.

    Args:
        text: the page, in Markdown.
        data: the folder docs/data.

    Raises:
        UserError: a comment lacks its other one, or its table is not to be had.
    """
    lines = text.split("\n")
    changed: list[str] = []
    for place in reversed([*places(lines)]):
        try:
            table = render(place.asked, data)
        except UserError as error:
            message = f"line {place.first}: <!-- table: {place.asked} -->: {error}"
            raise UserError(message) from None
        if lines[place.first : place.last] != table:
            lines[place.first : place.last] = table
            changed.insert(0, place.asked)
    return "\n".join(lines), changed


def changed_pages(root: Path) -> Iterator[tuple[Path, str, list[str]]]:
    """Yield each page of a checkout whose tables are not what the data say.

    Args:
        root: of the checkout.

    Yields:
        The page, its text with the tables written anew, and what asked for those that changed.

    Raises:
        UserError: a page asks for what is not to be had.
    """
    for page in sorted(chain.from_iterable(root.glob(pages) for pages in PAGES)):
        try:
            text, changed = written_anew(page.read_text(encoding="utf-8"), root / DATA)
        except UserError as error:
            raise UserError(f"{page}: {error}") from None
        if changed:
            yield page, text, changed


def check(root: Path) -> None:
    """Hold all tables against the data.

    Raises:
        FaultError: a table is not what they say.
        UserError: a page asks for what is not to be had.
    """
    wrong = [
        f"{page}: <!-- table: {asked} -->"
        for page, _, changed in changed_pages(root)
        for asked in changed
    ]
    if wrong:
        raise FaultError(f"not what {DATA} says (make tables writes it anew): {', '.join(wrong)}")


def write(root: Path) -> None:
    """Write all tables anew, once it is certain that each is to be had.

    Raises:
        UserError: a page asks for what is not to be had.
    """
    for page, text, changed in [*changed_pages(root)]:
        with replacing(page) as temporary:
            temporary.write_text(text, encoding="utf-8")
        print(f"{page}: {', '.join(changed)}")


def main() -> None:
    """Do what the command line asks; end the process as command_line says."""
    parser = argparse.ArgumentParser(
        prog="python -m dcgan_inpainting.commands.tables",
        description=(__doc__ or "").partition("\n")[0],
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="write nothing; 1 if a table is wrong")
    what.add_argument(
        "--keep",
        nargs="+",
        metavar=("NAME", "[LABEL=]EXPERIMENT"),
        help=f"first put the workspace's figures into {DATA}/NAME, beside those of experiments",
    )
    options = parser.parse_args()
    root = Path()
    with reporting("tables"):
        if options.check:
            check(root)
            return
        if options.keep:
            name, *experiments = options.keep
            keep(root / DATA / name, experiments)
        write(root)


if __name__ == "__main__":
    main()
