"""How the MLflow UI shows the experiments: columns, charts and pictures, kept as two shared views.

What a runs page shows is kept by MLflow's own button for sharing in a tag of the experiment,
`mlflow.sharedViewState.KEY`, and opened again by `…/runs?viewStateShareKey=KEY`. The value is
"deflate;" and the state as JSON, compressed by zlib and written in base64. The state's keys are
those of ExperimentPageUIState.tsx and runs-charts.types.ts in MLflow's sources, and of the page's
address. MLflow 3.10.0 and 3.17.2 show such views; a newer form of the tag, which gives the view a
name, leaves the page of the older one empty.
"""

import base64
import json
import zlib
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from dcgan_inpainting.evaluate.metrics import HEADLINE
from dcgan_inpainting.tracking.store import ROW, Store

if TYPE_CHECKING:
    from mlflow.entities import Run

EXPERIMENTS = f"tags.kind = '{ROW}'"  # the runs that are shown; those of stages lie below them
TAG = "mlflow.sharedViewState."
SWEPT = 4  # columns for parameters, at most
MEAN = "mean"
FIRST = next(iter(HEADLINE))  # the metric that experiments are compared by first
COLOUR = "mlflow.runColor"  # the tag in which MLflow keeps a colour that was picked by hand
COLOURED = 20  # experiments that MLflow shows at once, at most
BESIDE = 2  # newest experiments whose faces are shown side by side
PALETTE = (
    *("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd"),
    *("#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf"),
)

State = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """A page of the UI.

    fragment is what follows the server's address: "#/experiments/…".
    """

    name: str
    fragment: str
    hint: str


@dataclass(frozen=True)
class Contents:
    """What there is to be shown: parameters whose values differ, and kinds of masks measured."""

    swept: tuple[str, ...]
    masks: tuple[str, ...]

    @classmethod
    def of(cls, experiments: Sequence["Run"]) -> "Contents":
        """Return what the parent runs hold; the parameter with the most values comes first."""
        values = defaultdict(set)
        for run in experiments:
            for name, value in run.data.params.items():
                values[name].add(value)
        differing = [name for name in values if len(values[name]) > 1]
        swept = sorted(differing, key=lambda name: (-len(values[name]), name))[:SWEPT]
        measured = {name for run in experiments for name in run.data.metrics}
        masks = {
            name.removeprefix(f"{FIRST}/") for name in measured if name.startswith(f"{FIRST}/")
        }
        return cls(tuple(swept), tuple(sorted(masks - {MEAN})))


def pages(store: Store) -> tuple[Page, Page, Page]:
    """Return the pages on which experiments are compared, after their views were put into a store.

    The newest experiments are also given colours that differ, where they have none yet: those that
    MLflow makes of a run's id are often alike.

    Where the store does not take the views, the same pages come with MLflow's own columns.
    """
    try:
        runs = store.find(EXPERIMENTS)
        _colour(store, runs[:COLOURED])
        contents = Contents.of(runs)
        measured = [run.info.run_id for run in runs if f"{FIRST}/{MEAN}" in run.data.metrics]
        states = {
            "quality": quality(contents),
            "newest": newest(contents, measured[:BESIDE]),
            "faces": faces(contents),
        }
        for key, state in states.items():
            store.client.set_experiment_tag(store.experiment_id, TAG + key, packed(state))
    except Exception:  # of a store that is read-only, say
        table = latest = chosen = {"searchFilter": EXPERIMENTS}
    else:
        table, latest, chosen = ({"viewStateShareKey": key} for key in states)
    chart = {"compareRunsMode": "CHART"}
    return (
        _page("experiments", "a row for each; the second icon draws charts", store, table),
        _page("newest", "faces of the two newest, side by side", store, latest | chart),
        _page("faces", "click the eyes of two experiments", store, chosen | chart),
    )


def _colour(store: Store, runs: Sequence["Run"]) -> None:
    """Give each run (newest first) a colour that the nine before it have not."""
    taken: deque[str] = deque(maxlen=len(PALETTE) - 1)
    for run in reversed(runs):
        colour = run.data.tags.get(COLOUR)
        if colour is None:
            colour = next(colour for colour in PALETTE if colour not in taken)
            store.tag(run.info.run_id, {COLOUR: colour})
        taken.append(colour)


def packed(state: State) -> str:
    """Return a page's state as MLflow writes it into a tag."""
    text = json.dumps(state, separators=(",", ":"))
    return "deflate;" + base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def quality(contents: Contents) -> State:
    """Return the state of the page that compares all experiments, newest first."""
    sections = [_sweep(contents), *_measures(contents), _faces(contents)]
    return _state(contents, sections, shown="FIRST_10_RUNS")


def faces(contents: Contents) -> State:
    """Return the state of the page that shows the faces of the experiments that one chooses."""
    sections = [_faces(contents), *_measures(contents), _sweep(contents)]
    return _state(contents, sections, shown="HIDE_ALL")


def newest(contents: Contents, runs: Sequence[str]) -> State:
    """Return the state of the page that shows the faces of a few experiments at once.

    By a filter, since MLflow takes no single run's visibility from a view that others made.

    Args:
        contents: what there is.
        runs: ids of the experiments; with none, the page shows all.
    """
    listed = ", ".join(f"'{run}'" for run in runs)
    chosen = {"searchFilter": f"attributes.run_id IN ({listed})"} if runs else {}
    return {**faces(contents), **chosen, "runsHiddenMode": "FIRST_10_RUNS"}


