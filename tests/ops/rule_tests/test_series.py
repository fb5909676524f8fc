"""The notation of series."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.rule_tests.series import read_series


def values(text: str) -> list[float | None]:
    """The values of all places of a series, None for a gap."""
    found = read_series(text)
    by_place = {place.number: place.value for place in found.points}
    return [by_place.get(number) for number in range(found.length)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 2 _ 3", [1, 2, None, 3]),
        ("9x5", [9, 9, 9, 9, 9, 9]),
        ("1+2x3", [1, 3, 5, 7]),
        ("10-5x3", [10, 5, 0, -5]),
        ("0.1+0.1x2", [0.1, 0.2, 0.3]),
        ("_x3 -1.5e3", [None, None, None, -1500]),
        ("  7x0\n_x0\t.5 ", [7, 0.5]),
        ("_", [None]),
    ],
)
def test_a_series_is_written_as_for_promtool(text: str, expected: list[float | None]) -> None:
    """`axn` is a and n more, `a+bxn` grows by b, in decimal numbers, and `_xn` is n gaps."""
    assert values(text) == expected


def test_a_point_may_come_late() -> None:
    """`@` says how long after its time each point of the part comes."""
    found = read_series("1 2x1@5m 3@1h30m")
    assert [(place.number, place.delay_s) for place in found.points] == [
        (0, 0),
        (1, 300),
        (2, 300),
        (3, 5400),
    ]


@pytest.mark.parametrize(
    "part",
    ["x5", "9x", "9*5", "1+2", "NaN", "stale", "inf", "1,2", "_@5m", "9@", "9@5", "9x5x5", "1e999", "９"],
)
def test_a_part_that_is_none_is_named_with_what_was_expected(part: str) -> None:
    """The part, its number, and what may stand there."""
    with pytest.raises(ValueError, match="part 2 of the series") as caught:
        read_series(f"1 {part} 2")
    assert part in str(caught.value)


def test_a_series_has_places() -> None:
    """A series of nothing tests nothing, and one that no memory holds is refused at once."""
    for text in ("", "  ", "_x0"):
        with pytest.raises(ValueError, match="is empty"):
            read_series(text)
    with pytest.raises(ValueError, match="at most 100,000 places"):
        read_series("1x999999 1x999999")


@given(st.lists(st.none() | st.floats(-1e9, 1e9), min_size=1))
def test_values_one_by_one_are_what_they_say(given_values: list[float | None]) -> None:
    """Every finite number can be written as it is."""
    assert values(" ".join("_" if value is None else repr(value) for value in given_values)) == given_values
