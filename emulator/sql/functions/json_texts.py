"""JSON in texts, by paths such as $.a[0].b; what is no JSON has nothing in it."""

import re

from emulator.sql.bound import BoundExpression, text
from emulator.sql.call import Call, Function
from emulator.sql.types import BIGINT, BOOLEAN, JSON, UNKNOWN, VARCHAR

_PATH = re.compile(r'\$(?:\.[A-Za-z_][A-Za-z0-9_]*|\[[0-9]+\]|\["[^"]*"\])*')


def _document(call: Call, count: int) -> list[BoundExpression]:
    """The arguments of a function whose first one is JSON, or a text of it."""
    arguments = call.arguments()
    if len(arguments) != count or arguments[0].type not in (VARCHAR, JSON, UNKNOWN):
        raise call.mismatch(arguments)
    return arguments


def _valid(document: BoundExpression) -> str:
    """The SQL of a document; NULL for what is none."""
    return f"CASE WHEN json_valid({document.sql}) THEN {document.sql} END"


def _place(call: Call, given: BoundExpression) -> str:
    if given.type is not VARCHAR:
        raise call.mismatch(call.arguments())
    if not isinstance(given.value, str) or not _PATH.fullmatch(given.value):
        raise call.lacks(f"{call.name} with a path that is no literal such as '$.a[0].b'")
    return text(re.sub(r'\["([^"]*)"\]', r'."\1"', given.value))


def _extract_scalar(call: Call) -> BoundExpression:
    """A text, number or truth value of a document; NULL for anything else there."""
    document, path = _document(call, 2)
    place, valid = _place(call, path), _valid(document)
    scalar = f"json_type({valid}, {place}) NOT IN ('OBJECT', 'ARRAY', 'NULL')"
    return BoundExpression(f"(CASE WHEN {scalar} THEN json_extract_string({valid}, {place}) END)", VARCHAR)


def _extract(call: Call) -> BoundExpression:
    document, path = _document(call, 2)
    found = f"json_extract({_valid(document)}, {_place(call, path)})"
    return BoundExpression(f"CAST({found} AS VARCHAR)", JSON)


def _parse(call: Call) -> BoundExpression:
    (given,) = call.take(VARCHAR)
    refusal = f"error('Cannot convert value to JSON: ' || {given.sql})"
    checked = f"CASE WHEN json_valid({given.sql}) THEN CAST(json({given.sql}) AS VARCHAR) ELSE {refusal} END"
    return BoundExpression(f"(CASE WHEN {given.sql} IS NOT NULL THEN {checked} END)", JSON)


def _format(call: Call) -> BoundExpression:
    arguments = call.arguments()
    if len(arguments) != 1 or arguments[0].type is not JSON:
        raise call.mismatch(arguments)
    return BoundExpression(arguments[0].sql, VARCHAR)


def _array_length(call: Call) -> BoundExpression:
    (document,) = _document(call, 1)
    valid = _valid(document)
    sql = f"(CASE WHEN json_type({valid}) = 'ARRAY' THEN CAST(json_array_length({valid}) AS BIGINT) END)"
    return BoundExpression(sql, BIGINT)


def _size(call: Call) -> BoundExpression:
    """The members of an object or elements of an array at a path; 0 for a scalar."""
    document, path = _document(call, 2)
    found = f"json_extract({_valid(document)}, {_place(call, path)})"
    sql = (
        f"(CASE json_type({found}) WHEN 'ARRAY' THEN CAST(json_array_length({found}) AS BIGINT)"
        f" WHEN 'OBJECT' THEN CAST(len(json_keys({found})) AS BIGINT)"
        f" ELSE CASE WHEN {found} IS NOT NULL THEN CAST(0 AS BIGINT) END END)"
    )
    return BoundExpression(sql, BIGINT)


def _is_scalar(call: Call) -> BoundExpression:
    (document,) = _document(call, 1)
    return BoundExpression(f"(json_type({_valid(document)}) NOT IN ('OBJECT', 'ARRAY'))", BOOLEAN)


FUNCTIONS: dict[str, Function] = {
    "is_json_scalar": _is_scalar,
    "json_array_length": _array_length,
    "json_extract": _extract,
    "json_extract_scalar": _extract_scalar,
    "json_format": _format,
    "json_parse": _parse,
    "json_size": _size,
}
