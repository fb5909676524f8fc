"""approx_percentile in its forms, against plain Python."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.sql import SqlError
from tests.support.sql_fleet import Ask, many, one

_PAIRS = st.lists(st.tuples(st.integers(-20, 20), st.integers(1, 5)), min_size=1, max_size=9)
_SHARES = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])


@many
@given(pairs=_PAIRS, share=_SHARES)
def test_forms(ask: Ask, pairs: list[tuple[int, int]], share: float) -> None:
    """Weights count a value so many times; an array of shares gives an array; the accuracy is always met."""
    rows = ", ".join(f"({value}, {weight})" for value, weight in pairs)
    found = ask(
        f"SELECT approx_percentile(x, {share}e0), approx_percentile(x, w, {share}e0),"
        f" approx_percentile(x, w, ARRAY[{share}e0, 1e0]), approx_percentile(x, w, {share}e0, 1e-2)"
        f" FROM (VALUES {rows}) AS t(x, w)"
    ).rows[0]
    plain = sorted(value for value, _ in pairs)
    counted = sorted(value for value, weight in pairs for _ in range(weight))
    weighted = counted[max(math.ceil(share * len(counted)) - 1, 0)]
    assert found == [
        plain[max(math.ceil(share * len(plain)) - 1, 0)],
        weighted,
        [weighted, counted[-1]],
        weighted,
    ]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("approx_percentile(x, 1.5e0)", "Percentile must be between 0 and 1"),
        ("approx_percentile(x, 1, 5e-1, 2e0)", "Percentile accuracy must be between 0 and 1"),
        ("approx_percentile(x, 'a', 5e-1)", "Unexpected parameters (integer, varchar, double)"),
        ("approx_percentile(x, -x, 5e-1)", "percentile weight must be > 0"),
        ("approx_percentile(x)", "Unexpected parameters (integer)"),
    ],
)
def test_refused(ask: Ask, call: str, says: str) -> None:
    """Shares outside of 0 to 1, weights that count for nothing, and other types are refused."""
    with pytest.raises(SqlError) as refusal:
        one(ask, f"{call} FROM (VALUES 1) AS t(x)")
    assert says in refusal.value.message
