"""ORDER BY against Python's sorting."""

from hypothesis import given
from hypothesis import strategies as st

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
