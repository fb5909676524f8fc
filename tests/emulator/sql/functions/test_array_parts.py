"""Arrays taken apart and put together."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.sql import SqlError
from tests.support.sql_fleet import Ask, many, one


@many
@given(length=st.integers(0, 6), start=st.integers(-8, 8).filter(bool), count=st.integers(0, 8))
def test_slice(ask: Ask, length: int, start: int, count: int) -> None:
    """slice is so many elements from a place on, or from so far before the end; nothing where that is outside."""
    items = list(range(length))
    begin = start - 1 if start > 0 else length + start
    wanted = items[begin : begin + count] if begin >= 0 else []
    spelled = f"CAST(ARRAY[{', '.join(map(str, items))}] AS ARRAY(BIGINT))"
    assert one(ask, f"slice({spelled}, {start}, {count})") == wanted


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("array_position(ARRAY['b', NULL, 'a', 'b'], 'b')", 1),
        ("array_position(ARRAY[1, 2], 3)", 0),
        ("array_position(ARRAY[1, NULL], CAST(NULL AS INTEGER))", None),
        ("array_position(ARRAY[nan()], nan())", 0),
        ("array_remove(ARRAY[1, NULL, 2, 1], 1)", [None, 2]),
        ("array_remove(ARRAY[1], CAST(NULL AS INTEGER))", None),
        ("array_sort(ARRAY[3, NULL, 1])", [1, 3, None]),
        ("array_sort(ARRAY['b', 'B', 'a'])", ["B", "a", "b"]),
        ("zip(ARRAY[1, 2], ARRAY['a'])", [[1, "a"], [2, None]]),
        ("zip(ARRAY[1], ARRAY[2], ARRAY[3])", [[1, 2, 3]]),
        ("zip(ARRAY[1], CAST(NULL AS ARRAY(BIGINT)))", None),
        ("repeat('a', 3)", ["a", "a", "a"]),
        ("repeat(1, -1)", []),
        ("array_sort(shuffle(ARRAY[3, 1, 2]))", [1, 2, 3]),
        ("array_join(ARRAY[1, NULL, 3], '/', '?')", "1/?/3"),
        ("array_join(ARRAY['a', 'b'], x) FROM (VALUES '+') AS t(x)", "a+b"),
        ("array_join(CAST(ARRAY[] AS ARRAY(VARCHAR)), x) FROM (VALUES '+') AS t(x)", ""),
        ("array_join(ARRAY['a'], x) FROM (VALUES CAST(NULL AS VARCHAR)) AS t(x)", None),
        ("array_min(ARRAY[1e0, nan()])", "NaN"),
        ("contains(ARRAY[1.5e0, 2e0], 2e0)", True),
        ("contains(ARRAY[nan()], nan())", False),
    ],
)
def test_parts(ask: Ask, expression: str, wanted: Any) -> None:
    """Each function answers by Trino's documentation, NULLs and NaN included."""
    found = one(ask, expression)
    assert (str(found).replace("nan", "NaN") if wanted == "NaN" else found) == wanted


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("slice(ARRAY[1], 0, 1)", "SQL array indices start at 1"),
        ("slice(ARRAY[1], 1, -1)", "length must be greater than or equal to 0"),
        ("repeat(1, 10001)", "must be less than or equal to 10000"),
        ("array_sort(1)", "Unexpected parameters (integer) for function array_sort"),
        ("array_position(ARRAY[1], 'a')", "Unexpected parameters (array(integer), varchar)"),
        ("zip(ARRAY[1])", "Unexpected parameters (array(integer)) for function zip"),
    ],
)
def test_refused(ask: Ask, expression: str, says: str) -> None:
    """What a function does not take is refused, before or while it runs."""
    with pytest.raises(SqlError) as refusal:
        one(ask, expression)
    assert says in refusal.value.message
