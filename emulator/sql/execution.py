"""Queries run on DuckDB or described without being run; what DuckDB says is turned into our words."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

from emulator.sql import parser
from emulator.sql.bound import BoundColumn, Parameter
from emulator.sql.catalog import Catalog
from emulator.sql.dialect import TRINO, Dialect
from emulator.sql.double_text import finished
from emulator.sql.errors import InvalidQueryError, QueryFailedError, lacking
from emulator.sql.query import query_binder
from emulator.sql.timestamps import at
from emulator.sql.translation import bind, translate

_BATCH = 2048
_IN_OUR_WORDS = (
    (re.compile("^Division by zero"), "Division by zero"),
    (re.compile("^More than one row returned by a subquery"), "Scalar sub-query has returned multiple rows"),
    (re.compile(r"not an? (\w+): (.*)' to ", re.DOTALL), r"Cannot cast '\2' to \1"),
    (re.compile(r"^Overflow in (\w+) of INT(?:32|64|128) \((.*)\)"), r"\1 overflow: \2"),
    (re.compile(r"value -\d+ can't be cast .* UINT64"), "Timestream does not support negative time values"),
    (re.compile(r'^Could not parse string "(.*)" according to', re.DOTALL), r"Invalid format: '\1'"),
    (re.compile(r"with value (\S+) can't be cast"), r"Value out of range: \1"),
)
_SETTINGS = (
    "SET TimeZone='UTC'",
    "SET error_on_division_by_zero=true",
    "SET ieee_floating_point_ops=true",
    "SET enable_external_access=false",
    "SET allow_community_extensions=false",
    "SET autoload_known_extensions=false",
    "SET autoinstall_known_extensions=false",
)


@dataclass(frozen=True)
class Result:
    """Columns as ColumnInfo, and batches of rows as JSON texts: `{"Data":[{"ScalarValue":"1"},{"NullValue":true}]}`."""

    columns: Sequence[dict[str, Any]]
    rows: Iterator[Sequence[str]]


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Set a connection up for translations, and close its database's way to files and extensions for good."""
    connection.execute("; ".join(_SETTINGS))


def run(
    catalog: Catalog, cursor: duckdb.DuckDBPyConnection, query: str, now_ns: int, dialect: Dialect = TRINO
) -> Result:
    """A SELECT's result as of a moment; its rows are computed as they are asked for.

    InvalidQueryError for a query that is wrong or not supported; QueryFailedError, here or from the rows, for one that
    fails while it runs.
    """
    translation = translate(catalog, query, dialect)
    with duckdb_errors():
        cursor.execute(at(translation.as_json(), now_ns))
    return Result(translation.column_info(), _fetched(cursor))


def describe(
    catalog: Catalog, cursor: duckdb.DuckDBPyConnection, query: str, now_ns: int, dialect: Dialect = TRINO
) -> tuple[Sequence[BoundColumn], list[Parameter]]:
    """A SELECT's columns and parameters (@name), the query checked but not run; InvalidQueryError as in `run`."""
    binder = query_binder(query, catalog, dialect, parameters=True)
    bound = bind(binder, parser.parse(query, dialect.grammar))
    with duckdb_errors():
        cursor.execute("EXPLAIN " + at(bound.sql, now_ns)).fetchall()
    return bound.columns, list((binder.expressions.parameters or {}).values())


def _fetched(cursor: duckdb.DuckDBPyConnection) -> Iterator[Sequence[str]]:
    while True:
        with duckdb_errors():
            rows = cursor.fetchmany(_BATCH)
        if not rows:
            return
        yield [finished(row[0]) for row in rows]


_BEYOND_DUCKDB = (
    duckdb.BinderException,
    duckdb.ParserException,
    duckdb.NotImplementedException,
    duckdb.InternalException,
)


@contextmanager
def duckdb_errors() -> Iterator[None]:
    """Raise InvalidQueryError for SQL that DuckDB refuses, and QueryFailedError for values that it refuses."""
    try:
        yield
    except (duckdb.OutOfRangeException, duckdb.ConversionException, duckdb.InvalidInputException) as error:
        raise QueryFailedError(_first_line(error)) from error
    except _BEYOND_DUCKDB as error:
        raise _refusal(error) from error


def _first_line(error: duckdb.Error) -> str:
    """The reason, without DuckDB's name for it and its advice."""
    line = str(error).split("\n", 1)[0]
    message = line.split("Error: ", 1)[-1]
    for found, ours in _IN_OUR_WORDS:
        match = found.search(message)
        if match is not None:
            return match.expand(ours)
    return message.split(" Use TRY", 1)[0]


def _refusal(error: duckdb.Error) -> InvalidQueryError:
    """The error for a translation that DuckDB refuses, in Trino's words where they are known."""
    message = _in_our_words(str(error))
    return lacking("what this query asks of its engine") if message is None else InvalidQueryError(message)


def _in_our_words(message: str) -> str | None:
    if "must appear in the GROUP BY" in message or "must be part of an aggregate" in message:
        return "A selected or ordered expression must be an aggregate expression or appear in GROUP BY clause"
    return None
