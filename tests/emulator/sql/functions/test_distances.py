"""Distances between strings, against plain Python."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.sql import SqlError
from tests.support.sql_fleet import Ask, many, one

_WORDS = st.text("abéßΩ😀'", max_size=7)


def _levenshtein(first: str, second: str) -> int:
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        above, row = row, [i]
        for j, b in enumerate(second, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (a != b)))
    return row[-1]


@many
@given(first=_WORDS, second=_WORDS)
def test_distances(ask: Ask, first: str, second: str) -> None:
    """Edits and differences are counted in characters of any script."""
    a, b = (word.replace("'", "''") for word in (first, second))
    assert one(ask, f"levenshtein_distance('{a}', '{b}')") == _levenshtein(first, second)
    length = min(len(first), len(second))
    a, b = (word[:length].replace("'", "''") for word in (first, second))
    different = sum(x != y for x, y in zip(first, second, strict=False))
    assert one(ask, f"hamming_distance('{a}', '{b}')") == different


def test_other_lengths(ask: Ask) -> None:
    """Strings of different lengths have no Hamming distance, and NULL has none of either kind."""
    with pytest.raises(SqlError, match="must have the same length"):
        one(ask, "hamming_distance('a', 'ab')")
    assert ask("SELECT levenshtein_distance(NULL, 'a'), hamming_distance('a', NULL)").rows == [[None, None]]
