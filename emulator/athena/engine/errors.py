"""SQL's errors as Athena's: a name of Trino's before the message, and Athena's number for it.

Names and numbers were seen in accounts, in what people published of failed queries; the numbers' meanings are in
https://docs.aws.amazon.com/athena/latest/ug/error-reference.html
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from emulator.athena.outcome import QueryError
from emulator.sql import InvalidQueryError, QueryFailedError, SqlError
from emulator.sql.errors import NotInEmulatorError

SYNTAX, NOT_SUPPORTED, NOT_FOUND, INVALID_VIEW, DATA, CANCELLED = 1006, 1200, 1301, 1107, 1001, 1011
USER, OVER_LIMIT, DDL, TABLE = 1000, 1014, 1003, 1103
_UNAUTHORIZED = " cannot be resolved or requester is not authorized to access requested resources"
_MISMATCH = (
    r"Cannot apply operator|must evaluate to a boolean|must be the same type|Cannot (cast|unnest|use|negate)"
    r"|are incompatible|must be varchar|mismatched types|has two types"
)
_INVALID = (
    (r"^(INVALID_TABLE_PROPERTY): (.*)", "INVALID_TABLE_PROPERTY", TABLE, r"\2"),
    (r"Failed analyzing stored view", "INVALID_VIEW", INVALID_VIEW, None),
    (r"is stale or in invalid state", "VIEW_IS_STALE", INVALID_VIEW, None),
    (r"(Column '[^\n]*') does not exist", "COLUMN_NOT_FOUND", SYNTAX, rf"\1{_UNAUTHORIZED}"),
    (r"Column '[^\n]*' is ambiguous", "AMBIGUOUS_NAME", SYNTAX, None),
    (r"Table '[^\n]*' does not exist", "TABLE_NOT_FOUND", NOT_FOUND, None),
    (r"Schema '[^\n]*' does not exist", "SCHEMA_NOT_FOUND", NOT_FOUND, None),
    (r"Catalog '[^\n]*' does not exist", "CATALOG_NOT_FOUND", SYNTAX, None),
    (r"Function '[^\n]*' not registered", "FUNCTION_NOT_FOUND", SYNTAX, None),
    (r"Unknown type", "TYPE_NOT_FOUND", SYNTAX, None),
    (r"Unexpected parameters", "FUNCTION_NOT_FOUND", SYNTAX, None),
    (
        _MISMATCH,
        "TYPE_MISMATCH",
        SYNTAX,
        None,
    ),
    (r"must be an aggregate expression", "EXPRESSION_NOT_AGGREGATE", SYNTAX, None),
    (r"is not in select list", "INVALID_COLUMN_REFERENCE", SYNTAX, None),
    (r"not supported|[Uu]nsupported", "NOT_SUPPORTED", NOT_SUPPORTED, None),
)
_FAILED = (
    ("Division by zero", "DIVISION_BY_ZERO"),
    ("^Cannot cast", "INVALID_CAST_ARGUMENT"),
    ("overflow|out of range", "NUMERIC_VALUE_OUT_OF_RANGE"),
)


@contextmanager
def athena_errors() -> Iterator[None]:
    """Raise SQL's errors, and that a query was stopped, as QueryError."""
    try:
        yield
    except SqlError as error:
        raise _translated(error) from error
    except duckdb.InterruptException as error:
        raise QueryError("Query was cancelled", 2, CANCELLED) from error


@contextmanager
def malformed_errors() -> Iterator[None]:
    """Raise what is wrong with a statement's words as QueryError, which has no name before it."""
    try:
        yield
    except NotInEmulatorError as error:
        raise _translated(error) from error
    except InvalidQueryError as error:
        raise QueryError(error.message, 2, SYNTAX) from error


def unsupported(what: str) -> QueryError:
    """The error for what Athena does and this emulator does not."""
    return QueryError(f"NOT_SUPPORTED: this emulator does not have {what}", 2, NOT_SUPPORTED)


def _translated(error: SqlError) -> QueryError:
    message = error.message
    if isinstance(error, QueryFailedError):
        names = (name for pattern, name in _FAILED if re.search(pattern, message))
        return QueryError(f"{next(names, 'INVALID_FUNCTION_ARGUMENT')}: {message}", 2, DATA)
    if isinstance(error, NotInEmulatorError):
        return QueryError(f"NOT_SUPPORTED: {message}", 2, NOT_SUPPORTED)
    for pattern, name, number, instead in _INVALID:
        if re.search(pattern, message):
            said = re.sub(pattern, instead, message) if instead else message
            return QueryError(f"{name}: {said}", 2, number)
    return QueryError(f"SYNTAX_ERROR: {message}", 2, SYNTAX)
