"""Maintenance windows by the clocks of a zone, also when these jump."""

import zoneinfo
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.domain.alerts.silences.maintenance_window import MaintenanceWindow, instants, zone_of

DAILY = frozenset(range(7))
BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def utc(text: str) -> int:
    """The seconds of a time in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def window(hours: str, zone: str = BERLIN, days: frozenset[int] = DAILY) -> MaintenanceWindow:
    """The window of `02:00-04:00`."""
    begin, end = (int(part[:2]) * 60 + int(part[3:]) for part in hours.split("-"))
    return MaintenanceWindow(days, begin, end, zone)


def bounds(found: MaintenanceWindow, after: str) -> str:
    """The next window, in UTC."""
    return " ".join(f"{datetime.fromtimestamp(time_s, UTC):%m-%d %H:%M}" for time_s in found.next(utc(after)))


@pytest.mark.parametrize(
    ("hours", "after", "expected"),
    [
        # Clocks go from 02:00 to 03:00 on 2026-03-29, at 01:00 UTC.
        ("02:00-04:00", "2026-03-28T12:00", "03-29 01:00 03-29 02:00"),
        ("01:30-02:30", "2026-03-28T12:00", "03-29 00:30 03-29 01:30"),
        ("02:15-02:45", "2026-03-28T12:00", "03-29 01:00 03-29 01:45"),
        ("02:30-04:00", "2026-03-28T12:00", "03-29 01:00 03-29 02:00"),
        ("23:00-05:00", "2026-03-28T12:00", "03-28 22:00 03-29 03:00"),
        # And from 03:00 back to 02:00 on 2026-10-25, at 01:00 UTC.
        ("02:00-04:00", "2026-10-24T12:00", "10-25 00:00 10-25 03:00"),
        ("02:15-02:45", "2026-10-24T12:00", "10-25 00:15 10-25 01:45"),
        ("01:00-02:30", "2026-10-24T12:00", "10-24 23:00 10-25 01:30"),
        ("02:30-03:30", "2026-10-24T12:00", "10-25 00:30 10-25 02:30"),
        # Any other day.
        ("02:00-04:00", "2026-07-01T12:00", "07-02 00:00 07-02 02:00"),
        ("02:00-04:00", "2026-12-01T12:00", "12-02 01:00 12-02 03:00"),
        ("22:00-01:00", "2026-12-01T22:30", "12-01 21:00 12-02 00:00"),
        ("00:00-24:00", "2026-12-01T22:30", "11-30 23:00 12-01 23:00"),
    ],
)  # fmt: skip
def test_windows_follow_the_clocks(hours: str, after: str, expected: str) -> None:
    """Also where an hour is skipped, or comes twice."""
    assert bounds(window(hours), after) == expected


@pytest.mark.parametrize(
    ("zone", "after", "expected"),
    [
        # Half an hour forward, and a day that there was not.
        ("Australia/Lord_Howe", "2026-10-03T12:00", "10-03 15:30 10-03 17:00"),
        ("Pacific/Apia", "2011-12-30T09:30", "12-30 10:00 12-30 14:00"),
        (NEW_YORK, "2026-03-08T05:00", "03-08 07:00 03-08 08:00"),
        ("UTC", "2026-03-08T05:00", "03-09 02:00 03-09 04:00"),
    ],
)
def test_every_zone_has_its_own_jumps(zone: str, after: str, expected: str) -> None:
    """Whatever their size."""
    assert bounds(window("02:00-04:00", zone), after) == expected


def test_only_the_days_that_were_named_have_windows() -> None:
    """By the day on which the window begins, in its zone."""
    saturday = window("22:00-02:00", NEW_YORK, frozenset({5}))
    assert saturday.holds(utc("2026-07-05T02:00"))  # Saturday 22:00
    assert saturday.holds(utc("2026-07-05T05:59"))
    assert not saturday.holds(utc("2026-07-05T06:00"))
    assert not saturday.holds(utc("2026-07-04T02:00"))
    assert bounds(saturday, "2026-07-05T06:00") == "07-12 02:00 07-12 06:00"
    assert str(saturday) == "sat 22:00-02:00 America/New_York"
    assert str(window("02:00-04:00")) == "daily 02:00-04:00 Europe/Berlin"


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 1_439),
    st.integers(1, 1_440),
    st.sampled_from([BERLIN, NEW_YORK, "Australia/Lord_Howe", "America/St_Johns", "Asia/Kathmandu"]),
    st.integers(utc("2026-01-01"), utc("2027-12-31")),
)
def test_a_time_is_in_a_window_where_clocks_are_between_its_ends(
    begin: int, end: int, zone: str, time_s: int
) -> None:
    """Whatever time clocks show: but in the hours around a jump, the clock alone says it."""
    if begin == end:
        return
    here = datetime.fromtimestamp(time_s, ZoneInfo(zone))
    around = [
        datetime.fromtimestamp(time_s + hours * 3_600, ZoneInfo(zone)).utcoffset() for hours in range(-26, 27)
    ]
    minute = here.hour * 60 + here.minute
    shown = begin <= minute < end if begin < end else not end <= minute < begin
    found = MaintenanceWindow(DAILY, begin, end, zone)
    if len(set(around)) == 1:
        assert found.holds(time_s) == shown
    begin_s, end_s = found.next(time_s)
    assert begin_s < end_s
    assert end_s > time_s
    assert (begin_s <= time_s) == found.holds(time_s)
    length = timedelta(minutes=(end - begin) % 1_440 or 1_440)
    assert abs(timedelta(seconds=end_s - begin_s) - length) <= timedelta(hours=1)


def test_a_local_time_may_be_none_or_two() -> None:
    """The larger one first where it is skipped."""
    skipped, twice, plain = (
        datetime.fromisoformat(f"2026-{day}T02:30") for day in ("03-29", "10-25", "07-01")
    )
    assert instants(skipped, BERLIN) == (utc("2026-03-29T01:30"), utc("2026-03-29T00:30"))
    assert instants(twice, BERLIN) == (utc("2026-10-25T00:30"), utc("2026-10-25T01:30"))
    assert instants(plain, BERLIN) == (utc("2026-07-01T00:30"), utc("2026-07-01T00:30"))


@pytest.mark.parametrize(
    "name", ["", "Berlin", "../../etc/passwd", "/etc/localtime", "Europe", "a\0b", "ü", "x" * 300]
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    """Whatever the text does to a file system."""
    with pytest.raises(ValueError, match="is no time zone"):
        zone_of(name)


def test_zones_are_there_where_the_system_has_none() -> None:
    """As in Lambda's runtime."""
    zoneinfo.reset_tzpath(to=[])
    try:
        assert zoneinfo.ZoneInfo.no_cache(BERLIN).key == BERLIN
    finally:
        zoneinfo.reset_tzpath()
