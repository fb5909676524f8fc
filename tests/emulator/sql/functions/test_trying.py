"""TRY around what fails."""

import pytest

from emulator.sql import SqlError
from tests.support.sql_fleet import Ask, one


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("1 / 0", None),
        ("ARRAY[1][2]", None),
        ("ARRAY[1][1]", 1),
        ("CAST(split('a-b', '-')[3] AS BIGINT) + 1", None),
        ("bin(from_milliseconds(-1), 1h)", None),
        ("'error(' || 'x'", "error(x"),
        ("'error(' || split('a', '-')[2]", None),
    ],
)
def test_try(ask: Ask, expression: str, wanted: object) -> None:
    """A value is what it is, and NULL where it fails."""
    assert one(ask, f"try({expression})") == wanted


@pytest.mark.parametrize(
    "expression", ["coalesce(ARRAY[1][2], 5)", "ARRAY[1][2] IS NULL", "ARRAY[ARRAY[1][2]]", "random()"]
)
def test_not_here(ask: Ask, expression: str) -> None:
    """Around what makes something of a NULL, a failure would be taken for one: that is refused."""
    with pytest.raises(SqlError, match="does not have try around this expression"):
        one(ask, f"try({expression})")


def test_aggregates(ask: Ask) -> None:
    """What is made of aggregates and window functions is tried too, beside what is grouped by."""
    rows = "FROM (VALUES (1, 4, 2), (2, 5, 0)) AS t(k, x, y)"
    found = ask(
        f"SELECT k, try(sum(x) / sum(y)), try(k / count(*) FILTER (WHERE y > 0)) {rows} GROUP BY k ORDER BY k"
    )
    assert found.rows == [[1, 2, 1], [2, None, None]]
    assert ask(f"SELECT try(x / lag(y, 1, 0) OVER (ORDER BY k)) {rows} ORDER BY k").rows == [[None], [2]]
