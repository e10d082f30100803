"""Experiments are compared at a glance: what a newcomer sees in MLflow, in a real browser."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from dcgan_inpainting.common.settings import load_params
from dcgan_inpainting.tracking.location import StoreLocation
from dcgan_inpainting.tracking.store import Store
from dcgan_inpainting.tracking.view import pages
from tests.browser.runs_page import RunsPage, runs_page
from tests.browser.synthetic import KINDS, PARAMS, SWEEP, Figures, Made, build, made_up
from tests.make_ui import running_ui

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own

NEWEST_FIRST = [made.name for made in reversed(SWEEP)]


@dataclass(frozen=True)
class Served:
    """A store with a sweep, and the addresses that `make ui` prints for it."""

    store: Store
    figures: dict[str, Figures]
    experiments: str
    newest: str
    faces: str


@pytest.fixture(scope="module")
def served(chromium: "Browser", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("checkout")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        store = Store(StoreLocation.of(root))
        figures = build(store, root)
    with running_ui(root) as ui:
        experiments, newest, faces = ui.addresses
        yield Served(store, figures, experiments, newest, faces)


@pytest.fixture
def seen(chromium: "Browser") -> Iterator[RunsPage]:
    """A window so large that nothing need be scrolled."""
    with runs_page(chromium, 2600, 3600) as page:
        yield page
        assert page.refused == []  # nothing is asked of another machine


def _setting(made: Made, parameter: str) -> str:
    section, key = parameter.split(".")
    return made.swept.get(parameter, str(load_params(PARAMS)[section][key]))


def test_the_first_address_shows_a_row_for_each_experiment(served: Served, seen: RunsPage) -> None:
    metrics = [f"metrics.`{name}`" for name in served.figures[NEWEST_FIRST[0]]]

    seen.open(served.experiments, len(SWEEP))
    headings, rows = seen.table(metrics)

    assert seen.clicks == 0
    assert [row["attributes.`Run Name`"] for row in rows] == NEWEST_FIRST
    for row, made in zip(rows, reversed(SWEEP), strict=True):
        for parameter in ("inpaint.steps", "train.width"):
            assert row[f"params.`{parameter}`"] == _setting(made, parameter)
        for name, value in served.figures[made.name].items():
            assert float(row[f"metrics.`{name}`"]) == value
    swept = ["params.`inpaint.steps`", "params.`train.width`"]
    means = ["metrics.`hole_psnr/mean`", "metrics.`hole_ssim/mean`"]
    assert headings[3:7] == [*swept, *means]
    assert set(headings[7:15]) == set(metrics) - set(means)


def test_one_click_draws_charts_that_compare_them(served: Served, seen: RunsPage) -> None:
    seen.open(served.experiments, len(SWEEP))
    seen.draw_charts()

    for metric in served.figures[NEWEST_FIRST[0]]:
        expected = {name: round(figures[metric], 2) for name, figures in served.figures.items()}
        assert seen.bars(metric, len(SWEEP)) == pytest.approx(expected, abs=0.0051)
    for parameter in ("inpaint.steps", "train.width"):
        points = seen.card(f"{parameter} vs. hole_psnr/mean").locator(".scatterlayer .point")
        points.nth(len(SWEEP) - 1).wait_for()
        assert points.count() == len(SWEEP)
    assert len(seen.pictures(len(KINDS) * len(SWEEP))["runs"]) == len(SWEEP)
    assert seen.clicks == 1


@pytest.mark.parametrize(
    ("page", "clicked", "chosen"),
    [
        ("newest", [], NEWEST_FIRST[:2]),
        ("faces", NEWEST_FIRST[1:4:2], NEWEST_FIRST[1:4:2]),
    ],
)
def test_faces_of_the_newest_stand_side_by_side_and_those_of_any_two_after_two_clicks(
    served: Served, seen: RunsPage, page: str, clicked: list[str], chosen: list[str]
) -> None:
    seen.open(getattr(served, page), len(SWEEP) if page == "faces" else len(chosen))
    for name in clicked:
        seen.toggle(name)
    shown = seen.pictures(len(KINDS) * len(chosen))

    assert seen.clicks == len(clicked)
    assert sorted(shown["runs"]) == sorted(chosen)
    assert sorted(row["mask"] for row in shown["rows"]) == [f"restored/{k}" for k in sorted(KINDS)]
    for row in shown["rows"]:
        left, right = row["pictures"]
        assert left["y"] == right["y"]
        assert left["x"] + left["width"] < right["x"]
        assert left["width"] > 200  # pixels
        assert left["source"] != right["source"]


def test_a_view_that_was_kept_is_still_there_after_a_reload(served: Served, seen: RunsPage) -> None:
    columns = ["params.`inpaint.steps`", "metrics.`hole_psnr/mean`"]
    seen.open(served.experiments, len(SWEEP))
    seen.table(columns)
    seen.keep_view()
    seen.page.reload()
    _, rows = seen.table(columns)
    assert len(rows) == len(SWEEP)


@pytest.mark.parametrize("rows", [0, 1])
def test_the_pages_open_where_nothing_was_measured_yet(
    served: Served, seen: RunsPage, rows: int
) -> None:
    store = copy.copy(served.store)
    store.experiment_id = store.client.create_experiment(f"with {rows} rows")
    for made in SWEEP[:rows]:
        store.row(made_up(made), 0)
    server = served.experiments.partition("#")[0]
    for page in pages(store):
        seen.open(server + page.fragment, rows)
