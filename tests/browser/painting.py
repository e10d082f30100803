"""The page on which holes are painted, as a person sees and uses it in Chromium."""

import io
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Download, Page

MARGIN, BAR = 16, 64  # as view.js has them
PATIENCE = 60_000  # milliseconds; a busy machine takes seconds for what takes none
DESKTOP, TELEPHONE = (1400, 900), (390, 844)

Point = tuple[float, float]

PIXEL = """([x, y]) => {
    const canvas = document.getElementById("view");
    const context = canvas.getContext("2d");
    return [...context.getImageData(x * devicePixelRatio, y * devicePixelRatio, 1, 1).data];
}"""
DROP = """([bytes, name, event]) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(bytes)], name));
    const options = { dataTransfer: data, clipboardData: data, bubbles: true, cancelable: true };
    const kind = event === "drop" ? DragEvent : ClipboardEvent;
    document.body.dispatchEvent(new kind(event, options));
}"""


@dataclass
class Painter:
    """A window with the page, and a person's hands."""

    page: "Page"
    shape: tuple[int, int] = (0, 0)  # of the photograph: width and height
    wrong: list[str] = field(default_factory=list)  # what the page asked elsewhere, and its errors

    def choose(self, data: bytes, name: str) -> None:
        """Choose a photograph's file, and wait until it is shown."""
        file = {"name": name, "mimeType": "", "buffer": data}
        self.page.set_input_files("#file", files=[file])
        self.wait_for_photograph(data)

    def wait_for_photograph(self, data: bytes) -> None:
        with Image.open(io.BytesIO(data)) as picture:
            self.shape = picture.size
        size = f"{self.shape[0]}×{self.shape[1]} pixels"
        self.page.locator("#name").filter(has_text=size).wait_for()
        self.settle()

    def until(self, expression: str) -> None:
        """Wait until an expression is true. (Playwright's own way is against the page's policy.)"""
        deadline = time.monotonic() + PATIENCE / 1000
        while not self.page.evaluate(expression):
            assert time.monotonic() < deadline, expression
            self.page.wait_for_timeout(20)

    def settle(self) -> None:
        """Wait until what was asked for is drawn."""
        frame = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        self.page.evaluate(frame)

    def on_canvas(self, x: float, y: float) -> Point:
        """Return where a place of the photograph is on the canvas, if the whole is shown."""
        box = self.page.locator("#view").bounding_box()
        assert box is not None
        (width, height), across = self.shape, box["width"] - 2 * MARGIN
        scale = min(across / width, (box["height"] - MARGIN - BAR) / height, 3)
        left = (box["width"] - scale * width) / 2
        top = MARGIN + (box["height"] - MARGIN - BAR - scale * height) / 2
        return left + scale * x, top + scale * y

    def on_screen(self, x: float, y: float) -> Point:
        """Return where a place of the photograph is in the window."""
        box = self.page.locator("#view").bounding_box()
        assert box is not None
        column, row = self.on_canvas(x, y)
        return box["x"] + column, box["y"] + row

    def stroke(self, *points: Point, steps: int = 5) -> None:
        """Paint from place to place of the photograph, with the mouse."""
        mouse = self.page.mouse
        mouse.move(*self.on_screen(*points[0]))
        mouse.down()
        for point in points[1:]:
            mouse.move(*self.on_screen(*point), steps=steps)
        mouse.up()

    def click(self, x: float, y: float) -> None:
        """Click on a place of the photograph."""
        self.page.mouse.click(*self.on_screen(x, y))

    def touch(self, *moments: Sequence[Point]) -> None:
        """Put fingers on the window, move them from moment to moment, and lift them."""
        session = self.page.context.new_cdp_session(self.page)

        def send(kind: str, points: Sequence[Point]) -> None:
            fingers = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

        send("touchStart", moments[0])
        for points in moments[1:]:
            kind = "touchStart" if len(points) > len(moments[0]) else "touchMove"
            send(kind, points)
        send("touchEnd", [])
        session.detach()

    def pixel(self, x: float, y: float) -> tuple[int, ...]:
        """Return the colour that a place of the photograph is shown in."""
        self.settle()
        found: list[int] = self.page.evaluate(PIXEL, list(self.on_canvas(x, y)))
        return tuple(found[:3])

    def mask(self) -> np.ndarray:
        """Save the mask; return it, True where something is missing."""
        levels = np.asarray(Image.open(io.BytesIO(self.saved("#save-mask")[1])).convert("RGB"))
        assert set(np.unique(levels)) <= {0, 255}
        missing: np.ndarray = levels[..., 0] == 255
        return missing

    def saved(self, button: str) -> tuple[str, bytes]:
        """Click on what saves a file; return the file's name and what it holds."""
        with self.page.expect_download() as waiting:
            self.page.click(button)
        download: Download = waiting.value
        return download.suggested_filename, download.path().read_bytes()

    def drop(self, data: bytes, name: str, event: str) -> None:
        """Drop or paste a file."""
        self.page.evaluate(DROP, [list(data), name, event])

    def restored(self) -> None:
        """Click on Restore, and wait for the answers."""
        self.page.click("#restore")
        self.wait_for_answers()

    def wait_for_answers(self) -> None:
        self.page.locator("#compared").wait_for()
        self.page.locator("#progress").wait_for(state="hidden")
        self.settle()


@contextmanager
def painter(browser: "Browser", address: str, size: Point, **options: Any) -> Iterator[Painter]:
    """Give a window with the page; see that nothing in it went wrong, or to another machine."""
    width, height = size
    context = browser.new_context(
        viewport={"width": int(width), "height": int(height)}, accept_downloads=True, **options
    )
    context.set_default_timeout(PATIENCE)
    seen = Painter(context.new_page())

    def hear(request: Any) -> None:
        if not request.url.startswith((address, "blob:")):
            seen.wrong.append(request.url)

    context.on("request", hear)
    seen.page.on("pageerror", lambda error: seen.wrong.append(str(error)))
    seen.page.on("console", lambda said: said.type == "error" and seen.wrong.append(said.text))
    seen.page.goto(address)
    seen.until("document.getElementById('method').options.length > 1")
    yield seen
    context.close()
    assert seen.wrong == []
