"""Pictures of `make page` for the docs, with its example.

    make page                                                           # in one terminal
    PYTHONPATH=src python -m tests.browser.page_screenshots docs/images  # in another

writes page.png and page_telephone.png.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import requests
from playwright.sync_api import Browser

from dcgan_inpainting.page.example import CRACKS
from tests.browser.painting import DESKTOP, TELEPHONE, Painter, painter
from tests.browser.pictures import chromium, save_window

COLOURS = 250
# The tear, as one stroke of a brush that is 14 pixels wide.
TORN = [(144, 114), (134, 118), (151, 122), (129, 127), (155, 131), (127, 136), (156, 141),
        (130, 147), (150, 152), (134, 151)]  # fmt: skip


def take(browser: Browser, server: str, folder: Path) -> None:
    """Write the pictures of a server's page to a folder."""
    with painter(browser, server, DESKTOP) as seen:
        paint(seen, server, lambda points: seen.stroke(*points))
        seen.page.check("[name=candidates][value='3']")
        seen.restored()
        seen.page.fill("#split", "36")
        write(seen, folder / "page.png")
    touching = {"has_touch": True, "is_mobile": True, "device_scale_factor": 1.5}
    with painter(browser, server, TELEPHONE, color_scheme="dark", **touching) as seen:
        paint(seen, server, lambda points: seen.touch(*[[seen.on_screen(*at)] for at in points]))
        seen.page.mouse.wheel(0, 130)
        write(seen, folder / "page_telephone.png")


def paint(seen: Painter, server: str, stroke: Callable[[Sequence[tuple[int, int]]], None]) -> None:
    """Take the example, and paint over what is missing of it."""
    seen.page.click("#first-example")
    seen.wait_for_photograph(requests.get(f"{server}/api/example", timeout=60).content)
    seen.page.fill("#size", "14")
    stroke(TORN)
    seen.page.fill("#size", "9")
    for crack in CRACKS:
        stroke(crack)


def write(seen: Painter, path: Path) -> None:
    """Write what the window shows."""
    seen.settle()
    save_window(seen.page, path, colours=COLOURS)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where to write them")
    parser.add_argument("--server", default="http://127.0.0.1:5002", help="the page's address")
    asked = parser.parse_args()
    with chromium() as browser:
        take(browser, asked.server.rstrip("/"), asked.folder)
