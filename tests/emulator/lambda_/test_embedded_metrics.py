"""Metrics in log lines."""

import json
from typing import Any

import pytest

from emulator.lambda_.embedded_metrics import EmbeddedMetrics, MetricStatistics


def line(values: dict[str, Any], *names: str) -> str:
    """A log line that declares these names."""
    directives = [{"Namespace": "T", "Dimensions": [[]], "Metrics": [{"Name": name}]} for name in names]
    return json.dumps({"_aws": {"Timestamp": 1, "CloudWatchMetrics": directives}, **values})


def test_values_add_up_by_function_and_name() -> None:
    """A list counts value by value; a name that several directives declare counts once."""
    metrics = EmbeddedMetrics()
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
    metrics = EmbeddedMetrics()
    metrics.add("writer", text)
    assert metrics.snapshot() == {}
