"""The report's charts: SVG in the page's colours, with words and figures beside it."""

import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from dcgan_inpainting.report.charts import ROWS, Chart, binned, boxes, curves

COLOURS = {"up": "#123456", "down": "#654321"}


def drawn(count: int, *, log: bool = False, title: str = "Losses") -> Chart:
    table = pd.DataFrame({"up": np.linspace(1, 2, count), "down": np.linspace(4, 3, count)})
    table.index = 16.0 * np.arange(1, count + 1)
    return curves(title, table, COLOURS, digits=2, log=log)


def test_binned_keeps_the_mean_and_the_end() -> None:
    points = pd.Series(np.arange(625.0), index=np.arange(1, 626) * 48)
    few = binned(points, 12)
    assert len(few) == 12
    assert few.index[-1] == 625 * 48
    assert few.iloc[0] == pytest.approx(points.iloc[:53].mean())
    assert few.mean() == pytest.approx(points.mean(), rel=0.01)
    assert binned(points, 625) is points


@pytest.mark.parametrize("count", [1, 3, 400])
@pytest.mark.parametrize("log", [False, True])
def test_a_chart_is_svg_with_its_text_as_text(count: int, log: bool) -> None:
    chart = drawn(count, log=log)
    root = ElementTree.fromstring(chart.svg)
    words = [text for element in root.iter() if (text := (element.text or "").strip())]
    assert {"up", "down", "images seen"} <= set(words)
    assert root.get("role") == "img"
    assert root.get("aria-label") == f"Losses. {chart.text}"
    for colour in COLOURS.values():
        assert colour in chart.svg
    assert "#000000" not in chart.svg  # which could not be seen on a dark page
    assert "currentColor" in chart.svg


def test_words_and_table_say_how_it_went() -> None:
    chart = drawn(400)
    last = "after 6,400 images"
    assert chart.text == f"up: from 1.04 to 1.96 {last}; down: from 3.96 to 3.04 {last}"
    (group,) = chart.table.groups
    assert chart.table.header == ["images seen", "up", "down"]
    assert len(group.rows) == ROWS
    assert group.rows[-1].name == "6,400"
    assert [cell.text for cell in group.rows[-1].cells] == ["1.96", "3.04"]


def test_a_curve_without_points_is_said_to_have_none() -> None:
    table = pd.DataFrame({"up": [1.0, 2.0], "down": [np.nan, np.nan]}, index=[1.0, 2.0])
    assert "down: no figures" in curves("Losses", table, COLOURS, digits=2).text


def test_no_two_charts_of_a_page_share_an_id() -> None:
    ids = [re.findall(r'\bid="([^"]+)"', drawn(40, title=title).svg) for title in ("a", "b")]
    assert all(ids)
    assert not set(ids[0]) & set(ids[1])


def test_equal_curves_give_equal_charts() -> None:
    assert drawn(40) == drawn(40)
    assert drawn(40).svg != drawn(41).svg


def test_boxes_lie_where_the_quantiles_are() -> None:
    values = np.linspace(10, 30, 101)
    table = pd.DataFrame({"method": "latent", "hole_psnr": values})
    table = pd.concat([table.assign(method="mean", hole_psnr=values - 5), table])
    chart = boxes("half", table, "hole_psnr", {"mean": "#c7c7c7", "latent": "#d95f02"}, (0, 40))
    assert chart.title == "half: hole PSNR [dB]"
    assert chart.text == "mean: median 15.00; latent: median 20.00"
    mean, latent = chart.table.groups[0].rows
    assert (mean.name, latent.name) == ("mean", "latent")
    expected = ["10.00", "11.00", "15.00", "20.00", "25.00", "29.00", "30.00"]
    assert [cell.text for cell in latent.cells] == expected
    assert chart.svg.index("#c7c7c7") < chart.svg.index("#d95f02")
