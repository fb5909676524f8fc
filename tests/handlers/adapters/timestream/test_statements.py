"""The SQL of an export. That it does what it says is shown against the local Timestream; here is its form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp, parse_one

from handlers.adapters.timestream.statements import Source, count_points, describe, read_description, unload
from handlers.domain.errors import ConfigurationError
from handlers.domain.exports.attempt import Attempt
from handlers.domain.exports.columns import Layout
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.job import Claim, ExportJob, PointCount, UnloadRequest
from handlers.vocabulary import DATASETS

SOURCE = Source("metrics_dev", "metrics", "exports", "arn:aws:kms:us-east-1:123456789012:key/k")
HOUR = Hour.parse("2026-11-22T02")
ATTEMPT = Attempt(HOUR, 1, HOUR.end_s + 900)
_OURS = {"metric_name", "metric_type", "time", "value"}
BOUNDS = (
    "time >= TIMESTAMP '2026-11-22 02:00:00.000000000' AND time < TIMESTAMP '2026-11-22 03:00:00.000000000'"
)


def request(dimensions: tuple[str, ...], dataset: str) -> UnloadRequest:
    """The UNLOAD of the attempt's dataset."""
    job = ExportJob(Claim(ATTEMPT, "execution"), Layout(dimensions, written=True), PointCount(1))
    return job.request(dataset)


def _select(statement: str) -> exp.Select:
    inner = (
        statement.removeprefix("UNLOAD (")
        .rpartition(") TO '")[0]
        .replace('bin("time", 1m)', "bin(time, '1m')")
    )
    select = parse_one(inner, dialect="trino")
    assert isinstance(select, exp.Select)
    return select


@pytest.mark.parametrize("dataset", DATASETS)
def test_an_unload_holds_exactly_its_hour(dataset: str) -> None:
    """Both datasets are bounded to the nanosecond, the hour's end left out."""
    assert BOUNDS in unload(SOURCE, request(("host",), dataset))
    assert BOUNDS in count_points(SOURCE, HOUR)


@pytest.mark.parametrize("dataset", DATASETS)
def test_an_unload_goes_to_its_own_prefix_under_our_key(dataset: str) -> None:
    """Parquet, below the attempt's prefix, encrypted with the region's key."""
    statement = unload(SOURCE, request((), dataset))
    assert f"TO 's3://exports/{ATTEMPT.prefix(dataset)[:-1]}'" in statement
    assert "format = 'PARQUET'" in statement
    assert f"encryption = 'SSE_KMS', kms_key = '{SOURCE.key_arn}'" in statement
    assert "partitioned_by" not in statement


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(
            lambda name: name not in _OURS  # which no dimension may have
        ),
        unique=True,
        max_size=6,
    )
)
def test_no_dimension_name_gets_out_of_its_quotes(names: list[str]) -> None:
    """Whatever a dimension is called, the statement selects a column of just that name and stays one SELECT."""
    for dataset in DATASETS:
        select = _select(unload(SOURCE, request(tuple(names), dataset)))
        columns = [
            column.name for expression in select.expressions for column in expression.find_all(exp.Column)
        ]
        assert [name for name in columns if name in names] == [name for name in columns if name not in _OURS]
        assert set(names) - _OURS <= set(columns)
        assert len(list(select.find_all(exp.Select))) == 1


def test_aggregates_are_grouped_by_the_whole_series() -> None:
    """Name, type, every dimension and the minute make a row."""
    select = _select(unload(SOURCE, request(("count", "host"), "aggregates")))
    groups = [group.sql("trino") for group in select.args["group"].expressions]
    assert len(groups) == 5
    assert [expression.alias for expression in select.expressions] == [
        "metric_name", "metric_type", "export_count", "host", "time",
        "count", "sum", "min", "max", "avg", "p50", "p90", "p99",
    ]  # fmt: skip


def test_the_table_is_named_in_quotes() -> None:
    """Database and table come from the deployment and are quoted all the same."""
    assert describe(Source('a"b', "t", "x", "k")) == 'DESCRIBE "a""b"."t"'


DESCRIPTION = [
    ["metric_name", "varchar", "DIMENSION"],
    ["metric_type", "varchar", "DIMENSION"],
    ["measure_name", "varchar", "MEASURE_NAME"],
    ["time", "timestamp", "TIMESTAMP"],
    ["value", "double", "MULTI"],
]


def test_dimensions_are_sorted_and_ours_are_none_of_them() -> None:
    """The clients' dimensions, in an order that does not change."""
    rows = [["zone", "varchar", "DIMENSION"], *DESCRIPTION, ["host", "varchar", "DIMENSION"]]
    assert read_description(rows) == Layout(("host", "zone"), written=True)


def test_a_table_that_was_never_written_to_has_no_points() -> None:
    """Before the first point there is no column value, and nothing to unload."""
    assert read_description(DESCRIPTION[:-1]) == Layout((), written=False)


@pytest.mark.parametrize("row", [["value", "bigint", "MULTI"], ["value", "varchar", "DIMENSION"]])
def test_a_table_of_something_else_is_refused(row: list[str]) -> None:
    """If value is not a double measure, the deployment is wrong."""
    with pytest.raises(ConfigurationError, match="value"):
        read_description([*DESCRIPTION[:-1], row])
