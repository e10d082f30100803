"""The page: whole in itself, fit for a screen reader, and without what is not there."""

import re
import shutil
from collections import Counter
from datetime import datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from dcgan_inpainting.common.errors import UserError
from dcgan_inpainting.report.page import page
from tests.tiny_results import ERRORS, KINDS

NOW = datetime(2026, 3, 4, 5, 6)
LOADS = re.compile(
    r"""\b(?:src|href|action|data|poster)\s*=\s*["']?([^"'\s>]*)|url\(([^)]*)\)|@import"""
)


class Read(HTMLParser):
    """What a page consists of: its elements in their order, and the text of headings."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.labelled: list[bool] = []  # of each control, whether it has a name
        self.said = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in ("input", "select"):
            self.labelled.append("label" in self.open or "aria-label" in dict(attrs))
        if tag not in ("input", "meta", "link", "img", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.said += data


@pytest.fixture(scope="module")
def text(finished: Path) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(finished)
        return page(NOW)


@pytest.fixture
def undrawn(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workspace whose charts, which take longest, are empty."""
    drawing = '<svg role="img" aria-label="nothing"></svg>'
    monkeypatch.setattr("dcgan_inpainting.report.charts._svg", lambda *_: drawing)


def missing(text: str) -> list[str]:
    return re.findall(r'<p class="missing">(.*)</p>', text)


def test_nothing_is_loaded_from_anywhere(text: str) -> None:
    addresses = [first or second for first, second in LOADS.findall(text)]
    assert len(addresses) > 100
    assert [address for address in addresses if not address.startswith(("#", "data:"))] == []
    assert "default-src 'none'" in text


def test_every_element_ends_and_no_id_stands_twice(text: str) -> None:
    read = Read(text)
    assert read.open == []
    ids = Counter(attrs["id"] for _, attrs in read.elements if "id" in attrs)
    assert [name for name, count in ids.items() if count > 1] == []
    links = (attrs.get("href", attrs.get("xlink:href")) for tag, attrs in read.elements
             if tag in ("a", "use"))  # fmt: skip
    anchors = {str(link).removeprefix("#") for link in links}
    assert anchors <= ids.keys()


def test_headings_descend_by_one_and_controls_and_pictures_have_names(text: str) -> None:
    read = Read(text)
    levels = [int(tag[1]) for tag, _ in read.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert read.labelled
    assert all(read.labelled)
    for tag, attrs in read.elements:
        assert tag != "img" or attrs["alt"]
        assert tag != "svg" or attrs.get("aria-hidden") or attrs["aria-label"]
        assert tag != "th" or attrs["scope"]


def test_all_parts_are_there(text: str) -> None:
    assert missing(text) == []
    said = Read(text).said
    for name in (*KINDS, *ERRORS, "Losses", "2026-03-04 05:06", "000005.jpg", "generator_steps"):
        assert name in said


@pytest.mark.parametrize(
    ("gone", "sentence"),
    [
        ("reports/quality.csv", "reports/quality.csv is missing"),
        ("reports/paired.csv", "reports/paired.csv is missing"),
        ("reports/per_image.csv", "reports/per_image.csv is missing"),
        ("reports/train", "reports/train/losses.csv is missing"),
        ("data/inpainted/half", "data/inpainted/half/settings.json is missing"),
    ],
)
def test_a_part_that_is_not_there_is_one_sentence(undrawn: None, gone: str, sentence: str) -> None:
    if Path(gone).is_dir():
        shutil.rmtree(gone)
    else:
        Path(gone).unlink()
    text = page(NOW)
    whys = missing(text)
    assert whys
    assert any(sentence in why for why in whys)
    read = Read(text)
    assert read.open == []
    assert "2026-03-04" in read.said


def test_a_network_that_was_not_trained_is_nowhere(undrawn: None) -> None:
    shutil.rmtree("reports/unet")
    text = page(NOW)
    assert missing(text) == []


def test_without_any_results_there_is_no_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"no results in reports: run the pipeline .*make repro"):
        page(NOW)


def test_names_of_files_are_text(undrawn: None) -> None:
    table = Path("reports/per_image.csv")
    evil = "</script><b>&.jpg"
    table.write_text(table.read_text().replace("000005.jpg", evil))
    text = page(NOW)
    assert evil not in text
    assert evil in Read(text).said


def test_parameters_that_have_changed_since_are_named(undrawn: None) -> None:
    Path("dvc.yaml").write_text("stages: {train: {cmd: x}, crop: {cmd: x}}", encoding="utf-8")
    Path("dvc.lock").write_text(
        "stages: {train: {cmd: x, params: {params.yaml: {train: {width: 99, seed: 1}}}}}"
    )
    (why,) = missing(page(NOW))
    assert "train.width was 99 and is 24." in why
    assert "seed" not in why
    Path("dvc.lock").write_text("stages: [train]")
    assert missing(page(NOW)) == []
