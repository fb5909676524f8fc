"""Metrics in log lines."""

import json
from typing import Any

import pytest

from emulator.clock import Clock
from emulator.cloudwatch.metrics import MetricId, RegionMetrics
from emulator.lambda_.embedded_metrics import EmbeddedMetrics, MetricStatistics


def line(values: dict[str, Any], *names: str) -> str:
    """A log line that declares these names."""
    directives = [{"Namespace": "T", "Dimensions": [[]], "Metrics": [{"Name": name}]} for name in names]
    return json.dumps({"_aws": {"Timestamp": 1, "CloudWatchMetrics": directives}, **values})


def test_values_add_up_by_function_and_name() -> None:
    """A list counts value by value; a name that several directives declare counts once."""
    metrics = EmbeddedMetrics(RegionMetrics(Clock()))
    metrics.add("writer", line({"Points": 3}, "Points", "Points"))
    metrics.add("writer", line({"Points": [1, 5.5]}, "Points"))
    metrics.add("reader", line({"Points": 9}, "Points"))
    assert metrics.snapshot() == {
        "writer": {"Points": MetricStatistics(9.5, 3, 1, 5.5, 5.5)},
        "reader": {"Points": MetricStatistics(9, 1, 9, 9, 9)},
    }


@pytest.mark.parametrize(
    "text",
    [
        "a line",
        '{"_aws"',
        '{"_aws": 1}',
        '{"_aws": {"CloudWatchMetrics": "x"}}',
        '{"_aws": {"CloudWatchMetrics": [1, {"Metrics": [1, {"Name": 5}]}]}}',
        line({"Points": "3"}, "Points"),
        line({"Points": True}, "Points"),
        line({"Other": 1}, "Points"),
    ],
)
def test_any_other_line_counts_nothing(text: str) -> None:
    """A function may print what it likes."""
    metrics = EmbeddedMetrics(RegionMetrics(Clock()))
    metrics.add("writer", text)
    assert metrics.snapshot() == {}


def test_cloudwatch_has_each_value_under_every_set_of_dimensions_at_the_time_of_the_line() -> None:
    """With the unit that the line says; a set that names what the line does not have is left out."""
    put = RegionMetrics(Clock())
    directive = {
        "Namespace": "Shop",
        "Dimensions": [["Stage"], ["Stage", "Color"], ["Nowhere"], "x"],
        "Metrics": [{"Name": "Paid", "Unit": "Count"}],
    }
    text = {
        "_aws": {"Timestamp": 120_500, "CloudWatchMetrics": [directive]},
        "Paid": [1, 4],
        "Stage": "live",
        "Color": "red",
    }
    EmbeddedMetrics(put).add("writer", json.dumps(text))
    places = [(("Stage", "live"),), (("Color", "red"), ("Stage", "live"))]
    assert sorted(metric.dimensions for metric in put.ids()) == sorted(places)
    for place in places:
        metric = MetricId("Shop", "Paid", place)
        found = put.values(metric, 2, 3)
        assert found is not None
        assert (found.sum, found.count, found.maximum, put.unit(metric)) == (5, 2, 4, "Count")
