"""The console as a person has it: in a browser, on a run."""

import os
import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from ops.console.pages.frame import PAGES
from tests.support.console_page import PATIENCE_MS, points_drawn, wait_for_points, wait_until_drawn
from tests.support.local_run import LocalRun, wait_for

Open = Callable[..., Page]
HIDE = """(hidden) => {
  Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});
  document.dispatchEvent(new Event('visibilitychange'));
}"""
HOT = """rules:
  - rule_id: past-heat
    metric_name: past.heat
    by: [host]
    statistic: max
    operator: ">"
    threshold: 90
"""
LONG = """SELECT time, n, value FROM "metrics_dev"."metrics" WHERE metric_name = 'long'"""
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime / 1000"


def test_one_click_shows_a_chart_that_moves(open_page: Open) -> None:
    """From the first page, Explore draws this machine's CPU by core, and goes on drawing it."""
    page = open_page("/")
    page.get_by_role("link", name="Explore").click()
    expect(page.get_by_role("heading", name="avg of cpu.user")).to_be_visible(timeout=PATIENCE_MS)
    wait_until_drawn(page, lambda lines: bool(lines) and len(lines[0]) > 1, "a line")
    newest = points_drawn(page)[0][-1][0]
    wait_until_drawn(page, lambda lines: lines[0][-1][0] > newest, "a newer point")
    assert "core" in page.locator("textarea").input_value()


def test_the_picture_has_the_runs_figures(open_page: Open) -> None:
    """Requests, points and the delay stand at their boxes, and the sum is right."""
    page = open_page("/")
    expect(page.get_by_text(re.compile("points received = .* stored"))).to_be_visible(timeout=PATIENCE_MS)
    box = page.locator(".box", has_text="Metric writer")
    wait_for(
        lambda: int(box.locator(".box-number").inner_text().replace(",", "")) > 100, "points", seconds=60
    )


def test_a_bad_point_is_seen_with_its_cure(open_page: Open) -> None:
    """It is sent from the page, and found on another with what to do about it; its request's page has the account."""
    page = open_page("/")
    page.get_by_role("button", name="Time in seconds").click()
    page.get_by_role("button", name="POST it").click()
    # Anywhere on the page, a count of points may be 202 as well.
    expect(page.locator(".answer.good")).to_contain_text("202", timeout=PATIENCE_MS)
    page.get_by_role("link", name="Quarantine").first.click()
    expect(page.get_by_role("heading", name="timestamp_too_old")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text(re.compile("What to do:.*redrive --fix seconds"))).to_be_visible()
    page.get_by_role("link", name=re.compile("^Request .+=$")).click()
    expect(page.get_by_text(re.compile("^request .+=: settled$"))).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("1 quarantined", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile("timestamp_too_old in timestamp"))).to_be_visible()
    page.get_by_label("Request id").fill("nobody's")
    page.get_by_label("Request id").press("Enter")
    expect(page.get_by_text("request nobody's: unknown")).to_be_visible(timeout=PATIENCE_MS)


def test_the_sample_alert_is_tripped_and_explained(open_page: Open, run: LocalRun) -> None:
    """A button sends its point; once it fires, the page shows the value, the threshold and the message."""
    page = open_page("/alerts")
    page.get_by_role("button", name="Trip the sample alert").click()
    expect(page.get_by_text("fires within")).to_be_visible(timeout=PATIENCE_MS)
    run.wait_until_stored("demo.temperature", 1)
    expect(page.get_by_text("demo-hot: demo.temperature room=attic")).to_be_visible(timeout=150_000)
    # It is over a minute later, and then says so.
    expect(page.get_by_role("cell", name="temperature in the attic: 95")).to_be_visible()
    expect(page.get_by_text("ALARM", exact=True).first).to_be_visible()
    expect(page.get_by_text("breaching").first).to_be_visible()


def test_a_rule_is_back_tested_and_drawn(open_page: Open, run: LocalRun) -> None:
    """As it is typed, over points of the past: what would have fired, and the values of the group that did."""
    minutes_ms = [int(time.time() // 60 - ago) * 60_000 for ago in range(3, 9)]
    metric = {"metric_name": "past.heat", "dimensions": {"host": "it's <b>"}}
    reply = run.post({"metrics": [{**metric, "value": 95, "timestamp": at_ms} for at_ms in minutes_ms]})
    assert reply.status == 202
    run.wait_until_stored("past.heat", len(minutes_ms))
    page = open_page("/backtest")
    text = page.get_by_label("Rule to try")
    expect(text).to_have_value(re.compile("rule_id"), timeout=PATIENCE_MS)
    text.fill(HOT)
    page.get_by_role("button", name="Back-test").click()
    expect(page.get_by_role("heading", name=re.compile("past-heat: fires 1 time in 1d"))).to_be_visible(
        timeout=PATIENCE_MS
    )
    expect(page.get_by_text("No rule of this id is in force.")).to_be_visible()
    expect(page.get_by_role("button", name="host=it's <b>")).to_be_visible()
    expect(page.locator("canvas")).to_be_visible()
    text.fill("rules: [")
    page.get_by_role("button", name="Back-test").click()
    expect(page.get_by_role("alert")).to_contain_text("line 1", timeout=PATIENCE_MS)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1920, "light")])
