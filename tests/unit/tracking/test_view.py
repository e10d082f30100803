"""What the shared views say, and that a store without them still has its pages."""

import base64
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dcgan_inpainting.tracking import view
from dcgan_inpainting.tracking.location import StoreLocation
from dcgan_inpainting.tracking.store import Store
from dcgan_inpainting.tracking.view import Contents, faces, newest, packed, pages, quality

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's own

FIGURES = {
    **{"hole_psnr/mean": 24.0, "hole_psnr/half": 20.0, "hole_psnr/center": 28.0},
    **{"hole_ssim/mean": 0.8, "hole_ssim/half": 0.7, "hole_ssim/center": 0.9},
    "train/distance": 0.1,
}
CONTENTS = Contents(("inpaint.steps", "train.width"), ("center", "half"))


def run(metrics: Mapping[str, float] = FIGURES, **params: str) -> Any:
    return SimpleNamespace(data=SimpleNamespace(metrics=metrics, params=params))


def unpacked(tag: str) -> Any:
    kind, _, text = tag.partition(";")
    assert kind == "deflate"
    return json.loads(zlib.decompress(base64.b64decode(text, validate=True)))


def charts(state: Mapping[str, Any], kind: str) -> list[Any]:
    cards = state["compareRunCharts"]
    return [card for card in cards if card["type"] == kind and not card["deleted"]]


def test_contents_are_what_differs_and_what_was_measured() -> None:
    runs = [
        run(steps="50", width="24", seed="1"),
        run(steps="100", width="24", seed="1"),
        run(steps="200", width="32", seed="1"),
        run(metrics={}, steps="200", width="32", newer="a parameter that the others have not"),
    ]
    assert Contents.of(runs) == Contents(("steps", "width"), ("center", "half"))


@pytest.mark.parametrize("runs", [[], [run(metrics={}, steps="50")]])
def test_without_figures_mlflow_makes_its_own_charts(runs: list[Any]) -> None:
    contents = Contents.of(runs)
    assert contents == Contents((), ())
    for state in (quality(contents), faces(contents)):
        assert "compareRunCharts" not in state
        assert "compareRunSections" not in state


def test_one_experiment_has_bars_and_faces_and_nothing_swept() -> None:
    state = quality(Contents.of([run(steps="50")]))
    assert len(charts(state, "BAR")) == 6
    assert len(charts(state, "IMAGE")) == 1
    assert charts(state, "SCATTER") == charts(state, "PARALLEL") == []
    headings = [section["name"] for section in state["compareRunSections"]]
    assert headings == [
        "PSNR of the hole [dB]",
        "SSIM of the hole",
        "Faces: original, damaged, restored",
    ]


def test_columns_are_the_swept_parameters_the_means_and_each_mask() -> None:
    state = quality(CONTENTS)
    assert state["selectedColumns"] == [
        "params.`inpaint.steps`",
        "params.`train.width`",
        "metrics.`hole_psnr/mean`",
        "metrics.`hole_ssim/mean`",
        "metrics.`hole_psnr/center`",
        "metrics.`hole_psnr/half`",
        "metrics.`hole_ssim/center`",
        "metrics.`hole_ssim/half`",
        "tags.`swept`",
    ]
    assert set(state["selectedColumns"]) < set(state["columnOrder"])
    assert set(state["columnOrder"]) == set(state["columnWidths"])


def test_charts_compare_each_figure_and_draw_it_over_what_was_swept() -> None:
    state = quality(CONTENTS)
    measured = {name for name in FIGURES if name.startswith("hole_")}
    assert {bar["metricKey"] for bar in charts(state, "BAR")} == measured
    assert [chart["xaxis"]["key"] for chart in charts(state, "SCATTER")] == [*CONTENTS.swept]
    (parallel,) = charts(state, "PARALLEL")
    assert parallel["selectedParams"] == [*CONTENTS.swept]
    identities = [card["uuid"] for card in state["compareRunCharts"]]
    assert len(set(identities)) == len(identities)
    sections = {section["uuid"] for section in state["compareRunSections"]}
    assert {card["metricSectionId"] for card in state["compareRunCharts"]} == sections


def test_the_faces_page_shows_none_until_they_are_chosen_and_then_faces_first() -> None:
    state = faces(CONTENTS)
    assert state["runsHiddenMode"] == "HIDE_ALL"
    assert quality(CONTENTS)["runsHiddenMode"] == "FIRST_10_RUNS"
    assert state["compareRunSections"][0]["name"].startswith("Faces")
    (pictures,) = charts(state, "IMAGE")
    assert pictures["imageKeys"] == ["restored/center", "restored/half"]


def test_the_page_of_the_newest_shows_these_alone_and_at_once() -> None:
    state = newest(CONTENTS, ["one", "two"])
    assert state["searchFilter"] == "attributes.run_id IN ('one', 'two')"
    assert state["runsHiddenMode"] == "FIRST_10_RUNS"
    assert newest(CONTENTS, [])["searchFilter"] == view.EXPERIMENTS


def test_the_longest_view_fits_into_a_tag_of_mlflow() -> None:
    kinds = ["center", "pattern", "random", "half", "strokes_thin", "strokes_thick", "file"]
    figures = {f"hole_psnr/{kind}": 1.0 for kind in kinds}
    many = [
        run(figures, **{f"a_long_section.and_a_long_name_{n}": str(k) for n in range(70)})
        for k in range(300)
    ]
    contents = Contents.of(many)
    assert len(contents.swept) == view.SWEPT
    for state in (quality(contents), faces(contents)):
        assert unpacked(packed(state)) == state
        assert len(packed(state)) < 5000  # the limit of MLflow 3.10; 3.17 takes 20,000


def test_pages_put_their_views_into_the_store(root: Path) -> None:
    store = Store(StoreLocation.of(root))
    found = pages(store)
    tags = store.client.get_experiment(store.experiment_id).tags
    start = f"#/experiments/{store.experiment_id}/runs?workflowType=machine_learning"
    for page, key in zip(found, ("quality", "newest", "faces"), strict=True):
        assert page.fragment.startswith(f"{start}&viewStateShareKey={key}")
        assert unpacked(tags[f"mlflow.sharedViewState.{key}"])["searchFilter"] == view.EXPERIMENTS


def test_neighbours_have_colours_that_differ_and_one_picked_by_hand_stays(root: Path) -> None:
    store = Store(StoreLocation.of(root))

    def colours() -> list[str]:
        return [run.data.tags[view.COLOUR] for run in reversed(store.find(view.EXPERIMENTS))]

    picked = {view.COLOUR: view.PALETTE[1]}
    for start in range(1, 13):
        tags = {"kind": "experiment", **(picked if start == 1 else {})}
        store.client.create_run(store.experiment_id, start, tags)
    pages(store)
    given = colours()
    assert given[:3] == [view.PALETTE[1], view.PALETTE[0], view.PALETTE[2]]
    for start in range(len(given) - 9):
        assert len(set(given[start : start + 10])) == 10
    pages(store)
    assert colours() == given


def test_a_store_that_refuses_the_views_has_plain_pages(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(StoreLocation.of(root))
    # MLflow refuses a value that is too long, as it would one that it did not like.
    monkeypatch.setattr(view, "packed", lambda state: "x" * 100_000)
    for page in pages(store):
        assert "viewStateShareKey" not in page.fragment
        assert "searchFilter=tags.kind%20%3D%20%27experiment%27" in page.fragment
