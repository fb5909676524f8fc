"""Aggregates of what FILTER leaves."""

import pytest

from emulator.sql import SqlError
from tests.support.sql_fleet import Ask, one

_ROWS = "FROM (VALUES 1e0, 3e0, 0e0) AS t(x)"


@pytest.mark.parametrize(
    ("call", "wanted"), [("stddev_pop(6 / x)", 2.0), ("max(x / x)", 1.0), ("min_by(x, x / x)", None)]
)
def test_filter_goes_first(ask: Ask, call: str, wanted: float | None) -> None:
    """A row that FILTER leaves out fails nothing, though its value could not be taken; without FILTER it does."""
    found = one(ask, f"{call} FILTER (WHERE x > 0) {_ROWS}")
    assert found in ([wanted] if wanted is not None else [1.0, 3.0])
    with pytest.raises(SqlError, match="Invalid argument to"):
        one(ask, f"{call} {_ROWS}")