def test_each_page_fits_phone_and_wide_screen(open_page: Open, path: str, width: int, scheme: str) -> None:
    """Nothing is wider than the screen, and the ground is light or dark as the browser is."""
    page = open_page(path, width=width, scheme=scheme)
    page.wait_for_timeout(1500)
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    red = page.evaluate("() => Number(getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0])")
    assert (red < 60) == (scheme == "dark")
    expect(page.locator(".fault")).to_be_hidden()


def test_keys_are_enough(open_page: Open) -> None:
    """Digits go to the pages, a slash to the search, and Enter on a metric draws it."""
    page = open_page("/")
    page.keyboard.press("2")
    page.wait_for_url("**/explore**")
    expect(page.get_by_role("button", name="memory.percent")).to_be_visible(timeout=PATIENCE_MS)
    page.keyboard.press("/")
    page.keyboard.type("memory.perc")
    page.get_by_role("button", name="memory.percent").press("Enter")
    expect(page.get_by_role("heading", name="avg of memory.percent")).to_be_visible(timeout=PATIENCE_MS)
    page.keyboard.press("4")
    page.wait_for_url("**/quarantine**")


def test_a_page_that_nobody_sees_asks_nothing(open_page: Open) -> None:
    """A hidden page stops counting up what it costs, and goes on when it is seen."""
    page = open_page("/explore")
    wait_until_drawn(page, bool, "a line")
    page.evaluate(HIDE, True)

    def stands_still() -> bool:
        # What was asked before may still be answered.
        before = page.locator(".cost").inner_text()
        page.wait_for_timeout(4000)
        return page.locator(".cost").inner_text() == before

    wait_for(stands_still, "no more questions", seconds=60)
    before = page.locator(".cost").inner_text()
    page.evaluate(HIDE, False)
    wait_for(lambda: page.locator(".cost").inner_text() != before, "a question", seconds=60)


def test_sql_by_hand_is_drawn_and_a_mistake_is_explained(open_page: Open) -> None:
    """Rows without a time are a table; Timestream's reason is on the page."""
    page = open_page("/explore")
    wait_until_drawn(page, bool, "a line")
    page.locator("textarea").fill('SELECT metric_name, count(*) AS n FROM "metrics_dev"."metrics" GROUP BY 1')
    page.locator("textarea").press("Control+Enter")
    expect(page.get_by_role("heading", name="SQL by hand")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("a chart takes a time and a number")).to_be_visible()
    expect(page.get_by_role("cell", name="cpu.interrupts").last).to_be_visible()
    page.locator("textarea").fill("SELECT nope FROM nowhere")
    page.get_by_role("button", name="Run").click()
    expect(page.locator(".fault")).to_contain_text("cannot query Timestream", timeout=PATIENCE_MS)


def test_it_is_quick(open_page: Open, run: LocalRun) -> None:
    """First paint, a list of a thousand metrics, and a chart of ten thousand points come within a second each."""
    run.post({"metrics": [{"metric_name": f"many.{number}", "value": number} for number in range(1000)]})
    now_ms = int(time.time() * 1000)
    for lines in (range(17), range(17, 34)):  # the door of dev lets five requests a second through
        points = [
            {
                "metric_name": "long",
                "value": line + second % 7,
                "timestamp": now_ms - second * 1000,
                "dimensions": {"n": str(line)},
            }
            for line in lines
            for second in range(300)
        ]
        assert run.post({"metrics": points}).status == 202
    wait_for(lambda: run.stored("long") == 34 * 300, "the points", seconds=60)

    best = [60.0, 60.0, 60.0]
    for _ in range(8):
        page = open_page("/explore?metric=memory.percent&ago=5m")
        times = [page.evaluate(PAINT)]
        page.get_by_role("button", name="many.0").wait_for(timeout=PATIENCE_MS)
        search = page.get_by_label("Search metrics")
        began = time.monotonic()
        search.fill("many.999")
        page.get_by_role("button", name="many.999").wait_for(timeout=PATIENCE_MS)
        times.append(time.monotonic() - began)
        page.locator("textarea").fill(LONG)
        began = time.monotonic()
        page.get_by_role("button", name="Run").click()
        wait_for_points(page, 34 * 300)
        times.append(time.monotonic() - began)
        page.close()
        best = list(map(min, best, times))
        # A second of a machine that does nothing else.
        if max(best) < max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)):
            return
    pytest.fail(f"seconds to first paint, list and chart: {best}")
