"""Distances between strings, counted in code points where DuckDB counts bytes."""

from emulator.sql.call import Function, returning
from emulator.sql.types import BIGINT, VARCHAR

_LETTERS = "string_split(s.{}, '')"
# Each different character as one byte, as DuckDB compares bytes: enough for 126 different ones.
_ALPHABET = f"list_distinct(list_concat({_LETTERS.format('x')}, {_LETTERS.format('y')}))"
_TOO_MANY = (
    "error('levenshtein_distance of strings with more than 126 different characters is not supported')"
)


def _as_bytes(side: str) -> str:
    letters = f"list_transform({_LETTERS.format(side)}, lambda c: chr(list_position(a, c)))"
    return f"array_to_string({letters}, '')"


_LEVENSHTEIN = (
    "CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN"
    " list_extract(list_transform([{{'x': {0}, 'y': {1}}}], lambda s: list_extract(list_transform("
    f"[{_ALPHABET}], lambda a: CASE WHEN len(a) > 126 THEN {_TOO_MANY}"
    f" ELSE levenshtein({_as_bytes('x')}, {_as_bytes('y')}) END), 1)), 1) END"
)
_DIFFERENT = "list_filter(range(1, length({0}) + 1), lambda i: substr({0}, i, 1) <> substr({1}, i, 1))"
_HAMMING = (
    "CASE WHEN {0} IS NULL OR {1} IS NULL THEN NULL WHEN length({0}) <> length({1})"
    " THEN error('The input strings to hamming_distance function must have the same length')"
    f" ELSE len({_DIFFERENT}) END"
)

FUNCTIONS: dict[str, Function] = {
    "hamming_distance": returning(BIGINT, _HAMMING, VARCHAR, VARCHAR),
    "levenshtein_distance": returning(BIGINT, _LEVENSHTEIN, VARCHAR, VARCHAR),
}
