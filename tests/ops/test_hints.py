"""Hints on SQL that was refused."""

import pytest

from ops.hints import alike_to, asked_metrics, did_you_mean, on_refusal

COLUMNS = ["metric_name", "host", "Core"]
TABLE = '"metrics_dev"."metrics"'


@pytest.mark.parametrize(
    ("reason", "sql", "hint"),
    [
        ("line 1:8: Column 'hots' does not exist", "SELECT hots", "; did you mean host?"),
        ("line 1:8: Column 'CORES' does not exist", "SELECT CORES", "; did you mean Core?"),
        ("Column 'cpu.load' does not exist", 'x = "cpu.load"', "; text stands in single quotes: 'cpu.load'"),
        ("Column 'it's' does not exist", """x = "it's" """, "; text stands in single quotes: 'it''s'"),
        ('Referenced column "hots" not found in FROM clause!', "SELECT hots", "; did you mean host?"),
        ("The table metrics_dev.metric does not exist.", "", f"; the tables are {TABLE}"),
        (
            "Requested database 'abc' not found for identifier 'abc.x' at line 1:36",
            "",
            f"; the tables are {TABLE}",
        ),
        ("Table with name nope does not exist!", "", f"; the tables are {TABLE}"),
        ("Column 'xyzzy' does not exist", "SELECT xyzzy", ""),
        ("throttled", "SELECT 1", ""),
    ],
)
def test_a_refusal_is_followed_by_what_may_have_been_meant(reason: str, sql: str, hint: str) -> None:
    """Names alike, the quotes of text, or the tables that there are; in Timestream's words and in DuckDB's."""
    assert on_refusal(reason, sql, columns=lambda: COLUMNS, tables=[TABLE]) == hint


def test_columns_are_asked_for_only_if_one_was_missed() -> None:
    """The registry costs a call."""

    def ask() -> list[str]:
        raise AssertionError

    assert on_refusal("throttled", "SELECT 1", columns=ask, tables=[]) == ""


def test_metrics_are_read_from_a_statement() -> None:
    """As it compares them, quotes undone."""
    assert asked_metrics("SELECT 1 WHERE metric_name='a' OR METRIC_NAME = 'it''s'") == ["a", "it's"]
    assert asked_metrics("SELECT metric_name") == []


def test_names_alike_keep_their_spelling() -> None:
    """The nearest stands first."""
    assert alike_to("cpu.idel", ["cpu.Idle", "disk"]) == ["cpu.Idle"]
    assert did_you_mean(["a", "b"]) == "did you mean a or b?"
