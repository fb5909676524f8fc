"""Charts as ECharts' options: nothing that clients named is code or markup in them."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.console.charts import LINES_MOST, firing_chart, line_chart, plain, verdict_chart
from ops.console.readers.sql import Line

HOSTILE = ":formatter <img src=x onerror=alert(1)> {a|b} {b}"


def _pairs(options: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(options, dict):
        for key, value in options.items():
            yield key, value
            yield from _pairs(value)
    elif isinstance(options, list):
        for value in options:
            yield from _pairs(value)


@given(st.lists(st.text(), max_size=5))
def test_names_are_values_and_never_keys_or_formats(names: list[str]) -> None:
    """A key with a colon would run as code, a formatter would be HTML; tooltips are drawn on the canvas."""
    lines = [Line(name, [(0, 1.0), (1000, None)]) for name in [*names, HOSTILE]]
    options = line_chart(lines)
    keys = {key for key, _ in _pairs(options)}
    assert keys == {key for key, _ in _pairs(line_chart([Line("a", [(0, 1.0)]), Line("b", [(0, 1.0)])]))}
    assert not [key for key in keys if key.startswith(":") or key == "formatter"]
    assert options["tooltip"]["renderMode"] == "richText"


@given(st.text())
def test_a_label_is_short_and_printable(name: str) -> None:
    """No braces, by which ECharts styles text, no control characters, and no more than a line."""
    assert plain(name).isprintable()
    assert not set("{}") & set(plain(name))
    assert len(plain(name)) <= 81


def test_lines_beyond_the_most_are_left_out() -> None:
    """A chart of a thousand lines shows nothing."""
    many = [Line(str(number), [(0, 1.0)]) for number in range(LINES_MOST + 1)]
    assert len(line_chart(many)["series"]) == LINES_MOST
    assert line_chart(many)["legend"]["show"]
    assert not line_chart(many[:1])["legend"]["show"]


@pytest.mark.parametrize("value", [95.0, None])
def test_an_alerts_chart_holds_its_thresholds(value: float | None) -> None:
    """Threshold and recovery are within the axis, also when the period has no value; equal ones are drawn once."""
    options = verdict_chart([(60_000, value, "#ef4444")], 60, [90.0], [80.0])
    (bars,) = options["series"]
    assert [mark["yAxis"] for mark in bars["markLine"]["data"]] == [90.0, 80.0]
    assert options["yAxis"]["min"] == 0
    assert options["yAxis"]["max"] > 90
    assert options["xAxis"]["max"] - options["xAxis"]["min"] == 12 * 60_000
    (same,) = verdict_chart([(60_000, value, "")], 60, [90.0], [90.0])["series"]
    assert len(same["markLine"]["data"]) == 1


def test_a_single_time_has_a_minute_on_each_side() -> None:
    """Left to itself the axis would show two days."""
    alone = line_chart([Line("a", [(600_000, 1.0)]), Line("b", [(600_000, 2.0)])])["xAxis"]
    assert (alone["min"], alone["max"]) == (540_000, 660_000)
    several = line_chart([Line("a", [(0, 1.0), (1, 1.0)])])["xAxis"]
    assert (several["min"], several["max"]) == (None, None), "as the points are"


def test_a_firing_is_an_area_and_the_axis_has_room_for_the_bounds() -> None:
    """Values in a few digits; a period without one breaks the line."""
    options = firing_chart(
        [(0, 1.0), (1000, None), (2000, 3.0)], [(500, 1500)], [90.0], [80.0], (0, 2000), (1.0, 90.0)
    )
    [series] = options["series"]
    assert series["data"] == [[0, 1.0], [1000, None], [2000, 3.0]]
    assert series["markArea"]["data"] == [[{"xAxis": 500}, {"xAxis": 1500}]]
    assert [mark["yAxis"] for mark in series["markLine"]["data"]] == [90.0, 80.0]
    assert (options["yAxis"]["min"], options["yAxis"]["max"]) == (-5, 100)
    assert (options["xAxis"]["min"], options["xAxis"]["max"]) == (0, 2000)


def test_a_value_that_never_changes_has_an_axis() -> None:
    """Also one of nothing."""
    for value in (0.0, 5.0, 1e300, -1e-9):
        axis = firing_chart([(0, value)], [], [value], [value], (0, 1), (value, value))["yAxis"]
        assert axis["min"] < value < axis["max"]
