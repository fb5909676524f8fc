"""The SQL of an hour's compaction."""

from handlers.adapters.lake.athena import LONGEST_QUERY_BYTES
from handlers.adapters.lake.statements import count_versions, unload
from handlers.domain.exports.attempt import Attempt
from handlers.domain.exports.columns import Layout
from handlers.domain.exports.job import Claim, ExportJob, PointCount
from handlers.vocabulary import LAKE
from tests.support.export_ports import HOUR, NOW_S

HOSTILE = ('a"b', "it's", "count", "host.name", "time_ns")


def statement(dataset: str, *dimensions: str) -> str:
    """The statement that writes a dataset of points with these dimensions."""
    layout = Layout(dimensions, written=True, kind=LAKE)
    return unload(
        "exports", ExportJob(Claim(Attempt(HOUR, 1, NOW_S), "a"), layout, PointCount(1)).request(dataset)
    )


def test_an_hour_is_counted_by_one_query() -> None:
    """Its points by the one view, and what they replaced by the other."""
    assert count_versions(HOUR) == (
        "SELECT points, first, last, superseded FROM "
        '(SELECT count(*) AS points, min("time_ns") AS first, max("time_ns") AS last '
        'FROM "points" WHERE "event_hour" = \'2026-11-22-02\') CROSS JOIN '
        '(SELECT count(*) AS superseded FROM "superseded" WHERE "event_hour" = \'2026-11-22-02\')'
    )


def test_points_are_written_with_all_that_the_view_reads() -> None:
    """Below the attempt's own prefix, where what is published is looked for."""
    assert statement("metrics", "host.name") == (
        'UNLOAD (SELECT "metric_name", "metric_type", "time", "value", "series", "time_ns", "version", "request", '
        '"index", "host__name" FROM "points" WHERE "event_hour" = \'2026-11-22-02\') TO '
        f"'s3://exports/metrics/2026-11-22/02/{Attempt(HOUR, 1, NOW_S).run}/results/' "
        "WITH (format = 'PARQUET', compression = 'SNAPPY')"
    )


def test_minutes_are_grouped_by_series() -> None:
    """A dimension that is called like a measure has a column of its own; that of the view is read."""
    sql = statement("aggregates", "count", "host")
    assert 'AS "time", "count" AS "export_count", "host", count("value") AS "count"' in sql
    assert "GROUP BY 1, 2, 3, 4, 5)" in sql


def test_the_longest_names_fit_into_what_athena_takes() -> None:
    """As many dimensions as a lake may have, each with a column three times as long as its name."""
    names = [f"a{'-' * 55}{number:03}z" for number in range(500)]
    for dataset in ("metrics", "aggregates"):
        assert len(statement(dataset, *names).encode()) < LONGEST_QUERY_BYTES


def test_what_lost_is_written_as_versions() -> None:
    """Their values are not kept."""
    sql = statement("replaced", "host")
    assert 'SELECT "series", "time_ns", "version", "request", "index" FROM "superseded" WHERE' in sql


def test_every_name_of_a_client_is_quoted() -> None:
    """Quotes in names end nothing, and columns are called as readers find them."""
    for dataset in ("metrics", "aggregates"):
        sql = statement(dataset, *HOSTILE)
        for name in HOSTILE:
            column = Layout((), written=True, kind=LAKE).column("metrics", name)
            assert f'"{column.replace(chr(34), chr(34) * 2)}"' in sql
