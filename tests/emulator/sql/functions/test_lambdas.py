"""FILTER, TRANSFORM and REDUCE, against plain Python."""

from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.sql import SqlError
from tests.support.sql_fleet import Ask, many, one

_NUMBERS = st.lists(st.integers(-100, 100), max_size=10)


@many
@given(numbers=_NUMBERS)
def test_arrays(ask: Ask, numbers: list[int]) -> None:
    """A function is called for each element, in order, with a state that goes from one to the next."""
    array = f"CAST(ARRAY[{', '.join(map(str, numbers))}] AS ARRAY(BIGINT))"
    found = ask(
        f"SELECT filter({array}, x -> x > 10), transform({array}, x -> x * 2 + 1),"
        f" reduce({array}, BIGINT '1', (s, x) -> (s * 7 + x) % 1000, s -> s + 5) FROM (VALUES 3) AS t(y)"
    )
    folded = reduce(lambda s, x: int(_java_remainder(s * 7 + x)), numbers, 1)
    assert found.rows[0] == [[n for n in numbers if n > 10], [n * 2 + 1 for n in numbers], folded + 5]


def _java_remainder(number: int) -> int:
    return number % 1000 if number >= 0 else -(-number % 1000)


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        (
            "transform(ARRAY[ARRAY[1, 2], ARRAY[3]], a -> transform(a, b -> b * cardinality(a)))",
            [[2, 4], [3]],
        ),
        ("transform(ARRAY[1, NULL], x -> coalesce(x, y))", [1, 3]),
        ("transform(ARRAY[1], y -> y)", [1]),
        ("filter(CAST(NULL AS ARRAY(INTEGER)), x -> true)", None),
        ("filter(ARRAY[1, NULL], x -> x > 0)", [1]),
        ("reduce(ARRAY['a', 'b'], '', (s, x) -> s || x, s -> upper(s))", "AB"),
        (
            (
                "reduce(ARRAY[5, 6, 10, 20], CAST(ROW(0e0, 0) AS ROW(sum DOUBLE, count INTEGER)),"
                " (s, x) -> CAST(ROW(x + s.sum, s.count + 1) AS ROW(sum DOUBLE, count INTEGER)),"
                " s -> IF(s.count = 0, NULL, s.sum / s.count))"
            ),
            10.25,
        ),
    ],
)
def test_scopes_and_types(ask: Ask, expression: str, wanted: Any) -> None:
    """A function sees the columns and parameters around it, its own first; its state may be a row."""
    assert ask(f"SELECT {expression} FROM (VALUES 3) AS t(y)").rows[0][0] == wanted


def test_time_series(ask: Ask) -> None:
    """The points of a series are rows of time and value; a filtered series is one."""
    series = "create_time_series(from_milliseconds(t), v)"
    answer = ask(
        f"SELECT filter({series}, p -> p.value > 1 AND p.time > from_milliseconds(1)),"
        f" reduce({series}, 0, (s, p) -> s + p.value, s -> s), transform({series}, p -> p.value)"
        " FROM (VALUES (1, 2), (2, 3), (3, 0)) AS t(t, v)"
    )
    assert answer.rows == [[[("1970-01-01 00:00:00.002000000", 3)], 5, [2, 3, 0]]]


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("filter(ARRAY[1], x -> x)", "The function of filter must be a boolean"),
        ("filter(ARRAY[1], 1)", "filter takes a function such as x -> x + 1 here"),
        ("filter(1, x -> true)", "Unexpected parameters (integer, function) for function filter"),
        ("filter(ARRAY[1])", "Unexpected parameters (array(integer)) for function filter"),
        ("transform(ARRAY[1], (x, y) -> x)", "takes 1 arguments, not 2"),
        ("transform(ARRAY[1], x -> z)", "Column 'z' does not exist"),
        ("transform(ARRAY[1], x -> (SELECT x))", "this emulator does not have subqueries here"),
        ("reduce(ARRAY[1e0], 0, (s, x) -> s + x, s -> s)", "must make a integer of a integer and a double"),
        ("abs(x -> x)", "lambda expression"),
        (
            "transform(ARRAY[1], x -> sum(x))",
            "Lambda expression cannot contain aggregations, window functions",
        ),
    ],
)
def test_refused(ask: Ask, expression: str, says: str) -> None:
    """What is no function, or one of other arguments or results, is refused."""
    with pytest.raises(SqlError) as refusal:
        one(ask, expression)
    assert says in refusal.value.message
