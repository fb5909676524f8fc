"""Charts in a terminal."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.errors import OperatorError
from ops.plot import draw, plot, read_series

T0, T1 = "2026-01-01 00:00:00.000000000", "2026-01-01 00:01:00.500000000"
T0_S = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("columns", "row", "series"),
    [
        (["t", "v"], (T0, 1), {"v": [(T0_S, 1.0)]}),
        (["t", "core", "v"], (T0, "a\x1b", 1.5), {"a�": [(T0_S, 1.5)]}),
        (["t", "core", "v", "w"], (T0, "a", 1, 2), {"a v": [(T0_S, 1.0)], "a w": [(T0_S, 2.0)]}),
        (["host", "s"], ("h", [{"time": T1, "value": 3}]), {"h": [(T0_S + 60.5, 3.0)]}),
        (["t", "v"], ("2026-01-01T00:00Z", 1), {"v": [(T0_S, 1.0)]}),
        (["t", "v"], (datetime(2026, 1, 1), 1), {"v": [(T0_S, 1.0)]}),  # noqa: DTZ001 - as DuckDB has times
    ],
)
def test_series_are_told_apart_by_their_texts(
    columns: list[str], row: tuple[object, ...], series: dict[str, object]
) -> None:
    """And by the name of the number where there are several."""
    assert read_series(columns, [row]) == series


def test_points_are_drawn_in_the_order_of_time_without_gaps_that_are_no_numbers() -> None:
    """An answer need not be sorted, and NULL or NaN is no point."""
    rows = [(T1, 2.0), (T0, 1.0), (T0, None), (None, 1.0), (T0, float("nan"))]
    assert read_series(["t", "v"], rows) == {"v": [(T0_S, 1.0), (T0_S + 60.5, 2.0)]}


@pytest.mark.parametrize("rows", [[("a", 1)], [(T0, "a")], [(T0, True)], [("2026-13-01 00:00", 1)]])
def test_what_has_no_times_or_numbers_is_refused(rows: list[tuple[object, ...]]) -> None:
    """With a statement that would have them."""
    with pytest.raises(OperatorError, match="needs a column of times and one of numbers: SELECT bin"):
        plot(["a", "b"], rows)


def test_a_line_rises_from_the_lower_left() -> None:
    """The scale stands on the left, the first and last time below."""
    lines = list(draw({"v": [(0.0, 1.0), (60.0, 3.0)]}, 40, coloured=False))
    assert lines[0] == "v"
    assert lines[1].startswith("3 ┤ ")
    assert lines[1].rstrip()[-1] != " "
    assert lines[-2].startswith("1 ┤⣀") or lines[-2].startswith("1 ┤⡠")
    assert lines[-1].split() == ["00:00:00", "00:01:00"]


@given(
    st.lists(st.tuples(st.floats(0, 4e9), st.floats(-1e300, 1e300)), min_size=1, max_size=20),
    st.integers(20, 160),
)
def test_no_line_is_wider_than_the_terminal(points: list[tuple[float, float]], width: int) -> None:
    """Whatever the values are, the chart fits."""
    lines = list(draw({"v": sorted(points)}, width, coloured=False))
    assert max(map(len, lines[1:-1])) <= width


def test_without_colours_each_series_has_a_chart(capsys: pytest.CaptureFixture[str]) -> None:
    """At most six; how many there are is said."""
    plot(["t", "k", "v"], [(T0, str(number), number) for number in range(8)])
    shown = capsys.readouterr().out
    assert shown.count("2026-01-01 00:00:00  ") == 6
    assert shown.endswith("(6 of 8 series)\n")


def test_an_answer_without_rows_draws_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """And says so: its columns may be right."""
    plot(["t", "v"], [])
    assert capsys.readouterr().out == "(0 rows, so there is nothing to draw)\n"
