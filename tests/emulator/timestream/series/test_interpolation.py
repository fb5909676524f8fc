"""Interpolation, against NumPy and plain Python."""

import math
from collections.abc import Callable, Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.timestream.errors import ServiceError
from tests.support.series import SECOND, START, Points, create, moments, points
from tests.support.sql_expected import stamp
from tests.support.sql_fleet import Ask, many

_TIMES = st.lists(st.integers(-20, 620), min_size=1, max_size=20).map(
    lambda halves: [START + half * SECOND // 2 for half in halves]
)


def _linear(series: Points, time: int) -> float | None:
    if not series[0][0] <= time <= series[-1][0]:
        return None
    return float(np.interp(time - START, [t - START for t, _ in series], [v for _, v in series]))


def _locf(series: Points, time: int) -> float | None:
    return next((value for at, value in reversed(series) if at <= time), None)


def _fill(series: Points, time: int) -> float | None:
    return dict(series).get(time, -7.5)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("interpolate_linear(s, {})", _linear),
        ("interpolate_locf(s, {})", _locf),
        ("interpolate_fill(s, {}, -7.5e0)", _fill),
    ],
)
@many
@given(series=points(), times=_TIMES)
def test_interpolation(
    ask: Ask, call: str, expected: Callable[[Points, int], float | None], series: Points, times: list[int]
) -> None:
    """A series has at each wanted time what its method says, sorted; at one time this is a value alone."""
    found = ask(f"SELECT {call.format(moments(times))} FROM {create(series)}").rows[0][0]
    assert [time for time, _ in found] == [stamp(time) for time in sorted(times)]
    wanted = [expected(series, time) for time in sorted(times)]
    assert _numbers(value for _, value in found) == pytest.approx(
        _numbers(wanted), rel=1e-9, abs=1e-6, nan_ok=True
    )
    alone = ask(f"SELECT {call.format(f'from_nanoseconds({times[0]})')} FROM {create(series)}").rows[0]
    first = [expected(series, times[0])]
    assert _numbers(alone) == pytest.approx(_numbers(first), rel=1e-9, abs=1e-6, nan_ok=True)


def _numbers(values: Iterable[float | None]) -> list[float]:
    return [math.nan if value is None else value for value in values]


def test_other_types(ask: Ask) -> None:
    """Whole numbers are interpolated to doubles; texts are carried and filled; NULL times are left out."""
    rows = "(VALUES (1, 5, 'a'), (3, 6, 'c')) AS t(t, n, x)"
    series = "create_time_series(from_milliseconds(t), {})"
    answer = ask(
        f"SELECT interpolate_linear({series.format('n')}, from_milliseconds(2)),"
        f" interpolate_locf({series.format('x')}, from_milliseconds(2)),"
        f" interpolate_fill({series.format('x')}, ARRAY[from_milliseconds(2), NULL], 'N/D'),"
        f" interpolate_fill({series.format('n')}, '1970-01-01 00:00:00.002', 0) FROM {rows}"
    )
    assert answer.rows == [[5.5, "a", [("1970-01-01 00:00:00.002000000", "N/D")], 0]]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (
            "interpolate_linear(create_time_series(time, host), now())",
            "Unexpected parameters (timeseries(varchar), t",
        ),
        ("interpolate_linear(1, now())", "Unexpected parameters (integer, timestamp)"),
        (
            "interpolate_locf(create_time_series(time, host), 1)",
            "Unexpected parameters (timeseries(varchar), integer)",
        ),
        (
            "interpolate_locf(create_time_series(time, host))",
            "Unexpected parameters (timeseries(varchar)) for",
        ),
        (
            "interpolate_fill(create_time_series(time, host), now(), 1)",
            "Unexpected parameters (timeseries(varchar), ",
        ),
    ],
)
def test_refused(ask: Ask, call: str, says: str) -> None:
    """What is no series, has no numbers, or no times to go to, is refused with the types that were given."""
    with pytest.raises(ServiceError) as refusal:
        ask(f"SELECT {call} FROM metrics.fleet")
    assert says in refusal.value.message
