"""String functions, counted in code points."""

from emulator.sql.bound import BoundExpression, text
from emulator.sql.call import Call, Function, Signature, function, returning
from emulator.sql.types import BIGINT, INTEGER, UNKNOWN, VARCHAR, Type, array

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
    if any(argument.type not in (VARCHAR, UNKNOWN) for argument in arguments):
        raise call.mismatch(arguments)
    texts = call.take(*[VARCHAR] * len(arguments))
    return BoundExpression(f"({' || '.join(item.sql for item in texts)})", VARCHAR)


def _reverse(call: Call) -> BoundExpression:
    """A string's code points, or an array's elements, from the end to the start."""
    arguments = call.arguments()
    if len(arguments) == 1 and arguments[0].type.name == "ARRAY":
        return BoundExpression(f"list_reverse({arguments[0].sql})", arguments[0].type, nan=True)
    return _BACKWARDS(call)


def _replace(call: Call) -> BoundExpression:
    items = call.take(VARCHAR, VARCHAR) if len(call.nodes) == 2 else call.take(VARCHAR, VARCHAR, VARCHAR)
    if not items[1].value:
        raise call.refuse("replace is only supported with a literal, non-empty search string")
    by = items[2].sql if len(items) == 3 else "''"
    return BoundExpression(f"replace({items[0].sql}, {items[1].sql}, {by})", VARCHAR)


def _padded(call: Call) -> BoundExpression:
    string, size, pad = call.take(VARCHAR, BIGINT, VARCHAR)
    if not isinstance(size.value, int) or size.value < 0 or not pad.value:
        raise call.refuse(
            f"{call.name} is only supported with a literal size and a literal, non-empty padding string"
        )
    return BoundExpression(f"{call.name}({string.sql}, CAST({size.value} AS INTEGER), {pad.sql})", VARCHAR)


def _parts(call: Call, *more: Type) -> tuple[str, list[BoundExpression]]:
    """The SQL of a string's parts, and the arguments behind string and delimiter."""
    string, delimiter, *others = call.take(VARCHAR, VARCHAR, *more)
    if not delimiter.value:
        raise call.refuse(f"{call.name} is only supported with a literal, non-empty delimiter")
    return f"string_split({string.sql}, {delimiter.sql})", others


def _split_part(call: Call) -> BoundExpression:
    parts, (place,) = _parts(call, BIGINT)
    index = place.sql
    if not isinstance(place.value, int) or place.value < 1:
        index = f"CASE WHEN {index} < 1 THEN error('Index must be greater than zero') ELSE {index} END"
    return BoundExpression(f"list_extract({parts}, {index})", VARCHAR)


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
    "lpad": _padded,
    "rpad": _padded,
    **{
        name: returning(VARCHAR, f"{name}({{0}}, {text(_SPACES)})", VARCHAR)
        for name in ("ltrim", "rtrim", "trim")
    },
    "replace": _replace,
    "reverse": _reverse,
    "split": lambda call: BoundExpression(_parts(call)[0], array(VARCHAR)),
    "split_part": _split_part,
    "strpos": returning(BIGINT, "CASE WHEN {1} = '' THEN 1 ELSE strpos({0}, {1}) END", VARCHAR, VARCHAR),
    "substr": _SUBSTR,
    "substring": _SUBSTR,
}
