"""Statements that would read every hour of a lake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.store.hours import reads_every_hour

RELATIONS = ("points", "superseded")
HOUR = "event_hour"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM points",
        'select count(*) from "metrics_lake"."points" where value > 1',
        "SELECT * FROM awsdatacatalog.metrics_lake.points LIMIT 5",
        "SELECT * FROM POINTS p JOIN other USING (series)",
        "SELECT * FROM other o LEFT JOIN superseded s ON o.series = s.series",
        "SELECT * FROM other, points",
        "SELECT * FROM (SELECT value FROM (points))",
        "WITH p AS (SELECT * FROM points) SELECT * FROM p",
        "SELECT 'event_hour' FROM points -- event_hour",
        "SELECT value /* event_hour */ FROM points WHERE metric_name = 'it''s event_hour'",
        "EXPLAIN ANALYZE SELECT * FROM points",
        "SELECT from_unixtime(1) FROM points",
        "SELECT 1 AS event_hour, count(*) FROM points",
        "SELECT event_hour, count(*) FROM points GROUP BY event_hour ORDER BY event_hour",
        "SELECT * FROM points WHERE value > 1 ORDER BY event_hour",
        "SELECT * FROM points WHERE value IN (SELECT max(event_hour) FROM other)",
        "SELECT * FROM points JOIN other USING (event_hour)",
        "SELECT * FROM points) WHERE value > 1",
    ],
)
def test_a_statement_that_reads_points_and_names_no_hour_reads_all(sql: str) -> None:
    """However the view is named, and wherever in the statement; a text, a comment or a column names nothing."""
    assert reads_every_hour(sql, RELATIONS, HOUR)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM points WHERE event_hour = '2026-11-26-04'",
        """SELECT * FROM "points" WHERE "event_hour" >= '2026'""",
        "SELECT metric_name, count(*) AS points FROM metrics WHERE export_date = '2026-11-26' GROUP BY 1",
        "SELECT * FROM points WHERE value > 1 AND (value < 2 OR (value = 3)) AND (event_hour) > '2026'",
        "SELECT * FROM points WHERE value > (SELECT avg(value) FROM other GROUP BY x) AND event_hour > '2026'",
        "SELECT * FROM other o JOIN points p ON p.series = o.series AND p.event_hour = o.hour",
        "WITH p AS (SELECT * FROM points WHERE event_hour > '2026') SELECT * FROM p ORDER BY 1",
        "SELECT points FROM metrics ORDER BY points",
        "SELECT a.points, points FROM metrics a WHERE points > 1",
        "SELECT * FROM points.metrics",
        "SELECT 'FROM points'",
        "SHOW COLUMNS FROM points",
        "DESCRIBE points",
        "EXPLAIN SELECT * FROM points",
        "DROP VIEW points",
        "",
    ],
)
def test_any_other_statement_is_let_through(sql: str) -> None:
    """One that names the hour, that reads something else, or nothing."""
    assert not reads_every_hour(sql, RELATIONS, HOUR)


@given(st.text(max_size=80))
def test_no_text_is_too_odd_to_be_looked_at(text: str) -> None:
    """Whatever is typed is judged; Athena says what is wrong with it."""
    assert reads_every_hour(text, (), HOUR) is False
