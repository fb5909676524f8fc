"""String functions, counted in code points."""

from emulator.sql.bound import BoundExpression, text
from emulator.sql.call import Call, Function, Signature, function, returning
from emulator.sql.coercion import unify
from emulator.sql.types import BIGINT, INTEGER, UNKNOWN, VARCHAR, array

_SPACE_CODES = (
    *range(9, 14), *range(28, 33), 0x1680, *range(0x2000, 0x2007), *range(0x2008, 0x200B), 0x2028, 0x2029,
    0x205F, 0x3000,
)  # fmt: skip
_SPACES = "".join(map(chr, _SPACE_CODES))
_SUBSTRING = (
    "CASE WHEN {1} = 0 OR {1} < -length({0}) THEN '' ELSE substring({0}, {1}) END",
    "CASE WHEN {1} = 0 OR {1} < -length({0}) OR {2} <= 0 THEN '' ELSE substring({0}, {1}, {2}) END",
)
_SUBSTR = function(
    Signature((VARCHAR, BIGINT), VARCHAR, _SUBSTRING[0]),
    Signature((VARCHAR, BIGINT, BIGINT), VARCHAR, _SUBSTRING[1]),
)
_UPPER = (
    "CASE WHEN contains({0}, 'ß')"  # which has no upper case of one letter, in Java, and has one in DuckDB
    " THEN array_to_string(list_transform(string_split({0}, 'ß'), lambda part: upper(part)), 'ß')"
    " ELSE upper({0}) END"
)
_BACKWARDS = returning(VARCHAR, "array_to_string(list_reverse(string_split({0}, '')), '')", VARCHAR)
"""Code points, where DuckDB's own reverse keeps together what is shown as one character."""


def _concat(call: Call) -> BoundExpression:
    arguments = call.arguments()
    if len(arguments) < 2:
        raise call.refuse("There must be two or more concatenation arguments")
    if all(argument.type.name == "ARRAY" for argument in arguments):
        return _concatenated(call, arguments)
    if any(argument.type not in (VARCHAR, UNKNOWN) for argument in arguments):
        raise call.mismatch(arguments)
    texts = call.take(*[VARCHAR] * len(arguments))
    return BoundExpression(f"({' || '.join(item.sql for item in texts)})", VARCHAR)


def _concatenated(call: Call, arguments: list[BoundExpression]) -> BoundExpression:
    """Arrays one after the other; NULL with a NULL among them."""
    unified = unify(arguments)
    if unified is None:
        raise call.mismatch(arguments)
    missing = " OR ".join(f"{item.sql} IS NULL" for item in unified)
    joined = f"list_concat({', '.join(item.sql for item in unified)})"
    return BoundExpression(f"(CASE WHEN {missing} THEN NULL ELSE {joined} END)", unified[0].type, nan=True)


def _reverse(call: Call) -> BoundExpression:
    """A string's code points, or an array's elements, from the end to the start."""
    arguments = call.arguments()
    if len(arguments) == 1 and arguments[0].type.name == "ARRAY":
        return BoundExpression(f"list_reverse({arguments[0].sql})", arguments[0].type, nan=True)
    return _BACKWARDS(call)


_BETWEEN_ALL = "{2} || array_to_string(list_transform(string_split({0}, ''), lambda c: c || {2}), '')"
_REPLACE = f"CASE WHEN {{1}} <> '' THEN replace({{0}}, {{1}}, {{2}}) WHEN {{0}} = '' THEN {{2}} ELSE {_BETWEEN_ALL} END"
_PADDED = (
    "CASE WHEN {{1}} < 0 OR {{1}} > 2147483647 THEN error('Target length must be in the range [0..2147483647]')"
    " WHEN {{2}} = '' THEN error('Padding string must not be empty')"
    " ELSE {}({{0}}, CAST({{1}} AS INTEGER), {{2}}) END"
)
_PARTS = "string_split({0}, {1})"
_NO_DELIMITER = "WHEN {1} = '' THEN error('The delimiter may not be the empty string')"
_SPLIT = f"CASE {_NO_DELIMITER} ELSE {_PARTS} END"
_REST = f"array_to_string(list_slice({_PARTS}, {{2}}, len({_PARTS})), {{1}})"
_SPLIT_LIMITED = (
    f"CASE {_NO_DELIMITER} WHEN {{2}} <= 0 THEN error('Limit must be positive')"
    f" WHEN len({_PARTS}) <= {{2}} THEN {_PARTS}"
    f" ELSE list_concat(list_slice({_PARTS}, 1, {{2}} - 1), [{_REST}]) END"
)
_SPLIT_PART = (
    f"CASE WHEN {{2}} < 1 THEN error('Index must be greater than zero') {_NO_DELIMITER}"
    f" ELSE list_extract({_PARTS}, {{2}}) END"
)
_FOUND = "CASE WHEN {1} = '' THEN 1 ELSE strpos({0}, {1}) END"
_PLACES = "list_filter(range(1, length({0}) - length({1}) + 2), lambda i: substr({0}, i, length({1})) = {1})"


def _nth(places: str) -> str:
    """The SQL of the place of the N-th instance among all places, 0 if there are fewer."""
    return (
        "CASE WHEN {2} = 0 THEN error('The instance must be a positive or negative number.')"
        " WHEN {0} IS NULL OR {1} IS NULL OR {2} IS NULL THEN NULL"
        f" WHEN {{1}} = '' THEN 1 ELSE coalesce(list_extract({places}, {{2}}), 0) END"
    )


FUNCTIONS: dict[str, Function] = {
    "chr": returning(VARCHAR, "chr(CAST({0} AS INTEGER))", BIGINT),
    "codepoint": returning(
        INTEGER,
        "CASE WHEN length({0}) <> 1 THEN error('codepoint takes one character') ELSE unicode({0}) END",
        VARCHAR,
    ),
    "concat": _concat,
    "length": returning(BIGINT, "length({0})", VARCHAR),
    "lower": returning(VARCHAR, "lower({0})", VARCHAR),
    "upper": returning(VARCHAR, _UPPER, VARCHAR),
    **{name: returning(VARCHAR, _PADDED.format(name), VARCHAR, BIGINT, VARCHAR) for name in ("lpad", "rpad")},
    **{
        name: returning(VARCHAR, f"{name}({{0}}, {text(_SPACES)})", VARCHAR)
        for name in ("ltrim", "rtrim", "trim")
    },
    "replace": function(
        Signature((VARCHAR, VARCHAR), VARCHAR, "replace({0}, {1}, '')"),
        Signature((VARCHAR, VARCHAR, VARCHAR), VARCHAR, _REPLACE),
    ),
    "reverse": _reverse,
    "split": function(
        Signature((VARCHAR, VARCHAR), array(VARCHAR), _SPLIT),
        Signature((VARCHAR, VARCHAR, BIGINT), array(VARCHAR), _SPLIT_LIMITED),
    ),
    "split_part": returning(VARCHAR, _SPLIT_PART, VARCHAR, VARCHAR, BIGINT),
    "strpos": function(
        Signature((VARCHAR, VARCHAR), BIGINT, _FOUND),
        Signature((VARCHAR, VARCHAR, BIGINT), BIGINT, _nth(_PLACES)),
    ),
    "strrpos": function(
        Signature((VARCHAR, VARCHAR), BIGINT, _nth(f"list_reverse({_PLACES})").replace("{2}", "1")),
        Signature((VARCHAR, VARCHAR, BIGINT), BIGINT, _nth(f"list_reverse({_PLACES})")),
    ),
    "substr": _SUBSTR,
    "substring": _SUBSTR,
}
