"""Time series for tests: any points, their SQL, and what their times look like."""

from collections.abc import Sequence

from hypothesis import strategies as st

from tests.support.sql_expected import stamp
from tests.support.sql_fleet import double_literal

Points = list[tuple[int, float]]
"""Times in nanoseconds and values, sorted by time."""

SECOND = 10**9
START = 1_600_000_000 * SECOND
_VALUES = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda number: round(number, 3) + 0.0)


@st.composite
def points(draw: st.DrawFn, *, least: int = 1) -> Points:
    """Points at different times, some close together and some far apart."""
    times = draw(st.lists(st.integers(0, 600), min_size=least, max_size=12, unique=True))
    return [(START + time * SECOND // 2, draw(_VALUES)) for time in sorted(times)]


def create(given: Points) -> str:
    """The subquery that has these points as its one time series `s`, from rows in reverse."""
    rows = ", ".join(f"({at_ns}, {double_literal(value)})" for at_ns, value in reversed(given))
    return f"(SELECT create_time_series(from_nanoseconds(t), v) AS s FROM (VALUES {rows}) AS p(t, v))"


def moments(times: Sequence[int]) -> str:
    """The SQL of an array of timestamps."""
    return f"ARRAY[{', '.join(f'from_nanoseconds({time})' for time in times)}]"


def shown(given: Points) -> list[tuple[str, float]]:
    """A series as it is read back from a result."""
    return [(stamp(time), value) for time, value in given]
