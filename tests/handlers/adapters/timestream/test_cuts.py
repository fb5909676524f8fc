"""The cheapest cuts of points in an order."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.adapters.timestream.cuts import Column, Cost, Line, TooDear


@st.composite
def lines(draw: Any) -> tuple[list[Column], list[int], int]:
    """Columns, the bytes of each record, and what all records share."""
    count = draw(st.integers(1, 40) | st.integers(95, 130))
    columns = []
    for _ in range(draw(st.integers(0, 4))):
        sizes = draw(st.lists(st.sampled_from([0, 8, 30, 100, 500]), min_size=1, max_size=5))
        values = draw(st.lists(st.integers(0, len(sizes) - 1), min_size=count, max_size=count))
        columns.append(Column(sorted(values) if draw(st.booleans()) else values, sizes))
    others = draw(st.lists(st.sampled_from([13, 21, 60]), min_size=count, max_size=count))
    own = [other + sum(sizes[values[at]] for values, sizes in columns) for at, other in enumerate(others)]
    return columns, own, draw(st.integers(0, 300))


def every_cut(columns: list[Column], own: list[int], shared: int) -> Cost:
    """The least cost, by trying every cut."""
    best = [Cost(0, 0)]
    for end in range(1, len(own) + 1):
        found = []
        size, repeated = 6 + shared, sum(sizes[values[end - 1]] for values, sizes in columns)
        running = list(columns)
        for start in range(end - 1, max(-1, end - 101), -1):
            size += own[start]
            for column in [one for one in running if one.values[start] != one.values[end - 1]]:
                running.remove(column)
                repeated -= column.sizes[column.values[end - 1]]
            units = -(-(size - repeated * (end - start - 1)) // 1024)
            found.append(Cost(best[start].units + units, best[start].calls + 1))
        best.append(min(found))
    return best[-1]


@given(lines())
@settings(deadline=None, max_examples=60)
def test_no_other_cuts_are_cheaper(line: tuple[list[Column], list[int], int]) -> None:
    """Units count first, then calls; calls are never empty, nor over 100 records."""
    cost, cuts = Line(*line).cuts()
    assert cost == every_cut(*line)
    assert (cuts[0], cuts[-1], len(cuts) - 1) == (0, len(line[1]), cost.calls)
    assert all(0 < end - start <= 100 for start, end in pairwise(cuts))


@given(lines(), st.integers(0, 20))
@settings(deadline=None, max_examples=40)
def test_only_what_is_dearer_than_it_may_be_is_given_up(
    line: tuple[list[Column], list[int], int], most: int
) -> None:
    """The cost is found whenever it is within the bound."""
    cost, _ = Line(*line).cuts()
    if cost.units <= most:
        assert Line(*line).cuts(most)[0] == cost
    else:
        with pytest.raises(TooDear):
            Line(*line).cuts(most)
