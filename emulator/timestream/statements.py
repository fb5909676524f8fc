"""The statements there are: queries, SHOW, DESCRIBE and UNLOAD. Here SQL's errors become AWS's."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb

from emulator import sql
from emulator.sql.bound import BoundColumn
from emulator.sql.errors import MalformedQueryError
from emulator.sql.parser import first_word
from emulator.sql.types import VARCHAR, shape
from emulator.timestream.dialect import TIMESTREAM
from emulator.timestream.errors import QueryExecutionException, ValidationException
from emulator.timestream.metadata import Catalog, metadata
from emulator.timestream.unload import UnloadTarget, run_unload

_METADATA = ("SHOW", "DESCRIBE", "DESC")


def run(
    catalog: Catalog,
    cursor: duckdb.DuckDBPyConnection,
    query: str,
    now_ns: int,
    *,
    unload: UnloadTarget | None = None,
    query_id: str = "",
) -> sql.Result:
    """A statement's result as of a moment; its rows are computed as they are asked for.

    ValidationException for a statement that is wrong or not supported; QueryExecutionException, here or from the rows,
    for one that fails while it runs.
    """
    with _aws_errors():
        word = first_word(query)
        if word == "UNLOAD":
            result = run_unload(catalog, cursor, query, now_ns, unload, query_id)
        elif word in _METADATA:
            result = metadata(catalog, query)
        else:
            result = sql.run(catalog, cursor, query, now_ns, TIMESTREAM)
    return sql.Result(result.columns, _translated(result.rows))


def describe(
    catalog: Catalog, cursor: duckdb.DuckDBPyConnection, query: str, now_ns: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The columns and parameters of a SELECT as PrepareQuery shows them; ValidationException as in `run`."""
    if first_word(query) in (*_METADATA, "UNLOAD"):
        raise ValidationException("Only SELECT statements can be prepared")
    with _aws_errors():
        columns, parameters = sql.describe(catalog, cursor, query, now_ns, TIMESTREAM)
    described = [_select_column(i, column) for i, column in enumerate(columns)]
    return described, [{"Name": p.name, "Type": shape(p.type or VARCHAR)} for p in parameters]


def _select_column(index: int, column: BoundColumn) -> dict[str, Any]:
    described: dict[str, Any] = {
        "Name": f"_col{index}" if column.name is None else column.name,
        "Type": shape(column.type),
        "Aliased": column.aliased,
    }
    if column.origin is not None:
        described["DatabaseName"], described["TableName"] = column.origin
    return described


def _translated(rows: Iterator[Sequence[str]]) -> Iterator[Sequence[str]]:
    with _aws_errors():
        yield from rows


@contextmanager
def _aws_errors() -> Iterator[None]:
    try:
        yield
    except MalformedQueryError as error:
        # AWS says no more than the place.
        raise ValidationException(f"The query syntax is invalid at {error.message}") from error
    except sql.InvalidQueryError as error:
        raise ValidationException(error.message) from error
    except sql.QueryFailedError as error:
        raise QueryExecutionException(error.message) from error
