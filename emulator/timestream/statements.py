"""The statements there are: queries, SHOW, DESCRIBE and UNLOAD."""

from typing import Any

import duckdb

from emulator.sql import grammar
from emulator.sql.catalog import Catalog
from emulator.sql.clock import at
from emulator.sql.execution import aws_errors, batches
from emulator.sql.query import Output, Queries
from emulator.sql.result import Result
from emulator.sql.translation import bind, translate
from emulator.sql.types import VARCHAR, shape
from emulator.timestream.metadata import metadata
from emulator.timestream.unload import UnloadTarget, run_unload

_QUERY_WORDS = ("SELECT", "WITH", "VALUES", "(")


def run(
    catalog: Catalog,
    cursor: duckdb.DuckDBPyConnection,
    query: str,
    now_ns: int,
    *,
    unload: UnloadTarget | None = None,
    query_id: str = "",
) -> Result:
    """A statement's result; its rows are computed as they are asked for."""
    stream = grammar.tokens(query)
    word = stream[0].text.upper()
    if word == "UNLOAD":
        return run_unload(catalog, cursor, query, now_ns, unload, query_id)
    if word in ("SHOW", "DESCRIBE", "DESC"):
        return metadata(catalog, query, stream)
    if word not in _QUERY_WORDS:
        raise grammar.refuse(f"mismatched input '{stream[0].text}'. The query syntax is invalid.", query, 0)
    translation = translate(catalog, query)
    return Result(translation.column_info(), batches(cursor, translation.as_json(), now_ns))


def describe(
    catalog: Catalog, cursor: duckdb.DuckDBPyConnection, query: str, now_ns: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The columns and parameters of a SELECT for PrepareQuery."""
    stream = grammar.tokens(query)
    if stream[0].text.upper() not in _QUERY_WORDS:
        raise grammar.refuse("Only SELECT statements can be prepared", query, 0)
    queries = Queries(query, catalog, parameters=True)
    bound = bind(queries, query)
    with aws_errors():
        cursor.execute("EXPLAIN " + at(bound.sql, now_ns)).fetchall()
    columns = [_select_column(i, column) for i, column in enumerate(bound.columns)]
    found = queries.expressions.parameters or {}
    return columns, [{"Name": p.name, "Type": shape(p.type or VARCHAR)} for p in found.values()]


def _select_column(index: int, column: Output) -> dict[str, Any]:
    described: dict[str, Any] = {
        "Name": f"_col{index}" if column.name is None else column.name,
        "Type": shape(column.type),
        "Aliased": column.aliased,
    }
    if column.origin is not None:
        described["DatabaseName"], described["TableName"] = column.origin
    return described
