"""Answers of SQL as lines of a chart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.console.place import Place
from ops.console.readers.sql import ROWS_MOST, Answer, Line, ask
from ops.errors import OperatorError

MINUTE = "2026-11-22 08:00:00.000000000"
MINUTE_MS = 1_795_334_400_000


def test_each_combination_of_texts_is_a_line() -> None:
    """A line is named by the columns that tell it from others, and has its points in the order of time."""
    later = "2026-11-22 08:01:00.500000000"
    answer = Answer(
        ("t", "core", "host", "v"),
        [[later, "1", "a", 4.0], [MINUTE, "1", "a", 3], [MINUTE, "0", "a", 1.0], [MINUTE, None, "a", None]],
    )
    assert answer.lines() == [
        Line("core=0 host=a", [(MINUTE_MS, 1.0)]),
        Line("core=1 host=a", [(MINUTE_MS, 3), (MINUTE_MS + 60_500, 4.0)]),
        Line("core=– host=a", [(MINUTE_MS, None)]),
    ]


def test_several_numbers_are_a_line_each() -> None:
    """Then the column's name tells them apart."""
    answer = Answer(("t", "low", "high"), [[MINUTE, 1, 2]])
    assert [line.name for line in answer.lines()] == ["high", "low"]


def test_lines_are_in_the_order_that_people_count_in() -> None:
    """Core 10 comes after core 9."""
    answer = Answer(("t", "core", "v"), [[MINUTE, str(core), 1] for core in (10, 9, 1)])
    assert [line.name for line in answer.lines()] == ["core=1", "core=9", "core=10"]


@pytest.mark.parametrize(
    "rows",
    [
        [["cpu", 1.0]],  # no time
        [[MINUTE, "cpu"]],  # no number
        [[MINUTE, True]],
        [[None, None]],
        [],
    ],
)
def test_what_is_no_series_has_no_lines(rows: list[list[object]]) -> None:
    """A chart takes a time and a number."""
    assert Answer(("a", "b"), rows).lines() == []


_COLUMNS = st.sampled_from(
    [st.booleans(), st.integers(), st.floats(), st.text(), st.just(MINUTE), st.lists(st.integers())]
)
_ROWS = st.lists(_COLUMNS, min_size=1, max_size=4).flatmap(
    lambda columns: st.lists(st.tuples(*(st.none() | column for column in columns)))
)


@given(_ROWS)
def test_no_answer_is_too_odd_for_a_chart(rows: list[tuple[object, ...]]) -> None:
    """Whatever a statement returns, the lines hold only times and numbers, none more often than there are rows."""
    width = len(rows[0]) if rows else 1
    lines = Answer([f"c{index}" for index in range(width)], rows).lines()
    assert sum(len(line.points) for line in lines) <= len(rows) * width
    assert all(isinstance(at_ms, int) for line in lines for at_ms, _ in line.points)


def test_rows_beyond_the_most_are_cut(place: Place, points: list[tuple[int, str, float]]) -> None:
    """A page is not flooded, and says that there is more; each question is counted."""
    before = place.spending.queries
    table = '"metrics_dev"."metrics"'
    assert not ask(place, f"SELECT time, core, value FROM {table}").cut
    many = ask(place, f"SELECT a.value FROM {table} a CROSS JOIN {table} b")
    assert len(points) ** 2 > ROWS_MOST
    assert (len(many.rows), many.cut) == (ROWS_MOST, True)
    assert place.spending.queries == before + 2


@pytest.mark.parametrize("sql", ["", "  ", "SELEC 1", "SELECT nothing"])
def test_a_bad_statement_is_a_line_to_show(place: Place, sql: str) -> None:
    """Timestream's reason, or that there is nothing to run."""
    with pytest.raises(OperatorError):
        ask(place, sql)
