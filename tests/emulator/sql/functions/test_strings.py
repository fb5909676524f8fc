"""String functions against Python's strings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.sql_fleet import Ask, many


@many
@given(
    word=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    first=st.integers(-8, 8),
    length=st.integers(-2, 8),
)
def test_substr(ask: Ask, word: str, first: int, length: int) -> None:
    """substr counts code points from 1, or back from the end; position 0 and beyond the start are empty."""
    begin = first - 1 if first > 0 else len(word) + first
    expected = "" if first == 0 or begin < 0 else word[begin : begin + max(length, 0)]
    quoted = word.replace("'", "''")
    assert ask(f"SELECT substr('{quoted}', {first}, {length}), '{quoted}', length('{quoted}')").rows == [
        [expected, word, len(word)]
    ]


@many
@given(word=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_reverse(ask: Ask, word: str) -> None:
    """reverse turns any text around by code points, and an array by its elements."""
    quoted = word.replace("'", "''")
    answer = ask(f"SELECT reverse('{quoted}'), reverse(ARRAY['{quoted}', 'x'])")
    assert answer.rows == [[word[::-1], ["x", word]]]


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        ("split('a-b-c', '-', 2)", ["a", "b-c"]),
        ("split('a-b', '-', 5)", ["a", "b"]),
        ("strpos('abcb', 'b', 2)", 4),
        ("strpos('abcb', 'b', -1)", 4),
        ("strpos('aaa', 'aa', 2)", 2),
        ("strpos('a', 'b', 1)", 0),
        ("strrpos('abcb', 'b')", 4),
        ("strrpos('abcb', 'b', 2)", 2),
        ("replace('abc', x, '.')", "a.c"),
        ("replace('abc', '', '.')", ".a.b.c."),
        ("lpad('7', length('abc'), x)", "bb7"),
        ("split_part('a:b:c', ':', 2)", "b"),
        ("split_part('a', ':', 2)", None),
        ("split('abcbd', x)", ["a", "c", "d"]),
    ],
)
def test_forms(ask: Ask, call: str, wanted: object) -> None:
    """Limits, instances and delimiters may be any expressions."""
    assert ask(f"SELECT {call} FROM (VALUES 'b') AS t(x)").rows == [[wanted]]
