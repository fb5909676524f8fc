"""Derivatives and integrals of series, against NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.timestream.errors import ServiceError
from tests.support.series import SECOND, Points, create, points
from tests.support.sql_expected import stamp
from tests.support.sql_fleet import Ask, many

_INTERVALS = st.sampled_from([("1s", 1.0), ("5m", 300.0), ("100ms", 0.1)])


@many
@given(series=points(), interval=_INTERVALS)
def test_derivatives(ask: Ask, series: Points, interval: tuple[str, float]) -> None:
    """A derivative is the change per interval since the point before; the non-negative one leaves out what fell."""
    spelled, seconds = interval
    times = np.array([(t - series[0][0]) / SECOND for t, _ in series])
    slopes = np.diff([v for _, v in series]) / np.diff(times) * seconds
    found = ask(f"SELECT derivative_linear(s, {spelled}) FROM {create(series)}").rows[0][0]
    assert [time for time, _ in found] == [stamp(time) for time, _ in series[1:]]
    assert [value for _, value in found] == pytest.approx(list(slopes), rel=1e-9, abs=1e-9)
    rising = ask(f"SELECT non_negative_derivative_linear(s, {spelled}) FROM {create(series)}").rows[0][0]
    assert rising == [(time, value) for time, value in found if value >= 0]


@many
@given(series=points(), interval=_INTERVALS)
def test_integral(ask: Ask, series: Points, interval: tuple[str, float]) -> None:
    """integral_trapezoidal is the area under the lines between the points, per interval or per second."""
    spelled, seconds = interval
    times = [(t - series[0][0]) / SECOND for t, _ in series]
    area = float(np.trapezoid([v for _, v in series], times))
    found = ask(
        f"SELECT integral_trapezoidal(s), integral_trapezoidal(s, {spelled}) FROM {create(series)}"
    ).rows
    assert found[0] == pytest.approx([area, area / seconds], rel=1e-9, abs=1e-3)


def test_whole_numbers(ask: Ask) -> None:
    """Series of whole numbers have derivatives and integrals in doubles."""
    rows = "(VALUES (0, 1), (2, 4)) AS t(t, v)"
    series = "create_time_series(from_milliseconds(t * 1000), v)"
    answer = ask(f"SELECT derivative_linear({series}, 1s), integral_trapezoidal({series}) FROM {rows}")
    assert answer.rows == [[[("1970-01-01 00:00:02.000000000", 1.5)], 5.0]]


@pytest.mark.parametrize(
    "call", ["derivative_linear({0})", "derivative_linear({0}, 1)", "integral_trapezoidal({1})"]
)
def test_refused(ask: Ask, call: str) -> None:
    """Without an interval there is no derivative, and without numbers no integral."""
    series = "create_time_series(time, {})"
    with pytest.raises(ServiceError, match="Unexpected parameters"):
        ask(f"SELECT {call.format(series.format('cpu'), series.format('host'))} FROM metrics.fleet")
