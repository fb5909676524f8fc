"""The span of a back-test, as operators type it."""

import pytest

from handlers.domain.alerts.periods import Timing
from ops.errors import OperatorError
from ops.rule_backtest.span import span_of

NOON = 1_764_072_000  # 2025-11-25T12:00:00Z
TIMING = Timing(interval_s=60, grace_s=10)


@pytest.mark.parametrize(
    ("begin", "end", "from_s", "to_s"),
    [
        (None, None, -86_400, 0),
        ("2h", None, -7_200, 0),
        (None, "1h", -90_000, -3_600),
        ("2025-11-25", "2025-11-25T08:30", -43_200, -12_600),
        ("2025-11-25T08", "2025-11-25T09:00:30Z", -14_400, -10_800),
        ("2025-11-25T10:00+02:00", None, -14_400, 0),
    ],
)
def test_it_is_of_whole_intervals(begin: str | None, end: str | None, from_s: int, to_s: int) -> None:
    """By default the day until now; a time without an offset is UTC's."""
    assert span_of(begin, end, NOON + 30, TIMING) == range(NOON + from_s, NOON + to_s)


@pytest.mark.parametrize("end", [None, "0m", "2025-11-25T12:00"])
def test_it_ends_with_what_an_evaluation_is_ready_for(end: str | None) -> None:
    """Before that, points are on their way to the store, and their absence would be taken for silence."""
    assert span_of("1h", end, NOON + 10, TIMING).stop == NOON - 60
    assert span_of("1h", end, NOON + 11, TIMING).stop == NOON


@pytest.mark.parametrize(
    ("begin", "end", "message"),
    [
        ("1h", "2h", "--from 2025-11-25 11:00:00 is not before --to 2025-11-25 10:00:00"),
        ("2025-11-26", None, "--from 2025-11-26 00:00:00 is in the future: it is 2025-11-25 12:00:00"),
        ("1h", "2025-11-26", "--to 2025-11-26 00:00:00 is in the future: it is 2025-11-25 12:00:00"),
        ("yesterday", None, "--from 'yesterday': a time of UTC such as"),
        ("9999-12-31T23:59:59-14:00", None, "--from '9999-12-31T23:59:59-14:00'"),
        ("2024-11-01", None, "is more than 366 days"),
        ("2025-11-25T11:00:10", "2025-11-25T11:00:40", "there is no whole evaluation interval of 60 s"),
    ],
)
def test_a_span_that_cannot_be_meant_is_refused(begin: str, end: str | None, message: str) -> None:
    """The option, the value, and what was expected."""
    with pytest.raises(OperatorError) as error:
        span_of(begin, end, NOON, TIMING)
    assert message in str(error.value)
