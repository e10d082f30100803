"""What is seen on MLflow's page of runs, and what can be clicked there."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

PATIENCE = 150_000  # milliseconds; a busy machine takes a minute for MLflow's scripts
OUTSIDE = re.compile(r"^(https?|wss?)://(?!127\.0\.0\.1[:/])")

# Before a run's name stands the number of its colour, too small to be seen.
TEXT = r"const text = cell => cell.innerText.trim().split('\n').pop();"
# The grid keeps cells in the order in which they were made, so that only x says where they stand.
TABLE = f"""() => {{
  {TEXT}
  const left = (a, b) => a.getBoundingClientRect().x - b.getBoundingClientRect().x;
  const ids = cells => [...cells].sort(left).map(cell => cell.getAttribute('col-id'));
  const rows = new Map();
  for (const cell of document.querySelectorAll('[role=row][row-id] [col-id]')) {{
    const index = Number(cell.closest('[row-id]').getAttribute('row-index'));
    if (!rows.has(index)) rows.set(index, {{}});
    rows.get(index)[cell.getAttribute('col-id')] = text(cell);
  }}
  return {{
    headings: ids(document.querySelectorAll('.ag-header-cell')),
    rows: [...rows.keys()].sort((a, b) => a - b).map(index => rows.get(index)),
  }};
}}"""
PICTURES = f"""table => {{
  {TEXT}
  const [head, ...rows] = [...table.querySelectorAll('[role=row]')];
  return {{
    runs: [...head.querySelectorAll('[role=columnheader]')].slice(1).map(text),
    rows: rows.map(row => ({{
      mask: text(row.querySelector('[role=cell]')),
      pictures: [...row.querySelectorAll('img')].map(picture => {{
        const {{x, y, width}} = picture.getBoundingClientRect();
        return {{x, y, width, source: picture.src}};
      }}),
    }})),
  }};
}}"""
LISTED = """count => {
  const rows = document.querySelectorAll('.ag-pinned-left-cols-container [role=row][row-id]');
  return rows.length == count;
}"""
LOADED = """([table, count]) => {
  const pictures = [...table.querySelectorAll('img')];
  return pictures.length == count && pictures.every(picture => picture.naturalWidth > 0);
}"""


@dataclass
class RunsPage:
    """The page, with the clicks counted and what it asked of other machines (in vain)."""

    page: "Page"
    clicks: int = 0
    refused: list[str] = field(default_factory=list)

    def open(self, address: str, runs: int) -> None:
        """Go to an address, and wait until it says that there are so many runs, and lists them."""
        self.page.goto(address)
        self.page.get_by_text(f"{runs} matching run").wait_for()
        self.page.wait_for_function(LISTED, arg=runs)

    def click(self, target: "Locator") -> None:
        target.click()
        self.clicks += 1

    def close_assistant(self) -> None:
        """Close the panel that opens beside the first page that a browser shows."""
        self.click(self.page.locator("[aria-label='Close']").first)

    def draw_charts(self) -> None:
        self.click(self.page.locator("label:has(input[value=CHART])"))

    def keep_view(self) -> None:
        self.click(self.page.get_by_role("button", name="Override saved view"))

    def toggle(self, run: str) -> None:
        """Click the eye of a run, which shows it in the charts or hides it."""
        link = self.page.get_by_role("link", name=run, exact=True)
        row = self.page.locator("[role=row][row-id]").filter(has=link)
        self.click(row.locator("label:has(input.is-visibility-toggle-checkbox)"))

    def table(self, columns: Sequence[str] = ()) -> tuple[list[str], list[dict[str, str]]]:
        """Return the headings from left to right and the rows from above, as they are seen.

        Args:
            columns: what to wait for, by MLflow's names: "metrics.`hole_psnr/mean`".
        """
        for column in columns:
            self.page.locator(f'[role=row][row-id] [col-id="{column}"]').first.wait_for()
        seen = self.page.evaluate(TABLE)
        return seen["headings"], seen["rows"]

    def card(self, title: str) -> "Locator":
        """Return a chart with its frame, of those that are in the window."""
        cards = self.page.get_by_test_id("experiment-view-compare-runs-card")
        return cards.filter(has=self.page.get_by_title(title, exact=True))

    def bars(self, metric: str, count: int) -> dict[str, float]:
        """Return what a bar chart says of each run, once it has so many bars."""
        card = self.card(metric)
        card.locator(".bartext").nth(count - 1).wait_for()
        values = [float(text) for text in card.locator(".bartext").all_text_contents()]
        names = card.inner_text().splitlines()[-count:]  # the legend, in the order of the bars
        return dict(zip(names, values, strict=True))

    def pictures(self, count: int) -> dict[str, Any]:
        """Return the pictures of the restored faces, once so many have loaded."""
        table = self.page.locator("[role=table]").filter(has_text="restored/")
        table.wait_for()
        self.page.wait_for_function(LOADED, arg=[table.element_handle(), count])
        return table.evaluate(PICTURES)


@contextmanager
def runs_page(browser: "Browser", width: int, height: int) -> Iterator[RunsPage]:
    """Give a browser's first page, as a newcomer has it; no other machine can be reached.

    Args:
        browser: Chromium.
        width: of the window, in pixels.
        height: the same; charts outside of it MLflow does not draw.
    """
    context = browser.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(PATIENCE)
    seen = RunsPage(context.new_page())

    def refuse(route: Any) -> None:
        seen.refused.append(route.request.url)
        route.abort()

    context.route(OUTSIDE, refuse)
    yield seen
    context.close()
