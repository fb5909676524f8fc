"""Tables of DuckDB in this process."""

from collections.abc import Iterator

import pytest

from ops.errors import OperatorError
from ops.local_tables import LocalTables


@pytest.fixture
def tables() -> Iterator[LocalTables]:
    """Without any table."""
    made = LocalTables(("one", "two"))
    made.seal()
    yield made
    made.close()


def test_one_select_is_asked_at_a_time(tables: LocalTables) -> None:
    """The answer to anything else names the tables."""
    columns, rows = tables.ask("SELECT 1.5::DECIMAL(4,2) AS a, [TIMESTAMP '2026-11-22 08:00:00'] AS b")
    assert (list(columns), [list(row) for row in rows]) == (
        ["a", "b"],
        [[1.5, ["2026-11-22 08:00:00.000000"]]],
    )
    with pytest.raises(
        OperatorError, match=r"one SELECT is asked at a time, of one and two \(DESCRIBE one\)"
    ):
        tables.ask("CREATE TABLE x (a INTEGER)")


def test_nothing_else_of_this_machine_is_read(tables: LocalTables) -> None:
    """Nor can a statement allow itself to."""
    for sql in ("SELECT * FROM '/etc/passwd'", "SET enable_external_access = true"):
        with pytest.raises(OperatorError):
            tables.ask(sql)
