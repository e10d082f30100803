"""The page of `dvc plots show` in a real browser, without a network."""

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dcgan_inpainting.commands.plots_page import offline
from tests.pipeline.checkout import ROOT, Checkout

PSNR = {  # by mask and method
    "center": {"mean": 16.0, "nearest": 20.0, "biharmonic": 18.0, "latent": 24.0},
    "strokes_medium": {"mean": 15.0, "nearest": 10.0, "biharmonic": 25.0, "latent": 30.0},
}
PICTURES = {  # and their size in pixels; one is wider than the page
    "reports/galleries/center.png": (1500, 300),
    "reports/masks.png": (66, 132),
    "reports/train/samples/0000100.png": (266, 266),
    "reports/train/samples/0000200.png": (266, 266),
}
LOSSES = {"g_loss": "#d62728", "d_loss": "#1f77b4"}

Page = Any  # playwright's, which need not be installed


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A DVC project with this one's plots, and reports whose every number is known.

    Its first commit has half the PSNR of the second.
    """
    folder = tmp_path_factory.mktemp("plots")
    checkout = Checkout(folder / "project", folder / "scratch")
    shutil.copytree(ROOT / ".dvc" / "plots", checkout.path / ".dvc" / "plots")
    for name in (".dvc/config", ".dvc/.gitignore"):
        shutil.copy(ROOT / name, checkout.path / name)
    pipeline = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    (checkout.path / "dvc.yaml").write_text(pipeline[pipeline.index("\nplots:") :], "utf-8")
    checkout.run("git", "init", "--quiet")
    for factor in (0.5, 1.0):
        write_reports(checkout.path, factor)
        checkout.commit()
    checkout.run(sys.executable, str(ROOT / "src/dcgan_inpainting/commands/plots_page.py"))
    return checkout


def write_reports(folder: Path, factor: float) -> None:
    for name, size in PICTURES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, (200, 100, int(100 * factor))).save(folder / name)
    rows = [
        f"{mask},{method},{factor * psnr},{factor * psnr / 40}"
        for mask, methods in PSNR.items()
        for method, psnr in methods.items()
    ]
    table = "\n".join(["mask,method,hole_psnr,hole_ssim", *rows])
    (folder / "reports/quality.csv").write_text(table)
    steps = [f"{step},{32 * step},{3 - step / 20},{1 + step / 40}" for step in range(1, 21)]
    curves = "\n".join(["step,images,g_loss,d_loss", *steps])
    (folder / "reports/train/losses.csv").write_text(curves)


@pytest.fixture
def opened(chromium: Any) -> Iterator[Callable[[Path], Page]]:
    """Open a page in a browser without a network; it must neither fail nor ask for one."""
    context = chromium.new_context(offline=True, viewport={"width": 1280, "height": 900})
    wrong: list[str] = []

    def open_page(path: Path) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request",
            lambda request: wrong.append(request.url),
        )
        page.goto(path.as_uri())
        return page

    yield open_page
    context.close()
    assert [line for line in wrong if not line.startswith(("file:", "data:"))] == []


def plots(project: Checkout, folder: Path, *command: str) -> Path:
    """Let DVC make a page outside of the project; return it."""
    project.run("dvc", "plots", *command, "--out", str(folder / "page"))
    return folder / "page" / "index.html"


def wait_for_charts(page: Page, bars: int) -> None:
    page.wait_for_function(f"document.querySelectorAll('.mark-rect path').length == {bars}")


def bars(page: Page, chart: str) -> dict[tuple[str, str], list[tuple[float, str]]]:
    """Return height in pixels and colour of each bar of a chart, by mask and method."""
    found: dict[tuple[str, str], list[tuple[float, str]]] = {}
    for bar in page.query_selector_all(f"{chart} .mark-rect path"):
        facts = dict(part.split(": ", 1) for part in bar.get_attribute("aria-label").split("; "))
        seen = (bar.bounding_box()["height"], bar.get_attribute("fill"))
        found.setdefault((facts["mask"], facts["method"]), []).append(seen)
    return found


def overlapping(page: Page, selector: str) -> list[tuple[str, str]]:
    """Return which two visible elements of a selector share pixels."""
    elements = page.evaluate(
        """selector => [...document.querySelectorAll(selector)].map(element => {
            const box = element.getBoundingClientRect();
            return [element.textContent.trim().slice(0, 40), box.x, box.y, box.right, box.bottom];
        }).filter(([, x, y, right, bottom]) => right > x && bottom > y)""",
        selector,
    )
    return [
        (one[0], other[0])
        for number, one in enumerate(elements)
        for other in elements[:number]
        if min(one[3], other[3]) - max(one[1], other[1]) > 1
        and min(one[4], other[4]) - max(one[2], other[2]) > 1
    ]


def picture_sizes(page: Page) -> list[tuple[int, int]]:
    """Return width and height, in its file, of each picture that the browser has decoded."""
    page.wait_for_function("[...document.images].every(image => image.complete)")
    size = "[image.naturalWidth, image.naturalHeight]"
    sizes = page.evaluate(f"[...document.images].map(image => {size})")
    return sorted((width, height) for width, height in sizes)


def test_charts_and_pictures_without_a_network(
    project: Checkout, opened: Callable[[Path], Page], tmp_path: Path
) -> None:
    page = opened(plots(project, tmp_path, "show"))
    wait_for_charts(page, 2 * 8)
    assert page.is_hidden("#no-vega")
    assert page.title() == "dcgan-inpainting: plots"
    assert [heading.inner_text() for heading in page.query_selector_all("h2")] == [
        "Charts",
        "reports",
        "reports/galleries",
        "reports/train/samples",
    ]
    lines = [line.get_attribute("stroke") for line in page.query_selector_all(".mark-line path")]
    assert sorted(lines) == sorted(LOSSES.values())
    assert picture_sizes(page) == sorted(PICTURES.values())
    assert overlapping(page, "h1, nav a, h2, main section > div") == []
    assert overlapping(page, "#PSNR_of_the_hole svg text") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_bars_are_as_high_as_their_figures_and_coloured_by_method(
    project: Checkout, opened: Callable[[Path], Page], tmp_path: Path
) -> None:
    page = opened(plots(project, tmp_path, "show"))
    wait_for_charts(page, 2 * 8)
    for chart in ("#PSNR_of_the_hole", "#SSIM_of_the_hole"):
        found = bars(page, chart)
        assert found.keys() == {(mask, method) for mask, each in PSNR.items() for method in each}
        highest = found["strokes_medium", "latent"][0][0]
        for (mask, method), [(height, _)] in found.items():
            assert height / highest == pytest.approx(PSNR[mask][method] / 30, abs=0.01)
        colours = {(method, colour) for (_, method), [(_, colour)] in found.items()}
        assert len(colours) == len({colour for _, colour in colours}) == 4
        assert ("latent", "#d95f02") in colours


def test_two_revisions_stand_beside_each_other(
    project: Checkout, opened: Callable[[Path], Page], tmp_path: Path
) -> None:
    page = opened(plots(project, tmp_path, "diff", "HEAD~1", "HEAD"))
    wait_for_charts(page, 2 * 2 * 8)
    for (mask, method), both in bars(page, "#PSNR_of_the_hole").items():
        lower, higher = sorted(height for height, _ in both)
        assert lower / higher == pytest.approx(0.5, abs=0.01), (mask, method)
    assert picture_sizes(page) == sorted([*PICTURES.values()] * 2)
    for row in page.query_selector_all(".revisions"):
        first, second = (picture.bounding_box() for picture in row.query_selector_all("img"))
        assert first["y"] == second["y"]
        assert first["x"] + first["width"] < second["x"]
        assert second["x"] + second["width"] <= 1280
    assert overlapping(page, "main section > div") == []
    assert overlapping(page, ".revisions > div > *") == []


def test_without_vega_and_network_a_sentence_says_what_to_do(
    project: Checkout, chromium: Any, tmp_path: Path
) -> None:
    template = str(ROOT / ".dvc/plots/page.html")
    path = plots(project, tmp_path, "show", "--html-template", template)
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.goto(path.as_uri())
    page.wait_for_load_state()
    assert "python src/dcgan_inpainting/commands/plots_page.py" in page.inner_text("#no-vega")
    assert page.is_visible("#no-vega")
    assert picture_sizes(page) == sorted(PICTURES.values())
    context.close()


def test_a_clone_without_the_page_takes_vega_from_the_network(
    project: Checkout, chromium: Any, tmp_path: Path
) -> None:
    vega = offline("{scripts}").removeprefix("<script>").removesuffix("</script>")
    template = str(ROOT / ".dvc/plots/page.html")
    path = plots(project, tmp_path, "show", "--html-template", template)
    context = chromium.new_context()
    page = context.new_page()
    asked: list[str] = []

    def answer(route: Any) -> None:
        asked.append(route.request.url)
        body = vega if "vega-embed" in route.request.url else ""
        route.fulfill(body=body, content_type="text/javascript")

    page.route(re.compile("^https:"), answer)
    page.goto(path.as_uri())
    wait_for_charts(page, 2 * 8)
    assert page.is_hidden("#no-vega")
    assert len(asked) == 3
    context.close()
