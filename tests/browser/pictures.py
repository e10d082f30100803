"""Pictures of pages for the docs, taken by a Chromium that no test shares."""

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import FLAGS


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the system's Chromium, and end it."""
    path = shutil.which("chromium")
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=path, args=FLAGS) as browser,
    ):
        yield browser


def save_window(page: Page, path: Path, *, colours: int) -> None:
    """Write what a window shows, in so few colours that the file is small."""
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        # kmeans moves them to where a page's own are not lost.
        picture.convert("RGB").quantize(colours, kmeans=4).save(path, optimize=True)
