"""DuckDB over exported files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ops import export_query
from ops.errors import OperatorError
from ops.export_files import Published
from ops.export_query import Exported

COLUMNS = [("metric_name", "string"), ("time", "timestamp"), ("value", "double")]


@pytest.fixture
def exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Exported]:
    """Two hours, of which the older has a column that the catalog does not know."""
    tables = {
        "01": {"metric_name": ["old"], "time": pa.array([1], pa.timestamp("ns")), "value": [0.5], "gone": ["x"]},
        "02": {
            "metric_name": ["a", "a", "b"],
            "time": pa.array([1_000_000_000, 1_000_000_001, 1_000_000_002], pa.timestamp("ns")),
            "value": [1.0, 2.0, 3.0],
        },
    }  # fmt: skip
    for hour, columns in tables.items():
        pq.write_table(pa.table(columns), tmp_path / hour, use_deprecated_int96_timestamps=True)
    hours = [Published("2026-11-22", hour, "") for hour in tables]
    monkeypatch.setattr(export_query, "published", lambda *_: (COLUMNS, hours))
    monkeypatch.setattr(export_query, "_download", lambda _target, hour, _folder: [tmp_path / hour.hour])
    target: Any = None
    made = Exported(target, 2)
    yield made
    made.close()


def ask(exported: Exported, sql: str) -> list[list[object]]:
    """The rows of an answer."""
    return [list(row) for row in exported.ask(sql)[1]]


def test_times_keep_their_nanoseconds(exported: Exported) -> None:
    """Points of one request differ by nanoseconds alone, and they are three, in columns and within lists."""
    asked = (
        "SELECT count(DISTINCT time), count(DISTINCT epoch_ns(time)) FROM metrics WHERE export_hour = '02'"
    )
    assert ask(exported, asked) == [[3, 3]]
    assert ask(
        exported, "SELECT max(time), list(time ORDER BY time)[1:1], {'at': min(time)} FROM metrics"
    ) == [
        [
            "1970-01-01 00:00:01.000000002",
            ["1970-01-01 00:00:00.000000001"],
            {"at": "1970-01-01 00:00:00.000000001"},
        ]
    ]


def test_columns_are_the_catalogs(exported: Exported) -> None:
    """One that a file has and the catalog does not is not there, as in Athena."""
    names, rows = exported.ask("SELECT * FROM aggregates WHERE metric_name = 'old'")
    assert list(names) == [*(name for name, _ in COLUMNS), "export_date", "export_hour"]
    assert [list(row) for row in rows] == [["old", "1970-01-01 00:00:00.000000001", 0.5, "2026-11-22", "01"]]


def test_sums_of_whole_numbers_are_numbers(exported: Exported) -> None:
    """DuckDB has decimals for them."""
    assert ask(exported, "SELECT sum(1), sum(1.5), NULL FROM metrics") == [[4, 6, None]]


@pytest.mark.parametrize(
    "sql",
    ["DROP TABLE metrics", "SELECT 1; SELECT 2", "", "COPY metrics TO '/tmp/x'", "ATTACH 'x'", "SET x = 1"],
)
def test_one_select_is_asked_at_a_time(sql: str, exported: Exported) -> None:
    """Whatever else DuckDB could do is refused, and the tables are named."""
    with pytest.raises(OperatorError, match="one SELECT is asked at a time, of metrics and aggregates"):
        exported.ask(sql)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT * FROM nope", "Table with name nope does not exist!; the tables are metrics, aggregates"),
        ("SELECT metric_nam FROM metrics", "did you mean metric_name?"),
        ('SELECT * FROM metrics WHERE metric_name = "cpu.load"', "text stands in single quotes: 'cpu.load'"),
        ("SELECT * FROM read_csv('/etc/passwd')", "Cannot access file"),
        ("SELEC", "syntax error"),
    ],
)
def test_a_refusal_names_what_there_is(sql: str, words: str, exported: Exported) -> None:
    """Not what DuckDB has of its own, and in one line."""
    with pytest.raises(OperatorError) as caught:
        exported.ask(sql)
    assert words in str(caught.value)
    assert "pg_" not in str(caught.value)
    assert "\n" not in str(caught.value)
