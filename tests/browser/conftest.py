"""The browser that the tests share: the system's Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module", autouse=True)  # before the fixtures that take long
def chromium() -> "Iterator[Browser]":
    """A running Chromium. Where there is none, the test is skipped and says so in capitals."""
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="NOT TESTED IN A BROWSER: playwright is not installed"
    )
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("NOT TESTED IN A BROWSER: there is no chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
