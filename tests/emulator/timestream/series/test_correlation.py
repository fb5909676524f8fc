"""Correlation of series, against NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.timestream.errors import ServiceError
from tests.support.series import Points, create, points
from tests.support.sql_fleet import Ask, many

_FEW = st.lists(st.integers(-3, 3), min_size=12, max_size=12)


def _ranks(values: list[float]) -> list[float]:
    return [sum(v < x for v in values) + (sum(v == x for v in values) + 1) / 2 for x in values]


def _pearson(xs: list[float], ys: list[float]) -> float:
    x, y = np.array(xs) - np.mean(xs), np.array(ys) - np.mean(ys)
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale else float("nan")


@many
@given(series=points(least=2), others=_FEW)
def test_coefficients(ask: Ask, series: Points, others: list[int]) -> None:
    """Pearson's and Spearman's coefficients of two series are those of their values, and of their values' ranks."""
    other = [(time, float(value)) for (time, _), value in zip(series, others, strict=False)]
    found = ask(
        "SELECT correlate_pearson(a.s, b.s), correlate_spearman(a.s, b.s)"
        f" FROM {create(series)} AS a, {create(other)} AS b"
    ).rows[0]
    xs, ys = [v for _, v in series], [v for _, v in other]
    wanted = [_pearson(xs, ys), _pearson(_ranks(xs), _ranks(ys))]
    assert found == pytest.approx(wanted, rel=1e-6, abs=1e-9, nan_ok=True)


def test_other_times(ask: Ask) -> None:
    """Series whose times differ have no coefficient: the query fails, and says why."""
    pair = f"{create([(1, 1.0), (2, 2.0)])} AS a, {create([(1, 1.0), (3, 2.0)])} AS b"
    with pytest.raises(ServiceError, match="must have the same timestamps"):
        ask(f"SELECT correlate_pearson(a.s, b.s) FROM {pair}")


def test_one_point(ask: Ask) -> None:
    """One point correlates with nothing."""
    one = create([(1, 1.0)])
    assert ask(f"SELECT correlate_spearman(a.s, a.s) FROM {one} AS a").rows == [[None]]
