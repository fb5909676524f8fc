"""The rules that formats share."""

from typing import Any

import pytest

from handlers.adapters.timestream.limits import store_limits
from handlers.domain.ingest.validator import PointValidator
from handlers.domain.point import Series
from handlers.domain.violation import Violation
from tests.support.events import ARRIVAL_MS, records
from tests.support.points import LIMITS

[RECORD, OTHER] = records({}, {})


def test_times_before_the_epoch_are_too_old_whatever_the_table_keeps() -> None:
    """A table may keep two hundred years, but its times start in 1970."""
    violation = PointValidator(store_limits(73_000)).time_ns(-1_000_000, RECORD)
    assert isinstance(violation, Violation)
    assert violation.reason == "timestamp_too_old"


@pytest.mark.parametrize(
    ("milliseconds", "reason", "unit"),
    [
        (ARRIVAL_MS // 1000, "timestamp_too_old", "seconds"),
        (ARRIVAL_MS // 1000 - 86_400 * 400, "timestamp_too_old", "seconds"),
        (ARRIVAL_MS // 1000 + 3600, "timestamp_too_old", "seconds"),
        (ARRIVAL_MS * 1000, "timestamp_in_future", "microseconds"),
        (ARRIVAL_MS * 1_000_000, "timestamp_in_future", "nanoseconds"),
    ],
)
def test_a_time_in_another_unit_is_told(milliseconds: int, reason: str, unit: str) -> None:
    """What is a time of these years in seconds, micro- or nanoseconds is set aside as before, and says so."""
    violation = PointValidator(LIMITS).time_ns(milliseconds * 1_000_000, RECORD)
    assert isinstance(violation, Violation)
    assert violation.reason == reason
    assert violation.message.endswith(f": looks like {unit}; send milliseconds")


@pytest.mark.parametrize("days", [-40, -4000, -20_000, 1, 400, 200_000])
def test_a_time_that_is_only_wrong_is_no_other_unit(days: int) -> None:
    """Old data and clocks that are ahead get no wrong advice."""
    violation = PointValidator(LIMITS).time_ns((ARRIVAL_MS + days * 86_400_000) * 1_000_000, RECORD)
    assert isinstance(violation, Violation)
    assert "looks like" not in violation.message


def test_points_without_timestamp_lie_beside_each_other() -> None:
    """Inside the millisecond of arrival, each at a place of its own, the same at every retry."""
    times = [PointValidator(LIMITS).arrival_ns(index, RECORD) for index in range(2000)]
    assert len(set(times)) == 2000
    assert {time // 1_000_000 for time in times} == {ARRIVAL_MS}
    assert times == [PointValidator(LIMITS).arrival_ns(index, RECORD) for index in range(2000)]


def test_requests_of_one_millisecond_start_at_different_places() -> None:
    """Points without timestamp of two requests do not overwrite each other."""
    validator = PointValidator(LIMITS)
    mine, theirs = ({validator.arrival_ns(n, record) for n in range(100)} for record in (RECORD, OTHER))
    assert not mine & theirs


def test_dimensions_seen_before_are_judged_alike() -> None:
    """Remembering what a client repeats changes no verdict, nor mixes up values that compare equal."""
    validator = PointValidator(LIMITS)
    raws: list[dict[str, Any]] = [{"host": "a"}, {"host": 1}, {"host": True}, {"host": 1.0}, {"host": ["a"]}]
    for _ in range(2):
        verdicts = [validator.series("cpu.load", "system", raw) for raw in raws]
        assert [isinstance(verdict, Series) for verdict in verdicts] == [True, False, False, False, False]


def test_a_series_is_shared_by_its_points() -> None:
    """It is judged once, and what is kept for it is kept once."""
    validator = PointValidator(LIMITS)
    first, second = (validator.series("cpu.load", "system", {"host": "a", "az": "1"}) for _ in range(2))
    assert first is second
    assert validator.series("cpu.load", "system", {"az": "1", "host": "a"}) == first
