"""A page of the console in a browser: how long to wait for it, and what its chart shows."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

from tests.support.local_run import wait_for

PATIENCE_MS = 60_000
# The options of the first chart of a page, as ECharts has them.
CHART = """() => {
  const at = document.querySelector('.chart');
  return window.getElement && at && getElement(Number(at.id.slice(1)))?.chart?.getOption() || {series: []};
}"""


_COUNT = f"(count) => ({CHART})().series.reduce((sum, line) => sum + line.data.length, 0) === count"


def wait_for_points(page: Page, count: int) -> None:
    """Wait until the page's chart has so many points; they are counted in the browser, which takes no time."""
    page.wait_for_function(_COUNT, arg=count, timeout=PATIENCE_MS)


def points_drawn(page: Page) -> list[list[Any]]:
    """The points of each line of the page's chart."""
    return [series["data"] for series in page.evaluate(CHART)["series"]]


def lines_drawn(page: Page) -> list[str]:
    """The names of the lines of the page's chart."""
    return [series["name"] for series in page.evaluate(CHART)["series"]]


def wait_until_drawn(page: Page, condition: Callable[[list[list[Any]]], object], what: str) -> None:
    """Wait until the page's chart is as it should be."""
    wait_for(lambda: bool(condition(points_drawn(page))), what, seconds=PATIENCE_MS / 1000)
