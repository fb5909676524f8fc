"""Timestamps of clients."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.timestamp import read_timestamp
from handlers.domain.violation import Violation


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (0, 0),
        (1_763_769_600_000, 1_763_769_600_000_000_000),
        (1.7637696e12, 1_763_769_600_000_000_000),
        ("2025-11-22T00:00:00Z", 1_763_769_600_000_000_000),
        ("2025-11-22t00:00:00.5z", 1_763_769_600_500_000_000),
        ("2025-11-22 02:00:00+02:00", 1_763_769_600_000_000_000),
        ("2025-11-21T22:30:00-01:30", 1_763_769_600_000_000_000),
        ("2025-11-22T00:00:00.123456789Z", 1_763_769_600_123_456_789),
        ("2025-11-22T00:00:00.1234567899Z", 1_763_769_600_123_456_789),
    ],
)
def test_a_timestamp_is_read_to_the_nanosecond(raw: object, expected: int) -> None:
    """Epoch milliseconds and RFC 3339 give nanoseconds."""
    assert read_timestamp(raw) == expected


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (None, "timestamp_type"),
        (True, "timestamp_type"),
        (1.5, "timestamp_type"),
        ([], "timestamp_type"),
        ({}, "timestamp_type"),
        ("", "timestamp_format"),
        ("1763769600000", "timestamp_format"),
        ("2025-11-22", "timestamp_format"),
        ("2025-11-22T00:00:00", "timestamp_format"),
        ("2025-11-22T00:00Z", "timestamp_format"),
        ("2025-13-22T00:00:00Z", "timestamp_format"),
        ("2025-02-29T00:00:00Z", "timestamp_format"),
        ("2025-11-22T24:00:00Z", "timestamp_format"),
        ("2025-11-22T00:00:60Z", "timestamp_format"),
        ("2025-11-22T00:00:00+24:00", "timestamp_format"),
        ("0000-01-01T00:00:00Z", "timestamp_format"),
        ("２０２５-11-22T00:00:00Z", "timestamp_format"),
        ("2025-11-22T00:00:00Z\n", "timestamp_format"),
    ],
)
def test_anything_else_is_a_violation(raw: object, reason: str) -> None:
    """Neither guesses nor exceptions."""
    violation = read_timestamp(raw)
    assert isinstance(violation, Violation)
    assert (violation.reason, violation.field) == (reason, "timestamp")


@given(
    st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1)),  # noqa: DTZ001 -- gets its zone below
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
)
def test_every_offset_means_the_same_moment(moment: datetime, minutes: int) -> None:
    """A local time with its offset is its moment in UTC."""
    local = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    expected = (local - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000
    assert read_timestamp(local.isoformat()) == expected


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("1763769600000", "a number, without quotation marks"),
        ("1763769600", "a number, without quotation marks"),
        ("2025-11-22T00:00:00", "with its zone"),
        ("yesterday", "RFC 3339"),
    ],
)
def test_the_message_says_what_to_write(text: str, advice: str) -> None:
    """A number in quotation marks and a time without zone are the usual mistakes."""
    violation = read_timestamp(text)
    assert isinstance(violation, Violation)
    assert advice in violation.message
