"""The page on which holes are painted, in Chromium, with real strokes."""

import base64
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from dcgan_inpainting.download.drawn_faces.draw import draw_face
from dcgan_inpainting.restore import photo
from dcgan_inpainting.restore.face import frame_of
from dcgan_inpainting.restore.model import Model
from tests.browser.painting import DESKTOP, TELEPHONE, Painter, painter
from tests.page_server import page_server, tiny_models

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SIZE = (356, 436)  # of a drawn face, twice as large
BOX = (96.0, 120.0, 164.0, 214.0)  # around it
MOUTH = ((150.0, 270.0), (210.0, 270.0))
EYES = ((138.0, 222.0), (216.0, 222.0))


@dataclass
class Held:
    """A model whose search stops at its middle for as long as the gate is closed."""

    model: Model
    gate: threading.Event = field(default_factory=threading.Event)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def fill(self, images: Any, known: Any, *, on_step: Any, **asked: Any) -> Any:
        def watched(share: float, squares: Any) -> None:
            on_step(share, squares)
            if share > 0.5:
                assert self.gate.wait(60)

        return self.model.fill(images, known, on_step=watched, **asked)


@dataclass
class Served:
    address: str
    held: Held


@pytest.fixture(scope="module")
def served(chromium: "Browser", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    held = Held(Model.load(tiny_models(tmp_path_factory.mktemp("workspace"))))
    with page_server(held) as address:
        yield Served(address, held)


@pytest.fixture(autouse=True)
def open_gate_and_a_face(served: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let searches run to their ends, and the drawn face be found."""
    monkeypatch.setattr(photo, "find_frames", lambda image, hole, side: [frame_of(BOX, side)])
    served.held.gate.set()
    yield
    served.held.gate.set()


@pytest.fixture
def seen(chromium: "Browser", served: Served) -> Iterator[Painter]:
    with painter(chromium, served.address, DESKTOP) as found:
        yield found


def portrait(form: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    face = Image.fromarray(draw_face(0, 0)).resize(SIZE, Image.Resampling.BICUBIC)
    face.save(buffer, form, **options)
    return buffer.getvalue()


def pixels(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture)


def test_a_painted_hole_is_restored_and_nothing_else_changes(seen: Painter) -> None:
    data = portrait()
    seen.choose(data, "An Ü.png")
    seen.stroke(*MOUTH)
    hole = seen.mask()
    assert hole[270, 150:210].all()
    assert 0.005 < hole.mean() < 0.1
    seen.restored()
    name, restored = seen.saved("#download")
    assert name == "An Ü-restored.png"
    before, after = pixels(data), pixels(restored)
    assert np.array_equal(after[~hole], before[~hole])
    assert (after[hole] != before[hole]).any(1).mean() > 0.9
    # What is seen is what was saved; the slider brings back what was there before.
    assert near(seen.pixel(180.5, 270.5), after[270, 180])
    seen.page.fill("#split", "100")
    assert near(seen.pixel(180.5, 270.5), before[270, 180])
    seen.page.fill("#split", "50")
    assert near(seen.pixel(160.5, 270.5), before[270, 160])
    assert near(seen.pixel(200.5, 270.5), after[270, 200])
    # The line in the photograph can be dragged too, which paints nothing.
    seen.stroke((180.5, 100), (160, 100))
    assert near(seen.pixel(170.5, 270.5), after[270, 170])
    assert np.array_equal(seen.mask(), hole)
    assert "32 pixels are stretched" in seen.page.inner_text("#facts")
    assert seen.page.is_hidden("#png-label")


def near(one: tuple[int, ...], other: np.ndarray) -> bool:
    """Whether two colours are alike, as far as a photograph that is shown smaller can tell."""
    return bool(np.abs(np.array(one) - other[:3]).max() <= 40)


def test_strokes_are_taken_back_erased_inverted_and_cleared(seen: Painter) -> None:
    seen.choose(portrait(), "a.png")
    page = seen.page
    assert page.is_disabled("#undo")
    assert page.is_disabled("#redo")
    seen.stroke(*MOUTH)
    first = seen.mask()
    seen.page.keyboard.press("]")
    seen.stroke((100, 100), (150, 120), (120, 160))
    second = seen.mask()
    assert (second & ~first).sum() > first.sum()
    page.keyboard.press("Control+z")
    assert np.array_equal(seen.mask(), first)
    page.keyboard.press("Control+Shift+Z")
    assert np.array_equal(seen.mask(), second)
    page.keyboard.press("e")
    seen.stroke((100, 100), (150, 120), (120, 160))
    erased = seen.mask()
    assert (erased & ~first).sum() <= 4  # of its rim
    page.click("#invert")
    assert np.array_equal(seen.mask(), ~erased)
    page.click("#undo")
    assert np.array_equal(seen.mask(), erased)
    page.click("#clear")
    assert not seen.mask().any()
    for _ in range(4):
        page.click("#undo")
    assert not seen.mask().any()
    assert page.is_disabled("#undo")
    for _ in range(2):
        page.click("#redo")
    assert np.array_equal(seen.mask(), second)
    page.keyboard.press("b")
    seen.stroke((300, 50), (310, 50))
    assert page.is_disabled("#redo")


def test_the_brush_is_as_wide_as_it_says(seen: Painter) -> None:
    seen.choose(portrait(), "a.png")
    seen.page.fill("#size", "40")
    assert "40 px" in seen.page.inner_text("#painting")
    seen.stroke((100, 200), (200, 200))
    hole = seen.mask()
    assert hole[:, 150].sum() == pytest.approx(40, abs=1)
    seen.page.keyboard.press("[")
    assert seen.page.input_value("#size") == "32"
    seen.page.fill("#size", "1")
    seen.page.keyboard.press("]")
    assert seen.page.input_value("#size") == "2"


def test_what_is_painted_lies_where_it_is_seen_also_zoomed_and_moved(seen: Painter) -> None:
    seen.choose(portrait(), "a.png")
    seen.page.fill("#size", "6")
    x, y = seen.on_screen(180, 270)
    seen.page.mouse.move(x, y)
    seen.page.mouse.wheel(0, -1000)  # e^1.5 times as large, about the pointer
    seen.page.mouse.click(x, y)
    assert centre(seen.mask()) == pytest.approx((179.5, 269.5), abs=1)
    seen.page.mouse.move(x, y)
    seen.page.keyboard.down("Space")  # the focus is on the button that saved the mask
    seen.page.mouse.down()
    seen.page.mouse.move(x + 90, y - 60, steps=3)
    seen.page.mouse.up()
    seen.page.keyboard.up("Space")
    assert centre(seen.mask()) == pytest.approx((179.5, 269.5), abs=1)  # nothing was painted
    seen.page.keyboard.press("Control+z")
    seen.page.mouse.click(x + 90, y - 60)
    assert centre(seen.mask()) == pytest.approx((179.5, 269.5), abs=1)
    seen.page.keyboard.press("Control+z")
    seen.page.keyboard.press("0")
    seen.click(180, 270)
    assert centre(seen.mask()) == pytest.approx((179.5, 269.5), abs=1)


def centre(hole: np.ndarray) -> tuple[float, float]:
    rows, columns = np.nonzero(hole)
    return float(columns.mean()), float(rows.mean())


def test_a_saved_mask_is_loaded_again_as_it_was(seen: Painter) -> None:
    seen.choose(portrait(), "a.jpg.png")
    seen.stroke((100, 100), (150, 120), (120, 160))
    name, mask = seen.saved("#save-mask")
    assert name == "a.jpg-mask.png"
    hole = seen.mask()
    seen.page.click("#clear")
    file = {"name": name, "mimeType": "image/png", "buffer": mask}
    seen.page.set_input_files("#mask-file", files=[file])
    seen.page.locator("#undo:enabled").wait_for()
    seen.until("document.getElementById('mask-file').value === ''")
    assert np.array_equal(seen.mask(), hole)
    small = io.BytesIO()
    Image.new("L", (10, 20), 255).save(small, "PNG")
    message = seen.page.locator("#message")
    seen.page.set_input_files("#mask-file", files=[{**file, "buffer": small.getvalue()}])
    message.filter(has_text="10×20 pixels, and the photograph 356×436").wait_for()
    seen.page.set_input_files("#mask-file", files=[{**file, "buffer": b"words"}])
    message.filter(has_text="can't be read as a picture").wait_for()
    assert np.array_equal(seen.mask(), hole)


def test_the_search_is_watched_and_cancelled(seen: Painter, served: Served) -> None:
    data = portrait()
    seen.choose(data, "a.png")
    seen.stroke(*MOUTH)
    painted = seen.pixel(180.5, 270.5)
    served.held.gate.clear()
    seen.page.check("[name=candidates][value='3']")
    seen.page.click("#restore")
    seen.until("document.getElementById('share').value > 0.5")
    assert seen.page.inner_text("#stage") == "Searching"
    assert seen.page.get_by_role("button", name="Answer").count() == 3
    watched = seen.pixel(180.5, 270.5)
    assert watched != painted
    assert not near(watched, pixels(data)[270, 180]) or watched != seen.pixel(180.5, 200.5)
    seen.stroke((50, 50), (100, 50))  # no stroke while the search is on
    seen.page.keyboard.press("Escape")
    seen.page.locator("#progress").wait_for(state="hidden")
    assert seen.pixel(180.5, 270.5) == painted
    assert seen.page.is_hidden("#answers")
    assert seen.page.is_hidden("#message")
    served.held.gate.set()
    seen.restored()
    names = set()
    for number in (1, 2, 3):
        seen.page.click(f"[aria-label='Answer {number}']")
        names.add(seen.saved("#download"))
    assert {name for name, _ in names} == {f"a-restored-{number}.png" for number in (1, 2, 3)}
    assert len({data for _, data in names}) > 1
    assert not seen.mask()[50, 50:100].any()


def test_answers_are_shown_small_by_what_surrounds_the_face(
    seen: Painter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo, "refined", lambda frame, *others: frame)
    seen.choose(portrait(), "a.png")
    seen.stroke(*MOUTH)
    seen.page.check("[name=candidates][value='3']")
    seen.restored()
    frame = frame_of(BOX, 32)
    x, y, half = frame.centre.real + 0.5, frame.centre.imag + 0.5, 1.3 * frame.width / 2
    around = (x - half, y - half, x + half, y + half)
    smalls = []
    for number in (1, 2, 3):
        canvas = seen.page.locator(f"[aria-label='Answer {number}'] canvas")
        data = canvas.evaluate("one => one.toDataURL().split(',')[1]")
        smalls.append(pixels(base64.b64decode(data))[..., :3].astype(float))
        seen.page.click(f"[aria-label='Answer {number}']")
        with Image.open(io.BytesIO(seen.saved("#download")[1])) as whole:
            wanted = whole.convert("RGB").resize((160, 160), box=around)
        assert np.abs(smalls[-1] - np.asarray(wanted)).mean() < 1
    assert (smalls[0] != smalls[1]).any()


def test_a_second_person_waits_and_is_told_so(
    seen: Painter, served: Served, chromium: "Browser"
) -> None:
    served.held.gate.clear()
    with painter(chromium, served.address, DESKTOP) as other:
        for one in (seen, other):
            one.choose(portrait(), "a.png")
            one.stroke(*MOUTH)
        seen.page.click("#restore")
        seen.until("document.getElementById('share').value > 0.5")
        other.page.click("#restore")
        other.page.get_by_text("Waiting for 1 before you").wait_for()
        served.held.gate.set()
        seen.wait_for_answers()
        other.wait_for_answers()


def test_without_a_face_two_clicks_say_where_it_is(
    seen: Painter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo, "find_frames", lambda image, hole, side: [])
    seen.choose(portrait(), "a.png")
    seen.stroke(*MOUTH)
    seen.page.click("#restore")
    seen.page.get_by_text("No face is found. Click on both eyes.").wait_for()
    for eye in EYES[::-1]:
        seen.click(*eye)
    seen.wait_for_answers()
    # The eyes lie 22.2 of 64 pixels apart in the networks' square.
    width = round((EYES[1][0] - EYES[0][0]) / 22.2 * 64)
    said = int(seen.page.inner_text("#facts").split(" pixels wide")[0].split()[-1])
    assert said == pytest.approx(width, abs=3)
    assert seen.mask()[222].sum() == 0  # the clicks painted nothing


def test_the_original_is_seen_while_tab_or_its_button_is_held(seen: Painter) -> None:
    data = portrait()
    seen.choose(data, "a.png")
    seen.stroke(*MOUTH)
    painted, original = seen.pixel(180.5, 270.5), pixels(data)[270, 180]
    assert not near(painted, original)
    seen.page.keyboard.down("Tab")
    assert near(seen.pixel(180.5, 270.5), original)
    seen.page.wait_for_timeout(300)  # longer than a tap
    seen.page.keyboard.up("Tab")
    assert seen.pixel(180.5, 270.5) == painted
    focused = "document.activeElement.id"
    assert seen.page.evaluate(focused) == "view"
    seen.page.keyboard.press("Tab")  # a tap goes on, so that nobody is caught on the canvas
    assert seen.page.evaluate(focused) == "zoom-out"
    seen.page.hover("#original")
    seen.page.mouse.down()
    assert near(seen.pixel(180.5, 270.5), original)
    seen.page.mouse.up()
    assert seen.pixel(180.5, 270.5) == painted


def test_what_is_wrong_is_one_sentence(seen: Painter) -> None:
    seen.drop(b"words", "notes.txt", "drop")
    message = seen.page.locator("#message")
    message.filter(has_text="notes.txt is no JPEG, PNG, TIFF or WebP").wait_for()
    assert seen.page.is_visible("#empty")
    seen.wrong.remove(seen.wrong[0])  # Chromium's own line on the status 422
    seen.drop(portrait(), "dropped.png", "drop")
    seen.wait_for_photograph(portrait())
    assert message.is_hidden()
    seen.page.click("#restore")
    message.filter(has_text="Paint over what is missing first.").wait_for()
    seen.page.click("#invert")
    seen.page.click("#restore")
    message.filter(has_text="All of the photograph is painted over").wait_for()
    seen.page.click("#dismiss")
    assert message.is_hidden()
    seen.page.click("#clear")
    seen.click(5, 5)
    seen.page.click("#restore")
    message.filter(has_text="The hole lies beside the face. Click on both eyes.").wait_for()


def test_a_pasted_jpeg_keeps_its_kind_or_becomes_a_png(seen: Painter) -> None:
    data = portrait("JPEG", quality=90)
    seen.drop(data, "image.jpg", "paste")
    seen.wait_for_photograph(data)
    seen.stroke(*MOUTH)
    seen.restored()
    name, restored = seen.saved("#download")
    assert name == "image-restored.jpg"
    assert restored.startswith(b"\xff\xd8")
    assert "Writing a JPEG again changes" in seen.page.inner_text("#facts")
    seen.page.click("summary >> text=More settings")
    seen.page.check("#png")
    seen.restored()
    name, restored = seen.saved("#download")
    assert name == "image-restored.png"
    hole = seen.mask()
    assert np.array_equal(pixels(restored)[~hole], pixels(data)[~hole])


def test_one_answer_where_a_method_has_no_more(seen: Painter) -> None:
    seen.page.click("#first-example")
    seen.page.locator("#restoring:enabled").wait_for()
    seen.page.check("[name=candidates][value='5']")
    seen.page.click("summary >> text=More settings")
    seen.page.select_option("#method", "encoder")
    assert seen.page.is_checked("[name=candidates][value='1']")
    assert seen.page.is_disabled("[name=candidates][value='5']")


def test_a_telephone_paints_with_one_finger_and_moves_with_two(
    chromium: "Browser", served: Served
) -> None:
    with painter(chromium, served.address, TELEPHONE, has_touch=True, is_mobile=True) as seen:
        assert seen.page.is_visible("#first-choose")
        data = portrait()
        seen.choose(data, "a.png")
        assert seen.page.evaluate("document.documentElement.scrollWidth") == TELEPHONE[0]
        mouth = [seen.on_screen(*point) for point in MOUTH]
        seen.touch(*[[(x, mouth[0][1])] for x in np.linspace(mouth[0][0], mouth[1][0], 6)])
        hole = seen.mask()
        assert hole[270, 155:205].all()
        (x, y), _ = mouth
        apart = [[(x, y)], [(x, y), (x + 40, y)], [(x - 20, y), (x + 60, y)]]
        before = seen.pixel(*EYES[0])
        seen.touch(*apart)
        assert seen.pixel(*EYES[0]) != before  # something else lies there now
        assert np.array_equal(seen.mask(), hole)  # and no stroke is left of it
        seen.page.click("#fit")
        assert seen.pixel(*EYES[0]) == before
        seen.restored()
        assert np.array_equal(pixels(seen.saved("#download")[1])[~hole], pixels(data)[~hole])


CONTRAST = """() => {
    const light = colour => {
        const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(level => level / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = element => {
        for (; element; element = element.parentElement) {
            const colour = getComputedStyle(element).backgroundColor;
            if (!/, 0\\)$/.test(colour)) return colour;
        }
    };
    return [...document.querySelectorAll("button, a, p, h1, h2, legend, label, summary")]
        .filter(one => one.offsetParent && one.innerText && !one.closest(":disabled"))
        .map(one => {
            const pair = [light(getComputedStyle(one).color), light(behind(one))].sort();
            return [one.innerText, (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05)];
        });
}"""
NAMELESS = """() => [...document.querySelectorAll("button, a, input, select, #view, progress")]
    .filter(one => !(one.ariaLabel || one.innerText || one.labels?.[0]?.innerText || one.hidden))
    .map(one => one.outerHTML)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_and_every_control_has_a_name(
    chromium: "Browser", served: Served, scheme: str
) -> None:
    with painter(chromium, served.address, DESKTOP, color_scheme=scheme) as seen:
        seen.choose(portrait(), "a.png")
        seen.stroke(*MOUTH)
        seen.restored()
        seen.page.click("summary >> text=More settings")
        contrasts = seen.page.evaluate(CONTRAST)
        assert len(contrasts) > 20
        assert [found for found in contrasts if found[1] < 4.5] == []
        assert seen.page.evaluate(NAMELESS) == []
