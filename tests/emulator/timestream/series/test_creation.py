"""CREATE_TIME_SERIES, from rows to a TimeSeriesValue and back."""

import pytest
from hypothesis import given

from emulator.timestream.errors import ServiceError
from tests.support.series import Points, create, points, shown
from tests.support.sql_fleet import Ask, Row, many


@many
@given(series=points())
def test_points_are_sorted_by_time(ask: Ask, series: Points) -> None:
    """Rows in any order make a series sorted by time, whose column has the type of a time series of doubles."""
    answer = ask(f"SELECT s FROM {create(series)}")
    assert answer.rows == [[shown(series)]]
    assert answer.types == [{"TimeSeriesMeasureValueColumnInfo": {"Type": {"ScalarType": "DOUBLE"}}}]


@many
@given(series=points())
def test_unnest_gives_the_rows_back(ask: Ask, series: Points) -> None:
    """UNNEST of a series has a row for each point, with columns time and value or as they are called."""
    answer = ask(f"SELECT * FROM (SELECT s FROM {create(series)}) CROSS JOIN UNNEST(s)")
    assert answer.names == ["s", "time", "value"]
    assert [tuple(row[1:]) for row in answer.rows] == shown(series)
    renamed = ask(f"SELECT t.at, t.cpu FROM {create(series)} CROSS JOIN UNNEST(s) AS t (at, cpu)")
    assert [tuple(row) for row in renamed.rows] == shown(series)


@pytest.mark.parametrize("column", ["host", "requests", "healthy", "booted", "cpu"])
def test_values_of_every_type(ask: Ask, rows: list[Row], column: str) -> None:
    """A series may be of any measure's type, made of only those rows that a FILTER keeps, one per group."""
    found = ask(
        f"SELECT region, create_time_series(time, {column}) FILTER (WHERE {column} IS NOT NULL)"
        " FROM metrics.fleet GROUP BY region ORDER BY region"
    ).rows
    counts = [
        sum(1 for row in rows if row["region"] == region and row[column] is not None)
        for region in ("eu-west-1", "us-east-1")
    ]
    assert [len(series) for _region, series in found] == counts


def test_no_rows(ask: Ask) -> None:
    """Without rows there is no series but NULL, which UNNEST and other functions take as one."""
    none = "(SELECT create_time_series(time, cpu) AS s FROM metrics.fleet WHERE false)"
    assert ask(f"SELECT s, interpolate_linear(s, now()), integral_trapezoidal(s) FROM {none}").rows == [
        [None] * 3
    ]
    assert ask(f"SELECT time FROM {none} CROSS JOIN UNNEST(s)").rows == []


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("create_time_series(time)", "Unexpected parameters (timestamp) for function create_time_series"),
        ("create_time_series(cpu, cpu)", "Unexpected parameters (double, double)"),
        ("create_time_series(time, NULL)", "Unexpected parameters (timestamp, unknown)"),
        ("create_time_series(time, cpu)", "Time and value of create_time_series must not be NULL"),
    ],
)
def test_refused(ask: Ask, call: str, says: str) -> None:
    """What is no series is refused, as are points without a value."""
    with pytest.raises(ServiceError, match="^(line 1:8: )?" + says.replace("(", r"\(").replace(")", r"\)")):
        ask(f"SELECT {call} FROM metrics.fleet")
