"""Pictures of `make page` for the docs, with the example that it draws itself.

    make page                                             # in one terminal
    python -m tests.browser.page_screenshots docs/images  # in another

writes page.png and page_telephone.png.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import requests
from playwright.sync_api import Browser

from tests.browser.painting import DESKTOP, TELEPHONE, Painter, painter
from tests.browser.pictures import chromium, save_window

COLOURS = 96
TEAR = [(446, 566), (502, 540), (564, 578), (456, 588), (550, 600), (462, 612), (546, 622),
        (478, 634), (540, 646), (484, 658), (550, 664), (478, 676), (520, 672)]  # fmt: skip
CRACKS = [
    [(86, 292), (208, 376), (288, 392), (352, 460), (386, 486)],
    [(568, 580), (636, 544), (680, 564), (734, 518)],
]


def take(browser: Browser, server: str, folder: Path) -> None:
    """Write the pictures of a server's page to a folder."""
    with painter(browser, server, DESKTOP) as seen:
        paint(seen, server, lambda points: seen.stroke(*points))
        seen.page.check("[name=candidates][value='3']")
        seen.restored()
        seen.page.fill("#split", "58")
        write(seen, folder / "page.png")
    touching = {"has_touch": True, "is_mobile": True, "device_scale_factor": 1.5}
    with painter(browser, server, TELEPHONE, color_scheme="dark", **touching) as seen:
        paint(seen, server, lambda points: seen.touch(*[[seen.on_screen(*at)] for at in points]))
        seen.page.mouse.wheel(0, 130)
        write(seen, folder / "page_telephone.png")


def paint(seen: Painter, server: str, stroke: Callable[[list[tuple[int, int]]], None]) -> None:
    """Take the example, and paint over what is missing of it."""
    seen.page.click("#first-example")
    seen.wait_for_photograph(requests.get(f"{server}/api/example", timeout=60).content)
    seen.page.fill("#size", "44")
    stroke(TEAR)
    seen.page.fill("#size", "16")
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
