"""GetMetricData's queries."""

from typing import Any

import pytest

from emulator.clock import Clock
from emulator.cloudwatch.metrics import RegionMetrics
from emulator.cloudwatch.queries import run


@pytest.fixture
def metrics() -> RegionMetrics:
    """Requests of an API in minutes 10 to 15, one of ten failed in minute 12."""
    found = RegionMetrics(Clock())
    for minute in range(10, 15):
        for number in range(10):
            found.put("API", "Error", minute == 12 and number == 0, {"Stage": "a"}, at_s=minute * 60)
    return found


def query(name: str, stat: str, period_s: int = 60) -> dict[str, Any]:
    """A query for a statistic of the errors."""
    metric = {"Namespace": "API", "MetricName": "Error", "Dimensions": [{"Name": "Stage", "Value": "a"}]}
    return {"Id": name, "MetricStat": {"Metric": metric, "Stat": stat, "Period": period_s}}


def test_periods_begin_at_the_start_and_those_without_values_are_missing(metrics: RegionMetrics) -> None:
    """Sums of two minutes from minute 9 on, of which the first has one minute of values and the last none."""
    assert run(metrics, [query("n", "SampleCount", 120)], 9, 19)["n"] == {9: 10, 11: 20, 13: 20}


def test_an_expression_is_worked_out_where_its_queries_have_values(metrics: RegionMetrics) -> None:
    """In any order of the queries."""
    rate = {"Id": "rate", "Expression": "IF(number >= 10, failed / number, 0)"}
    found = run(metrics, [rate, query("number", "SampleCount"), query("failed", "Sum")], 11, 14)
    assert found["rate"] == {11: 0.0, 12: 0.1, 13: 0.0}


def test_sql_sums_up_over_dimensions(metrics: RegionMetrics) -> None:
    """The metrics of every stage together."""
    metrics.put("API", "Error", 5, {"Stage": "b"}, at_s=12 * 60)
    sql = {"Id": "all", "Expression": "SELECT SUM(Error) FROM API", "Period": 300}
    assert run(metrics, [sql], 10, 15)["all"] == {10: 6}


@pytest.mark.parametrize(
    ("queries", "said"),
    [
        ([query("n", "Sum", 90)], "n: a period of 90 s"),
        ([query("n", "tm99")], "tm99 is not made here"),
        ([{"Id": "a", "Expression": "b + 1"}], "a: there is no query b"),
        ([{"Id": "a", "Expression": "b"}, {"Id": "b", "Expression": "a"}], "or it needs this one"),
        ([{"Id": "a", "Expression": "SELECT SUM(Error) FROM API"}], "a: a period of 0 s"),
    ],
)
def test_a_query_that_cannot_be_answered_says_why(
    metrics: RegionMetrics, queries: list[dict[str, Any]], said: str
) -> None:
    """With its id, or with what is not known here."""
    with pytest.raises(ValueError, match=said):
        run(metrics, queries, 0, 10)
