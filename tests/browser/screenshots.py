"""Pictures of MLflow's pages for the docs, of any server that runs.

    make ui                                                         # in one terminal
    PYTHONPATH=src python -m tests.browser.screenshots docs/images  # in another

writes ui_table.png, ui_charts.png and ui_faces.png. Faces in them are those of the store: only
drawn ones may enter the repository.
"""

import argparse
import os
from pathlib import Path

from playwright.sync_api import Browser

from dcgan_inpainting.tracking.location import StoreLocation
from dcgan_inpainting.tracking.store import Store
from dcgan_inpainting.tracking.view import EXPERIMENTS, FIRST, Contents, pages
from tests.browser.pictures import chromium, save_window
from tests.browser.runs_page import RunsPage, runs_page

WIDTH = 1600
COLOURS = 256


def take(browser: Browser, server: str, folder: Path, chosen: list[str]) -> None:
    """Write the three pictures.

    Args:
        browser: Chromium.
        server: address of MLflow's server.
        folder: where to.
        chosen: names of the two experiments whose faces are shown; by default the one with the
            lowest and the one with the highest PSNR.
    """
    os.environ["MLFLOW_TRACKING_URI"] = server
    store = Store(StoreLocation.of(Path.cwd()))
    runs = store.find(EXPERIMENTS)
    count, masks = len(runs), len(Contents.of(runs).masks)
    measured = [run for run in runs if f"{FIRST}/mean" in run.data.metrics]
    measured.sort(key=lambda run: run.data.metrics[f"{FIRST}/mean"])
    chosen = chosen or [measured[0].info.run_name, measured[-1].info.run_name]
    table, _, faces = (f"{server}/{page.fragment}" for page in pages(store))

    with runs_page(browser, WIDTH, 400 + 32 * count) as seen:
        seen.open(table, count)
        seen.close_assistant()
        seen.table([f"metrics.`{FIRST}/mean`"])
        _write(seen, folder / "ui_table.png")
    with runs_page(browser, WIDTH, 1400) as seen:
        seen.open(table, count)
        seen.close_assistant()
        seen.draw_charts()
        seen.bars(f"{FIRST}/mean", min(len(measured), 10))
        _write(seen, folder / "ui_charts.png")
    with runs_page(browser, WIDTH, 1400) as seen:
        seen.open(faces, count)
        seen.close_assistant()
        for name in chosen:
            seen.toggle(name)
        seen.pictures(masks * len(chosen))
        _write(seen, folder / "ui_faces.png")


def _write(seen: RunsPage, path: Path) -> None:
    seen.page.mouse.move(0, 0)  # what lies under the mouse has another colour
    seen.page.wait_for_timeout(3000)  # charts move into place
    save_window(seen.page, path, colours=COLOURS)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="where to write them")
    parser.add_argument("--server", default="http://127.0.0.1:5000", help="MLflow's address")
    parser.add_argument("--faces", nargs=2, default=[], metavar="NAME", help="two experiments")
    asked = parser.parse_args()
    with chromium() as browser:
        take(browser, asked.server.rstrip("/"), asked.folder, asked.faces)
