"""What an execution may be asked for."""

from typing import Any

import pytest

from handlers.domain.exports.hour import Hour
from handlers.domain.exports.request import ExportLimits, ExportRequestError, read_request

NOW = Hour.parse("2026-11-22T03").start_s + 16 * 60
LIMITS = ExportLimits(lag_s=15 * 60, retention_days=30)


def test_the_schedule_asks_for_the_hour_that_was_due_then() -> None:
    """The scheduled time decides, however late the execution starts."""
    request = read_request({"scheduled_time": "2026-11-21T20:15:00Z"}, NOW, LIMITS)
    assert request.due == Hour.parse("2026-11-21T19")
    assert request.hours == ()


def test_a_scheduled_time_ahead_of_the_clock_makes_nothing_due_early() -> None:
    """No hour is due before it is complete by Step Functions' own clock."""
    assert read_request({"scheduled_time": "2030-01-01T00:00:00Z"}, NOW, LIMITS).due == Hour.parse(
        "2026-11-22T02"
    )


def test_without_a_range_the_due_hour_of_now_is_meant() -> None:
    """An empty input means what the schedule would mean now."""
    assert read_request({}, NOW, LIMITS).due == Hour.parse("2026-11-22T02")


def test_a_person_asks_for_hours() -> None:
    """A range is every hour of it, and one end alone is that hour."""
    request = read_request({"first": "2026-11-22T00", "last": "2026-11-22T02"}, NOW, LIMITS)
    assert [str(hour) for hour in request.hours] == ["2026-11-22T00", "2026-11-22T01", "2026-11-22T02"]
    assert request.due is None
    assert read_request({"first": "2026-11-22T00"}, NOW, LIMITS).hours == (Hour.parse("2026-11-22T00"),)


def test_the_current_hour_can_be_asked_for() -> None:
    """The hour that is not over yet may be exported by hand."""
    assert read_request({"first": "current", "last": "current"}, NOW, LIMITS).hours == (
        Hour.parse("2026-11-22T03"),
    )


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"first": "2026-11-22T04", "last": "2026-11-22T05"}, "in the future"),
        ({"first": "2026-11-22T02", "last": "2026-11-22T04"}, "in the future"),
        ({"first": "2026-11-22T02", "last": "2026-11-22T01"}, "before it begins"),
        ({"first": "2026-10-01T00", "last": "2026-10-01T01"}, "older than the 30 days"),
        ({"first": "2026-10-23T03"}, "oldest whole hour is 2026-10-23T04"),
        ({"first": "yesterday"}, "is not an hour"),
        ({"first": 5}, "an hour is a text"),
        ({"scheduled_time": "now"}, "is not a time"),
        ({"from": "2026-11-22T02"}, "is not asked for"),
    ],
)
def test_what_cannot_be_exported_is_refused(payload: dict[str, Any], words: str) -> None:
    """A range in the future, before retention or reversed, and whatever is no request, is refused in one line."""
    with pytest.raises(ExportRequestError, match=words) as refusal:
        read_request(payload, NOW, LIMITS)
    assert "\n" not in str(refusal.value)


def test_a_huge_range_is_refused() -> None:
    """A request has a size, and the refusal names it."""
    with pytest.raises(ExportRequestError, match="one request takes 744"):
        read_request({"first": "2026-01-01T00", "last": "2026-11-01T00"}, NOW, ExportLimits(900, 3650))


def test_the_oldest_hour_is_whole() -> None:
    """The oldest hour that may be asked for begins within what the store keeps."""
    oldest = LIMITS.oldest_hour(NOW)
    assert oldest.start_s >= NOW - 30 * 86_400
    assert oldest.plus(-1).start_s < NOW - 30 * 86_400
