"""SQL over quarantined points."""

from typing import Any

import pytest

from ops.errors import OperatorError
from ops.quarantined.points import QuarantinedPoint
from ops.quarantined.querying import QuarantineTable

NASTY = "'; DROP TABLE quarantine; -- \x00\ud800\n{{7*7}} %s"


def asked(sql: str, *payloads: Any, **changes: Any) -> tuple[list[str], list[Any]]:
    """Columns and rows of an answer; each point is in a chunk of its own."""
    points = [
        QuarantinedPoint(
            "r", index, "c", 1_763_769_600.5, "value_type", "value", NASTY, payload, "json", **changes
        )
        for index, payload in enumerate(payloads)
    ]
    table = QuarantineTable([point] for point in points)
    try:
        columns, rows = table.ask(sql)
        return list(columns), [list(row) for row in rows]
    finally:
        table.close()


def test_points_are_counted_by_what_was_sent() -> None:
    """The payload is JSON, and a field of it one arrow away."""
    sql = "SELECT payload->>'$.dimensions.host' AS host, count(*) AS points FROM quarantine GROUP BY 1 ORDER BY 1"
    payloads = [{"metric_name": "m", "dimensions": {"host": host}} for host in "aab"]
    assert asked(sql, *payloads) == (["host", "points"], [["a", 2], ["b", 1]])


def test_a_row_has_all_that_is_known_of_a_point() -> None:
    """Times as text, and whether it was sent again or dropped."""
    columns, [row] = asked("SELECT * FROM quarantine", {"metric_name": "m"}, attempt=2, redriven=True)
    found = dict(zip(columns, row, strict=True))
    assert (found["metric"], found["point_index"], found["attempt"]) == ("m", 0, 2)
    assert (found["redriven"], found["dropped"]) == (True, False)
    assert str(found["arrived_at"]).startswith("2025-11-22 00:00:00.5")
    assert found["payload"] == '{"metric_name": "m"}'


@pytest.mark.parametrize(
    "payload", [NASTY, {NASTY: NASTY}, [[[[NASTY]]]], None, 1e300, 10**400, {"a": {"a": 1}}]
)
def test_hostile_payloads_are_rows_as_others(payload: Any) -> None:
    """No text of a client's ends a statement, or keeps the others from being read."""
    assert asked("SELECT count(*) FROM quarantine", payload, {"metric_name": NASTY}) == (
        ["count_star()"],
        [[2]],
    )


def test_an_empty_quarantine_has_its_columns() -> None:
    """So that a statement over a quiet week is no error."""
    assert asked("SELECT reason FROM quarantine WHERE payload->>'a' = 'b'") == (["reason"], [])


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY quarantine TO '/tmp/x'",
        "SET enable_external_access = true",
        "SELECT 1; SELECT 2",
        "DROP TABLE quarantine",
    ],
)
def test_a_statement_reads_the_table_and_nothing_else(sql: str) -> None:
    """Neither files nor settings of this machine."""
    with pytest.raises(OperatorError):
        asked(sql, {})


def test_a_column_that_is_not_there_is_told_with_what_is_alike() -> None:
    """With DuckDB's reason."""
    with pytest.raises(OperatorError, match="did you mean metric"):
        asked("SELECT metrik FROM quarantine", {})
