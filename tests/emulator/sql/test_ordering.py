"""ORDER BY against Python's sorting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.sql import SqlError
from tests.support.sql_fleet import Ask, many


@many
@given(values=st.lists(st.integers(-50, 50) | st.none(), min_size=1, max_size=12))
def test_order_and_window_over_nulls(ask: Ask, values: list[int | None]) -> None:
    """NULLs sort last in both directions, also inside a window."""
    listed = ", ".join(f"({'cast(null as bigint)' if v is None else v})" for v in values)
    source = f"FROM (VALUES {listed}) AS t(v)"
    known = sorted(v for v in values if v is not None)
    nulls = [None] * (len(values) - len(known))
    assert [r[0] for r in ask(f"SELECT v {source} ORDER BY v").rows] == [*known, *nulls]
    assert [r[0] for r in ask(f"SELECT v {source} ORDER BY v DESC").rows] == [*reversed(known), *nulls]
    ranked = ask(f"SELECT v, row_number() OVER (ORDER BY v DESC) AS place {source} ORDER BY place").rows
    assert [row[0] for row in ranked] == [*reversed(known), *nulls]


@pytest.mark.parametrize("tail", ["FROM {0} ORDER BY s", "FROM {0} ORDER BY 1", "FROM {0} AS t ORDER BY t.s"])
def test_series_have_no_order(ask: Ask, tail: str) -> None:
    """A time series cannot be sorted by, whether by name, by place or as an expression."""
    series = "(SELECT create_time_series(time, host) AS s FROM metrics.fleet)"
    with pytest.raises(SqlError, match="is not orderable"):
        ask(f"SELECT s {tail.format(series)}")


@pytest.mark.parametrize(
    ("query", "gives"),
    [
        ("VALUES 2, 3, 1 ORDER BY 1", ["1", "2", "3"]),
        ("VALUES 1, 2 LIMIT 1", ["1"]),
        ("VALUES 2, 1 ORDER BY 1 OFFSET 1", ["2"]),
        ("VALUES 1, 2 FETCH FIRST ROW ONLY", ["1"]),
        ("WITH a AS (SELECT 1) VALUES 1, 2 LIMIT 1", ["1"]),
        ("SELECT x FROM (VALUES 3, 1, 2 ORDER BY 1 LIMIT 2) AS t(x) ORDER BY x", ["1", "2"]),
        ("WITH a(x) AS (VALUES 1, 2 LIMIT 1) SELECT x FROM a", ["1"]),
        ("SELECT 1 IN (VALUES 2, 1 ORDER BY 1 DESC LIMIT 1)", ["false"]),
        ("SELECT 1 < ALL (VALUES 2, 1 ORDER BY 1 DESC LIMIT 1)", ["true"]),
        ("SELECT (VALUES 7, 8 LIMIT 1)", ["7"]),
        ("(VALUES 1, 2 LIMIT 1) UNION ALL VALUES 3 ORDER BY 1", ["1", "3"]),
    ],
)
def test_values_end_as_other_queries_do(ask: Ask, query: str, gives: list[str]) -> None:
    """ORDER BY, OFFSET and LIMIT hold for VALUES too, wherever it stands."""
    assert [str(row[0]).lower() for row in ask(query).rows] == gives
