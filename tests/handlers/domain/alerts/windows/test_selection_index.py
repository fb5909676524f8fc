"""The groups of series, found once for all batches."""

from collections.abc import Mapping
from unittest.mock import patch

from handlers.domain.alerts.rules.selection import Group, Selection
from handlers.domain.alerts.windows import selection_index
from handlers.domain.alerts.windows.selection_index import SelectionIndex
from handlers.domain.point import Series
from tests.support.rules import a_rule

SERIES = Series("cpu.load", "system", (("host", "a"), ("zone", "z")))


def an_index() -> SelectionIndex:
    """An index of four selections, two of them of one metric and one that does not ask for `SERIES`."""
    rules = [
        a_rule(by=["host"]),
        a_rule(by=["host"], threshold=7, rule_id="the-same-points"),
        a_rule(match={"zone": "other"}),
        a_rule(period=300),
        a_rule(metric_name="other"),
    ]
    return SelectionIndex(rules)


def test_selections_that_rules_share_stand_in_it_once() -> None:
    """Each metric has the places of its own selections, and of each the group."""
    index = an_index()
    metric = index.by_metric["cpu.load"]
    assert {name: len(found.selections) for name, found in index.by_metric.items()} == {
        "cpu.load": 3,
        "other": 1,
    }
    assert metric.places_of(SERIES) == ((0, ("a",)), (2, ()))
    assert metric.ids == tuple(selection.selection_id for selection in metric.selections)
    assert metric.step_s == 60


def test_the_groups_of_a_series_are_found_once() -> None:
    """As long as the series is the same object; another that is equal has the same groups."""
    asked: list[Mapping[str, str]] = []

    def group_in(selection: Selection, metric_type: str, dimensions: Mapping[str, str]) -> Group | None:
        asked.append(dimensions)
        return (selection.metric_name,)

    metric = an_index().by_metric["other"]
    twin = Series(*SERIES)
    with patch.object(Selection, "group_in", group_in):
        found = [metric.places_of(series) for series in (SERIES, SERIES, twin, SERIES)]
    assert found == [((0, ("other",)),)] * 4
    assert asked == [dict(SERIES.dimensions)] * 2


def test_ever_new_series_are_not_kept_beyond_the_bound() -> None:
    """What does not fit is found all the same, and the next batch may keep its own."""
    index = an_index()
    metric = index.by_metric["cpu.load"]
    with patch.object(selection_index, "KEPT", 50):
        many = [Series("cpu.load", "system", (("host", str(number)),)) for number in range(100)]
        for series in many:
            assert metric.places_of(series) == ((0, (series.dimensions[0][1],)), (2, ()))
        assert 50 <= metric.weight < 60
        index.trim()
        assert metric.weight == 0
        metric.places_of(many[0])
        index.trim()
        assert metric.weight > 0
