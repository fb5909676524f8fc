"""The values of question marks: expressions without names, and texts, as they were seen to be taken in an account."""

import pytest

from tests.support.athena_world import World


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ("'abc'", "abc"),
        ("1 + 1", "2"),
        ("-5", "-5"),
        ("true", "true"),
        ("NULL", None),
        ("DATE '2020-01-01'", "2020-01-01"),
        ("now()", "2026-11-25 21:10:00.000 UTC"),
        ("it's", "it's"),
        ("abc", "abc"),
        ("x + 1", "x + 1"),
        ("123e4567-e89b-42d3-a456-426614174000", "123e4567-e89b-42d3-a456-426614174000"),
        ("1, 2", "1, 2"),
        ("1 FROM t", "1 FROM t"),
        ("1) OR (1 = 1", "1) OR (1 = 1"),
        ("1 -- rest", "1"),
        ("'a -- b'", "a -- b"),
        ("?", "?"),
        ("", ""),
    ],
)
def test_value(given: str, value: str | None) -> None:
    """A value stands where its question mark stood."""
    assert World().rows("SELECT ?, '?'", parameters=[given]) == [[value, "?"]]


def test_numbers_of_values() -> None:
    """Too few are refused, those for a statement without question marks ignored."""
    world = World()
    assert world.rows("SELECT 1", parameters=["2"]) == [["1"]]
    assert world.failure("SELECT ?, ?", parameters=["2"]).startswith("Incorrect number of parameters")
    assert world.failure("SELECT ?") == "Incorrect number of parameters: expected 1 but found 0"
    assert world.failure("SELECT ?", parameters=["nope(1)"]).startswith("FUNCTION_NOT_FOUND")
