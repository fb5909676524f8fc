"""The columns of the datasets."""

from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.exports.columns import Column, Layout, new_columns


def test_dimensions_come_in_order_after_what_every_point_has() -> None:
    """The clients' dimensions follow ours as they are."""
    layout = Layout(("host", "zone"), written=True)
    assert [column.name for column in layout.catalog("metrics")] == [
        "metric_name", "metric_type", "time", "value", "host", "zone",
    ]  # fmt: skip
    assert [column.name for column in layout.catalog("aggregates")] == [
        "metric_name", "metric_type", "time", "count", "sum", "min", "max", "avg", "p50", "p90", "p99", "host", "zone",
    ]  # fmt: skip


def test_a_dimension_named_like_an_aggregate_keeps_its_place() -> None:
    """In the aggregates it is called export_…, a name no dimension can have; in the points nothing changes."""
    layout = Layout(("Count", "p99"), written=True)
    assert [column.name for column in layout.catalog("aggregates")][-2:] == ["export_count", "export_p99"]
    assert [column.name for column in layout.catalog("metrics")][-2:] == ["count", "p99"]


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
