"""Tables, views and WITH queries by the names in FROM, in a dialect that has a database and one catalog."""

import duckdb
import pytest

from emulator.athena.engine.dialect import dialect
from emulator.sql import Column, InvalidQueryError, TableInfo, ViewInfo, parser, prepare
from emulator.sql.timestamps import at
from emulator.sql.translation import translate_part

NOW_NS = 1_700_000_000_000_000_000
LAKE = dialect("lake")


_FOUND: dict[tuple[str, str], TableInfo | ViewInfo] = {
    ("lake", "t"): TableInfo(
        "lake",
        "t",
        tuple(Column(name, "BIGINT", "", name) for name in ("a", "b")),
        "(SELECT 1 AS a, 2 AS b)",
    ),
    ("lake", "v"): ViewInfo("lake", "v", (("x", "BIGINT"),), "SELECT a + b AS x FROM t", LAKE),
    ("lake", "w"): ViewInfo("lake", "w", (("x", "DOUBLE"),), "SELECT x FROM v", LAKE),
    ("lake", "itself"): ViewInfo("lake", "itself", (("x", "BIGINT"),), "SELECT x FROM itself", LAKE),
    ("lake", "broken"): ViewInfo("lake", "broken", (("x", "BIGINT"),), "SELECT nope AS x FROM t", LAKE),
    ("lake", "renamed"): ViewInfo("lake", "renamed", (("y", "BIGINT"),), "SELECT a AS x FROM t", LAKE),
    ("lake", "retyped"): ViewInfo("lake", "retyped", (("x", "BOOLEAN"),), "SELECT a AS x FROM t", LAKE),
    ("lake", "narrower"): ViewInfo("lake", "narrower", (("a", "BIGINT"),), "SELECT * FROM t", LAKE),
    ("other", "o"): ViewInfo("other", "o", (("z", "BIGINT"),), "SELECT a AS z FROM lake.t", dialect("other")),
}


class Names:
    """A table, and views of it."""

    def table(self, database: str, table: str) -> TableInfo | ViewInfo:
        """One of them."""
        if (database, table) not in _FOUND:
            raise InvalidQueryError(f"Table '{database}.{table}' does not exist")
        return _FOUND[database, table]


def ask(query: str) -> list[tuple[object, ...]]:
    """The rows of a query."""
    translation = translate_part(Names(), query, parser.parse(query), LAKE)
    with duckdb.connect() as connection:
        prepare(connection)
        return connection.execute(at(translation.sql, NOW_NS)).fetchall()


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT b FROM t", [(2,)]),
        ("SELECT T.B FROM lake.T", [(2,)]),
        ('SELECT lake.t.b FROM AwsDataCatalog."Lake".T', [(2,)]),
        ("SELECT x FROM v", [(3,)]),
        ("SELECT v.x, q.x FROM v JOIN w AS q ON v.x = q.x", [(3, 3.0)]),
        ("SELECT y FROM w AS q(y)", [(3.0,)]),
        ("SELECT z FROM other.o", [(1,)]),
        ("WITH v AS (SELECT 9 AS x) SELECT x FROM v", [(9,)]),
        ("WITH t AS (SELECT 9 AS a) SELECT x FROM v, t", [(3,)]),
        ("WITH q AS (SELECT x FROM v) SELECT (SELECT x FROM q) + (SELECT max(x) FROM q)", [(6,)]),
    ],
)
def test_names(query: str, rows: list[tuple[object, ...]]) -> None:
    """A name means a WITH query, else a table or view; a view's own names are looked up where it stands."""
    assert ask(query) == rows


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT 1 FROM nope", "line 1:15: Table 'lake.nope' does not exist"),
        ("SELECT 1 FROM a.b.c", "line 1:15: Catalog 'a' does not exist"),
        ("SELECT 1 FROM itself", "line 1:15: Failed analyzing stored view 'lake.itself'"),
        (
            "SELECT 1 FROM broken",
            "line 1:15: Failed analyzing stored view 'lake.broken': line 1:8: Column 'nope' does not exist",
        ),
        ("SELECT 1 FROM renamed", "line 1:15: View 'lake.renamed' is stale or in invalid state"),
        ("SELECT 1 FROM retyped", "line 1:15: View 'lake.retyped' is stale or in invalid state"),
        ("SELECT 1 FROM narrower", "line 1:15: View 'lake.narrower' is stale or in invalid state"),
        ("SELECT 1 FROM v AS q(a, b)", "line 1:"),
    ],
)
def test_names_that_mean_nothing(query: str, message: str) -> None:
    """What does not exist, and a view that no longer fits, is refused where it is named."""
    with pytest.raises(InvalidQueryError) as refused:
        ask(query)
    assert refused.value.message.startswith(message)
