"""Timestream's own functions and literals, against plain Python."""

from hypothesis import given
from hypothesis import strategies as st

from tests.support.sql_expected import stamp
from tests.support.sql_fleet import Ask, many, one

_MOMENTS = st.integers(0, 2**63 - 2)
_UNITS = {
    "ns": 1,
    "us": 1000,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
    "d": 86400 * 10**9,
}


@many
@given(moment_ns=_MOMENTS, width=st.integers(1, 5000), unit=st.sampled_from(sorted(_UNITS)))
def test_bin(ask: Ask, moment_ns: int, width: int, unit: str) -> None:
    """bin is integer division by the width, from 1970, for every unit."""
    step = width * _UNITS[unit]
    assert one(ask, f"bin(from_nanoseconds({moment_ns}), {width}{unit})") == stamp(moment_ns // step * step)
