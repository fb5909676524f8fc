"""Runs translations on DuckDB, and turns what DuckDB says into what AWS says."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb

from emulator.sql.clock import at
from emulator.sql.doubles import finished
from emulator.timestream.errors import QueryExecutionException, ValidationException

_BATCH = 2048
_IN_OUR_WORDS = (
    (re.compile("^Division by zero"), "Division by zero"),
    (re.compile(r"not an? (\w+): (.*)' to ", re.DOTALL), r"Cannot cast '\2' to \1"),
    (re.compile(r"^Overflow in (\w+) of INT(?:32|64|128) \((.*)\)"), r"\1 overflow: \2"),
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


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Set a connection up for translations, and close its database's way to files and extensions for good."""
    connection.execute("; ".join(_SETTINGS))


def batches(cursor: duckdb.DuckDBPyConnection, sql: str, now_ns: int) -> Iterator[Sequence[str]]:
    """Start a translation and return batches of its one text column; it runs as far as it is asked for."""
    with aws_errors():
        cursor.execute(at(sql, now_ns))
    return _fetched(cursor)


def _fetched(cursor: duckdb.DuckDBPyConnection) -> Iterator[Sequence[str]]:
    while True:
        with aws_errors():
            rows = cursor.fetchmany(_BATCH)
        if not rows:
            return
        yield [finished(row[0]) for row in rows]


@contextmanager
def aws_errors() -> Iterator[None]:
    """Raise ValidationException for SQL that DuckDB refuses, and QueryExecutionException for values that it does."""
    try:
        yield
    except duckdb.InterruptException:
        raise
    except (duckdb.OutOfRangeException, duckdb.ConversionException, duckdb.InvalidInputException) as error:
        raise QueryExecutionException(_first_line(error)) from error
    except (duckdb.BinderException, duckdb.ParserException, duckdb.NotImplementedException) as error:
        raise ValidationException(_in_our_words(error)) from error


def _first_line(error: duckdb.Error) -> str:
    """Return what went wrong, without DuckDB's name for it and its advice."""
    line = str(error).split("\n", 1)[0]
    message = line.split("Error: ", 1)[-1]
    for found, ours in _IN_OUR_WORDS:
        match = found.search(message)
        if match is not None:
            return match.expand(ours)
    return message.split(" Use TRY", 1)[0]


def _in_our_words(error: duckdb.Error) -> str:
    message = str(error)
    if "must appear in the GROUP BY" in message or "must be part of an aggregate" in message:
        return "A selected or ordered expression must be an aggregate expression or appear in GROUP BY clause"
    if "aggregate" in message and "nested" in message:
        return "Cannot nest aggregations inside aggregation"
    if "WHERE clause cannot contain aggregates" in message:
        return "WHERE clause cannot contain aggregations, window functions or grouping operations"
    return "The query is not supported: " + _first_line(error)
