"""Bits of whole numbers, and whole numbers in other bases."""

from emulator.sql.call import Function, returning
from emulator.sql.types import BIGINT, VARCHAR

_WORD = "18446744073709551616::HUGEINT"
"""2^64."""
_NOT_REPRESENTED = (
    "error('Number must be representable with the bits specified. ' || {0} || ' can not be represented with '"
    " || {1} || ' bits')"
)
_BIT_COUNT = (
    "CASE WHEN {1} < 2 OR {1} > 64 THEN error('Bits specified in bit_count must be between 2 and 64, got ' || {1})"
    " WHEN {1} < 64 AND ({0} >= (1::HUGEINT << ({1} - 1)) OR {0} < -(1::HUGEINT << ({1} - 1)))"
    f" THEN {_NOT_REPRESENTED}"
    " WHEN {1} = 64 THEN bit_count({0})"
    " ELSE bit_count({0} & CAST((1::HUGEINT << {1}) - 1 AS BIGINT)) END"
)
_SHIFTED = f"(({{0}}::HUGEINT * (1::HUGEINT << CAST({{1}} AS INTEGER))) % {_WORD})"
_LEFT = (
    "CASE WHEN {1} >= 64 THEN 0"
    f" WHEN {_SHIFTED} >= 9223372036854775808::HUGEINT THEN CAST({_SHIFTED} - {_WORD} AS BIGINT)"
    f" WHEN {_SHIFTED} < -9223372036854775808::HUGEINT THEN CAST({_SHIFTED} + {_WORD} AS BIGINT)"
    f" ELSE CAST({_SHIFTED} AS BIGINT) END"
)
_UNSIGNED = f"(CASE WHEN {{0}} < 0 THEN {{0}}::HUGEINT + {_WORD} ELSE {{0}}::HUGEINT END)"
_RIGHT = (
    "CASE WHEN {1} >= 64 THEN 0 WHEN {1} = 0 THEN {0}"
    f" ELSE CAST({_UNSIGNED} >> CAST({{1}} AS INTEGER) AS BIGINT) END"
)
_RIGHT_ARITHMETIC = "{0} >> least({1}, 63)"

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_RADIX = "WHEN {1} < 2 OR {1} > 36 THEN error('Radix must be between 2 and 36')"
_LETTERS = "string_split(ltrim(lower({0}), '+-'), '')"
_VALUES = f"list_transform({_LETTERS}, lambda c: CAST(strpos('{_DIGITS}', c) - 1 AS HUGEINT))"
_READ = f"list_reduce({_VALUES}, lambda n, d: n * {{1}} + d)"
_UNREADABLE = "error('Not a valid base-' || {1} || ' number: ' || {0})"
_FROM_BASE = (
    f"CASE {_RADIX} WHEN NOT regexp_full_match(lower({{0}}), '[+-]?[0-9a-z]{{{{1,64}}}}')"
    f" OR list_max({_VALUES}) >= {{1}} THEN {_UNREADABLE}"
    f" WHEN starts_with({{0}}, '-') THEN CAST(-({_READ}) AS BIGINT) ELSE CAST({_READ} AS BIGINT) END"
)
_TO_BASE = (
    f"CASE {_RADIX} ELSE CASE WHEN {{0}} < 0 THEN '-' ELSE '' END"
    " || lower(to_base(abs({0}), CAST({1} AS INTEGER))) END"
)

FUNCTIONS: dict[str, Function] = {
    "bit_count": returning(BIGINT, _BIT_COUNT, BIGINT, BIGINT),
    "bitwise_and": returning(BIGINT, "{0} & {1}", BIGINT, BIGINT),
    "bitwise_or": returning(BIGINT, "{0} | {1}", BIGINT, BIGINT),
    "bitwise_xor": returning(BIGINT, "xor({0}, {1})", BIGINT, BIGINT),
    "bitwise_not": returning(BIGINT, "~{0}", BIGINT),
    "bitwise_left_shift": returning(BIGINT, _LEFT, BIGINT, BIGINT),
    "bitwise_right_shift": returning(BIGINT, _RIGHT, BIGINT, BIGINT),
    "bitwise_right_shift_arithmetic": returning(BIGINT, _RIGHT_ARITHMETIC, BIGINT, BIGINT),
    "from_base": returning(BIGINT, _FROM_BASE, VARCHAR, BIGINT),
    "to_base": returning(VARCHAR, _TO_BASE, BIGINT, BIGINT),
}
