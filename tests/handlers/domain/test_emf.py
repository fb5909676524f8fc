"""The embedded metric format."""

import json

from handlers.domain.emf import metrics_line


def test_a_line_declares_each_value_once_and_carries_its_context() -> None:
    """CloudWatch reads the values by the directive; people read what stands beside them."""
    line = metrics_line(
        {"Points": 3, "Delay": [1, 2]},
        {"Project": "metrics", "Environment": "dev"},
        1763769600000,
        units={"Delay": "Milliseconds"},
        context={"details": {"shard": "ü\u2028"}},
    )
    assert line.isascii()
    assert json.loads(line) == {
        "Points": 3,
        "Delay": [1, 2],
        "Project": "metrics",
        "Environment": "dev",
        "details": {"shard": "ü\u2028"},
        "_aws": {
            "Timestamp": 1763769600000,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Tidegauge",
                    "Dimensions": [["Project", "Environment"]],
                    "Metrics": [
                        {"Name": "Points", "Unit": "Count"},
                        {"Name": "Delay", "Unit": "Milliseconds"},
                    ],
                }
            ],
        },
    }


def test_a_zero_is_logged_and_not_paid_for() -> None:
    """A metric is billed for each hour in which it gets a value; a line of zeros alone is no metric at all."""
    dimensions = {"Project": "metrics", "Environment": "dev"}
    line = json.loads(metrics_line({"Points": 3, "Failures": 0, "Delay": []}, dimensions, 0))
    assert (line["Failures"], line["Delay"]) == (0, [])
    assert [metric["Name"] for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]] == ["Points"]
    assert json.loads(metrics_line({"Failures": 0}, dimensions, 0)) == {"Failures": 0, **dimensions}
