"""The columns of the datasets."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.dimensions import read_dimensions
from handlers.domain.exports.columns import Column, Layout, column_name, new_columns
from handlers.domain.violation import Violation
from handlers.vocabulary import DATASETS, FIXED_COLUMNS, LAKE


def test_dimensions_come_in_order_after_what_every_point_has() -> None:
    """The clients' dimensions follow ours, and say whose they are."""
    layout = Layout(("host", "zone"), written=True)
    assert [column.name for column in layout.catalog("metrics")] == [
        "metric_name", "metric_type", "time", "value", "host", "zone",
    ]  # fmt: skip
    assert [column.dimension for column in layout.catalog("metrics")] == ["", "", "", "", "host", "zone"]
    assert [column.name for column in layout.catalog("aggregates")] == [
        "metric_name", "metric_type", "time", "count", "sum", "min", "max", "avg", "p50", "p90", "p99", "host", "zone",
    ]  # fmt: skip


def test_the_lake_has_its_versions_and_the_columns_of_its_view() -> None:
    """What lost has no dimension; a dimension that is called like a column of the view is called as it is there."""
    layout = Layout(("host", "version"), written=True, kind=LAKE)
    assert layout.datasets == (*DATASETS, "replaced")
    assert [column.name for column in layout.catalog("metrics")] == [
        "metric_name", "metric_type", "time", "value", "series", "time_ns", "version", "request", "index", "host",
        "export_version",
    ]  # fmt: skip
    assert [column.name for column in layout.catalog("aggregates")][-2:] == ["host", "version"]
    assert [column.name for column in layout.catalog("replaced")] == [
        "series", "time_ns", "version", "request", "index",
    ]  # fmt: skip


def test_a_dimension_named_like_an_aggregate_keeps_its_place() -> None:
    """In the aggregates it is called export_…, a name no dimension can have; in the points nothing changes."""
    layout = Layout(("Count", "p99"), written=True)
    assert [column.name for column in layout.catalog("aggregates")][-2:] == ["export_count", "export_p99"]
    assert [column.name for column in layout.catalog("metrics")][-2:] == ["count", "p99"]


@pytest.mark.parametrize(
    ("dimension", "column"),
    [
        ("host", "host"),
        ("hostId", "hostid"),
        ("host_name", "host_name"),
        ("host.name", "host__name"),
        ("host-name", "host___name"),
        ("k8s.pod-ip", "k8s__pod___ip"),
        ("_private", "_private"),
        ("host__name", "export_a06443ee_host__name"),
        ("host._name", "export_601a9d8a_host___name"),
        ("host.", "export_cd174bf0_host__"),
    ],
)
@pytest.mark.parametrize("dataset", DATASETS)
def test_a_dimensions_column_is_one_that_athena_takes(dataset: str, dimension: str, column: str) -> None:
    """For ever the same one: readers have written queries with it."""
    assert column_name(dataset, dimension) == column


DIMENSIONS = (
    st.text("abC0_.-", min_size=1, max_size=9)
    | st.sampled_from(["count", "Count", "p99", "metric.name", "export.date"])
).filter(lambda name: not isinstance(read_dimensions({name: "x"}, 120), Violation))


@given(st.lists(DIMENSIONS, unique_by=str.lower, min_size=2, max_size=60), st.sampled_from(DATASETS))
def test_no_two_dimensions_have_one_column(dimensions: list[str], dataset: str) -> None:
    """Nor one that is ours, or a partition's; and all are of the letters that Athena takes."""
    columns = [column_name(dataset, name) for name in dimensions]
    assert len(set(columns)) == len(columns)
    assert not set(columns) & {"export_date", "export_hour", *(name for name, _ in FIXED_COLUMNS[dataset])}
    for column in columns:
        assert re.fullmatch(r"[a-z_][a-z0-9_]{0,254}", column)


NAMES = st.lists(st.text("abcXYZ_.-", min_size=1, max_size=5), unique_by=str.lower, max_size=8)


@given(NAMES, NAMES, st.sampled_from(["metrics", "aggregates"]))
def test_columns_are_only_ever_appended(before: list[str], after: list[str], dataset: str) -> None:
    """A table gets exactly the columns it lacks, at its end, each name once, whatever came in which order."""
    columns = Layout(tuple(sorted(before)), written=True).catalog(dataset)
    wanted = Layout(tuple(sorted(after)), written=True).catalog(dataset)
    table = (*columns, *new_columns(columns, wanted))
    assert table[: len(columns)] == columns
    assert len({column.name for column in table}) == len(table)
    assert {column.name for column in table} == {column.name for column in (*columns, *wanted)}
    assert new_columns(table, wanted) == ()


def test_the_catalog_may_spell_a_column_otherwise() -> None:
    """Catalogs fold case, so a column is known whatever its case."""
    assert new_columns([Column("Host", "string")], [Column("host", "string")]) == ()
