"""The report in a real browser, from its file, without a network."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dcgan_inpainting.report.page import page
from tests.tiny_results import KINDS, build

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DESKTOP, TELEPHONE = 1400, 360
SIZE = "e => [e.getBoundingClientRect().width, e.getBoundingClientRect().height]"
# How far the right edge of what is seen of the left picture lies from its left edge, in pixels.
CUT = """stage => {
  const tile = stage.querySelectorAll(".tile")[1];
  const right = getComputedStyle(tile).clipPath.match(/inset\\(0px (.*?) 0px 0px\\)/)[1];
  const width = tile.getBoundingClientRect().width;
  const probe = document.createElement("div");
  probe.style.width = right;
  stage.append(probe);
  const hidden = probe.getBoundingClientRect().width;
  probe.remove();
  return width - hidden;
}"""


@pytest.fixture(scope="module")
def written(chromium: "Browser", tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workspace")
    build(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        text = page(datetime(2026, 3, 4))
    (folder / "report.html").write_text(text, encoding="utf-8")
    return folder / "report.html"


@pytest.fixture(params=[DESKTOP, TELEPHONE])
def seen(chromium: "Browser", written: Path, request: pytest.FixtureRequest) -> "Iterator[Page]":
    """The page in a window; it must ask for nothing but itself, and complain of nothing."""
    context = chromium.new_context(
        offline=True, viewport={"width": request.param, "height": 900}, reduced_motion="reduce"
    )
    wrong: list[str] = []
    opened = context.new_page()
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda message: wrong.append(message.text))
    opened.on("request", lambda asked: wrong.append(asked.url))
    opened.on("requestfailed", lambda asked: wrong.append(asked.url))
    opened.goto(written.as_uri())
    yield opened
    context.close()
    assert [line for line in wrong if line != written.as_uri() and line[:5] != "data:"] == []


def test_nothing_is_wider_than_the_window(seen: "Page") -> None:
    for details in seen.locator("summary").all():
        details.click()
    width = seen.viewport_size["width"]
    assert seen.evaluate("document.documentElement.scrollWidth") <= width


def test_the_keyboard_moves_the_line_and_changes_faces_and_pictures(seen: "Page") -> None:
    viewer = seen.locator(".viewer").first
    stage = viewer.locator(".stage")
    width, height = stage.evaluate(SIZE)
    assert width == height >= 192
    line = viewer.get_by_role("slider")
    assert stage.evaluate(CUT) == pytest.approx(width / 2, abs=1)
    line.focus()
    for _ in range(10):
        seen.keyboard.press("ArrowRight")
    assert stage.evaluate(CUT) == pytest.approx(0.6 * width, abs=1)
    assert line.get_attribute("aria-valuetext") == "60 % damaged, the rest latent"

    seen.keyboard.press("Tab")
    seen.keyboard.press("Home")  # of the list of pictures on the left
    assert line.get_attribute("aria-valuetext") == "60 % original, the rest latent"
    name, ours = viewer.locator("output"), viewer.get_by_role("row", name="latent").locator("td")
    for place in range(3):
        face = viewer.locator(".face").nth(place)
        assert face.get_by_role("radio").is_checked()
        assert name.inner_text() == f"{place:06d}.jpg"
        assert face.inner_text().endswith(ours.first.inner_text())  # beneath it, and in the table
        face.get_by_role("radio").focus()
        seen.keyboard.press("ArrowRight")


def test_each_picture_is_what_its_list_says(seen: "Page") -> None:
    """Seen whole and alone: the original differs from the damaged image, and each from ours."""
    viewer = seen.locator(".viewer").first
    stage = viewer.locator(".stage")
    left, _ = viewer.get_by_role("combobox").all()
    viewer.get_by_role("slider").fill("100")
    shots = {}
    for name in ("original", "damaged", "mean", "latent", "original"):
        left.select_option(name)
        shot = stage.screenshot()
        assert shots.setdefault(name, shot) == shot
    assert len(set(shots.values())) == len(shots)


def test_a_finger_on_the_picture_moves_the_line(seen: "Page") -> None:
    stage = seen.locator(".viewer").nth(len(KINDS) - 1).locator(".stage")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    assert box is not None
    seen.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + 20)
    assert stage.evaluate(CUT) == pytest.approx(0.25 * box["width"], abs=0.01 * box["width"])


def test_the_slider_goes_through_the_samples(seen: "Page") -> None:
    film = seen.locator(".film")
    pictures = film.get_by_role("img")
    assert pictures.count() == 1
    assert "4,800" in (pictures.get_attribute("alt") or "")
    film.get_by_role("slider").focus()
    seen.keyboard.press("Home")
    assert film.locator("figcaption:visible").inner_text().startswith("After 1,600 images")
    assert pictures.evaluate("image => image.naturalWidth > 0")


def test_the_focus_can_be_seen(seen: "Page") -> None:
    seen.keyboard.press("Tab")
    assert seen.locator(":focus").inner_text() == "To the results"
    for selector in (".skip", "select", "nav a"):
        seen.locator(selector).first.focus()
        seen.keyboard.press("Shift")  # from now on the keyboard is at work
        assert seen.locator(":focus").evaluate("e => getComputedStyle(e).outlineStyle") == "solid"


def test_the_page_follows_the_system_s_colours(seen: "Page") -> None:
    levels = {}
    for scheme in ("light", "dark"):
        seen.emulate_media(color_scheme=scheme)
        levels[scheme] = [
            seen.locator(selector).first.evaluate(
                f"e => Number(getComputedStyle(e).{style}.match(/[0-9]+/)[0])"
            )
            for selector, style in (("body", "backgroundColor"), (".charts text", "fill"))
        ]
    assert levels["light"][0] > 200 > 100 > levels["light"][1]
    assert levels["dark"][0] < 100 < 200 < levels["dark"][1]
