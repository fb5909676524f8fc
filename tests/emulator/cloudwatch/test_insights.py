"""Metrics Insights."""

import pytest

from emulator.cloudwatch.insights import Query, is_query, parse_query
from emulator.cloudwatch.metrics import MetricId

SQL = """SELECT SUM(Failures) FROM "AWS/Timestream" WHERE DatabaseName = 'd' AND "TableName"='t'"""


def test_a_query_names_a_statistic_a_metric_and_what_its_dimensions_are() -> None:
    """Names with or without quotes."""
    query = parse_query(SQL)
    assert is_query(SQL)
    assert query == Query("Sum", "AWS/Timestream", "Failures", {"DatabaseName": "d", "TableName": "t"})
    assert parse_query("select avg(M) from N") == Query("Average", "N", "M", {})


@pytest.mark.parametrize(
    ("dimensions", "taken"),
    [
        ((("DatabaseName", "d"), ("TableName", "t")), True),
        ((("DatabaseName", "d"), ("Operation", "x"), ("TableName", "t")), True),
        ((("DatabaseName", "d"),), False),
        ((("DatabaseName", "d"), ("TableName", "other")), False),
    ],
)
def test_it_takes_metrics_with_these_dimensions_and_more(
    dimensions: tuple[tuple[str, str], ...], taken: bool
) -> None:
    """That is what it is for: AWS may add dimensions."""
    assert parse_query(SQL).takes(MetricId("AWS/Timestream", "Failures", dimensions)) == taken


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT SUM(M) FROM SCHEMA(N, D)",
        "SELECT SUM(M) FROM N GROUP BY D",
        "SELECT SUM(M) FROM N WHERE D != 'x'",
        "SELECT SUM(M) FROM N WHERE D = 'x' OR E = 'y'",
        "SELECT MEDIAN(M) FROM N",
        "SELECT SUM(M) FROM N LIMIT 5",
    ],
)
def test_other_queries_are_refused_with_their_words(sql: str) -> None:
    """Grouping, schemas and other conditions are not known here."""
    with pytest.raises(ValueError, match="is not run here"):
        parse_query(sql)
