"""The cubic spline, against the equations that define it, solved by NumPy."""

import numpy as np
import pytest
from hypothesis import given

from tests.support.series import SECOND, Points, create, moments, points
from tests.support.sql_fleet import Ask, many


def _natural_spline(series: Points, times: list[int]) -> list[float]:
    """The values of the spline, whose four coefficients for each piece solve one dense system of equations."""
    x = np.array([(t - series[0][0]) / SECOND for t, _ in series])
    y = np.array([v for _, v in series])
    pieces = len(x) - 1
    equations, right = [], []

    def equation(value: float, **parts: tuple[int, list[float]]) -> None:
        line = np.zeros(4 * pieces)
        for piece, coefficients in parts.values():
            line[4 * piece : 4 * piece + 4] += coefficients
        equations.append(line)
        right.append(value)

    for i in range(pieces):
        h = x[i + 1] - x[i]
        equation(y[i], at=(i, [1, 0, 0, 0]))
        equation(y[i + 1], at=(i, [1, h, h**2, h**3]))
        if i + 1 < pieces:
            equation(0, left=(i, [0, 1, 2 * h, 3 * h**2]), other=(i + 1, [0, -1, 0, 0]))
            equation(0, left=(i, [0, 0, 2, 6 * h]), other=(i + 1, [0, 0, -2, 0]))
    equation(0, at=(0, [0, 0, 2, 0]))
    equation(0, at=(pieces - 1, [0, 0, 2, 6 * (x[-1] - x[-2])]))
    solved = np.linalg.solve(np.array(equations), np.array(right)).reshape(pieces, 4)
    values = []
    for time in times:
        at = (time - series[0][0]) / SECOND
        piece = min(int(np.searchsorted(x, at, side="right")) - 1, pieces - 1)
        values.append(float(np.polyval(solved[piece][::-1], at - x[piece])))
    return values


@many
@given(series=points(least=2))
def test_natural_spline(ask: Ask, series: Points) -> None:
    """interpolate_spline_cubic is the natural spline through all points, at times between the first and the last."""
    first, last = series[0][0], series[-1][0]
    times = [first + (last - first) * i // 7 for i in range(8)]
    found = ask(f"SELECT interpolate_spline_cubic(s, {moments(times)}) FROM {create(series)}").rows[0][0]
    scale = max(abs(value) for _, value in series) + 1
    wanted = _natural_spline(series, times)
    assert [value for _, value in found] == pytest.approx(wanted, rel=1e-6, abs=1e-7 * scale)


def test_outside(ask: Ask) -> None:
    """One point has no spline but at its own time, and none has one before its first or after its last point."""
    one = create([(10 * SECOND, 2.5)])
    found = ask(
        f"SELECT interpolate_spline_cubic(s, {moments([9 * SECOND, 10 * SECOND, 11 * SECOND])}) FROM {one}"
    ).rows[0][0]
    assert [value for _, value in found] == [None, 2.5, None]