# What stays the same. MLflow 3.10.0 needs every key of the page's state.
_BLANK: State = {
    "searchFilter": EXPERIMENTS,
    "orderByKey": "attributes.start_time",
    "orderByAsc": False,
    "startTime": "ALL",
    "lifecycleFilter": "Active",
    "modelVersionFilter": "All Runs",
    "datasetsFilter": [],
    "runsExpanded": {},
    "runsPinned": [],
    "runsHidden": [],
    "runsVisibilityMap": {},
    "runListHidden": False,
    "groupBy": None,
    "groupsExpanded": {},
    "useGroupedValuesInCharts": True,
    "viewMaximized": False,
    "autoRefreshEnabled": True,
    "hideEmptyCharts": True,
    "isAccordionReordered": False,
    "globalLineChartConfig": {
        "xAxisKey": "step",
        "lineSmoothness": 0,
        "selectedXAxisMetricKey": "",
    },
}


@dataclass(frozen=True)
class _Section:
    """A heading and the charts below it; columns is how many stand in a row, height in pixels."""

    name: str
    columns: int
    height: int
    charts: Sequence[State]

    def heading(self) -> State:
        return {
            "uuid": self.name,
            "name": self.name,
            "columns": self.columns,
            "cardHeight": self.height,
            "display": True,
            "isReordered": True,
        }

    def cards(self) -> list[State]:
        cards = []
        for number, chart in enumerate(self.charts):
            card = {"uuid": f"{self.name} {number}", "metricSectionId": self.name, "deleted": False}
            cards.append({**card, **chart})
        return cards


def _page(name: str, hint: str, store: Store, query: Mapping[str, str]) -> Page:
    # Without workflowType the sidebar is the one for language models.
    parameters = urlencode({"workflowType": "machine_learning", **query}, quote_via=quote)
    return Page(name, f"#/experiments/{store.experiment_id}/runs?{parameters}", hint)


def _state(contents: Contents, sections: Iterable[_Section], shown: str) -> State:
    columns = {f"params.`{name}`": _width(name) for name in contents.swept}
    columns |= {f"metrics.`{name}`": _width(name) for name in _metrics(contents)}
    columns |= {"tags.`swept`": 200}
    widths = {"attributes.`Run Name`": 260, "runDateAndNestInfo": 110, **columns, "duration": 80}
    filled = [section for section in sections if section.charts]
    charts = {
        "compareRunCharts": [card for section in filled for card in section.cards()],
        "compareRunSections": [section.heading() for section in filled],
        "isAccordionReordered": True,
    }
    return {
        **_BLANK,
        "selectedColumns": list(columns),
        "columnOrder": list(widths),
        "columnWidths": widths,
        "runsHiddenMode": shown,
        # Without these keys MLflow makes charts of its own, as soon as there are figures.
        **(charts if filled else {}),
    }


def _metrics(contents: Contents) -> list[str]:
    """Return the table's metrics: the means, so that they are seen without scrolling, then all."""
    measures = [_of(measure, contents) for measure in HEADLINE]
    means = [name for names in measures for name in names[:1]]
    return means + [name for names in measures for name in names[1:]]


def _width(heading: str) -> int:
    """Return the pixels that a column takes whose heading is not cut."""
    return 12 + 7 * len(heading)


def _of(measure: str, contents: Contents) -> list[str]:
    """Return a measure's metrics: the mean over the masks, then each mask."""
    return [f"{measure}/{mask}" for mask in (MEAN, *contents.masks)] if contents.masks else []


def _measures(contents: Contents) -> list[_Section]:
    sections = []
    for measure, heading in HEADLINE.items():
        bars = [{"type": "BAR", "metricKey": name} for name in _of(measure, contents)]
        sections.append(_Section(heading, 3, 330, bars))
    return sections


def _sweep(contents: Contents) -> _Section:
    """Draw the first mean over each swept parameter, and over all of them together."""
    mean = f"{FIRST}/{MEAN}"
    charts: list[State] = [
        {
            "type": "SCATTER",
            "xaxis": {"key": name, "type": "PARAM"},
            "yaxis": {"key": mean, "type": "METRIC"},
            "runsCountToCompare": 100,
        }
        for name in contents.swept
    ]
    if len(charts) > 1:
        together = {"selectedParams": list(contents.swept), "selectedMetrics": [mean]}
        charts.append({"type": "PARALLEL", **together, "runsCountToCompare": 100})
    return _Section("What was swept", 3, 330, charts if contents.masks else [])


def _faces(contents: Contents) -> _Section:
    """Lay out the pictures as one table: a row for each mask, a column for each experiment."""
    keys = [f"restored/{mask}" for mask in contents.masks]
    card = {"type": "IMAGE", "step": 0, "showRunParams": False}
    # MLflow adds a chart for each picture that has none of its own, unless one was deleted.
    unwanted = [{**card, "imageKeys": [key], "deleted": True, "isGenerated": True} for key in keys]
    heading = "Faces: original, damaged, restored"
    return _Section(heading, 1, 900, [{**card, "imageKeys": keys}, *unwanted] if keys else [])
