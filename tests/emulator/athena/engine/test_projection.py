"""Partition projection by the examples and rules of Athena's documentation."""

from datetime import UTC, datetime

import pytest

from emulator.athena.engine import projection
from emulator.sql import InvalidQueryError

NOW = datetime(2026, 3, 31, 10, 20, 30, tzinfo=UTC)


def values(**properties: str) -> list[str]:
    """The values of column `c`; a property's underscore stands for a full stop."""
    return list(
        projection.values("c", {f"projection.c.{k.replace('_', '.')}": v for k, v in properties.items()}, NOW)
    )


def hours(range_: str, **more: str) -> list[str]:
    """The values of a column of hours."""
    return values(
        type="date", format="yyyy-MM-dd-HH", interval="1", interval_unit="HOURS", range=range_, **more
    )


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"type": "enum", "values": "a, b,C"}, ["a", "b", "C"]),
        ({"type": "integer", "range": "1,3"}, ["1", "2", "3"]),
        ({"type": "integer", "range": "-2,4", "interval": "3", "digits": "2"}, ["-2", "01", "04"]),
        (
            {"type": "date", "format": "yyyy-MM-dd", "range": "2026-02-27,2026-03-01"},
            ["2026-02-27", "2026-02-28", "2026-03-01"],
        ),
        (
            {"type": "date", "format": "yyyy/MM", "range": "NOW-1MONTHS,NOW"},
            ["2026/02", "2026/03"],
        ),
        (
            {"type": "date", "format": "yyyyMMdd'T'", "range": "NOW-1DAYS,NOW+1DAY"},
            ["20260330T", "20260331T", "20260401T"],
        ),
        (
            {
                "type": "DATE",
                "format": "yyyy",
                "range": "2024,NOW",
                "interval": "2",
                "interval_unit": "YEARS",
            },
            ["2024", "2026"],
        ),
        (
            {
                "type": "date",
                "format": "dd.MM.yyyy",
                "range": "NOW-3WEEKS,NOW",
                "interval": "2",
                "interval_unit": "WEEKS",
            },
            ["10.03.2026", "24.03.2026"],
        ),
    ],
)
def test_values(properties: dict[str, str], expected: list[str]) -> None:
    """Each type, and dates in each interval."""
    assert values(**properties) == expected


def test_hours() -> None:
    """A range around now has every hour from the one that its start is in to the one that its end is in."""
    assert hours("NOW-2HOURS,NOW+1HOURS") == [f"2026-03-31-{hour}" for hour in ("08", "09", "10", "11")]
    assert len(hours("NOW-30DAYS,NOW+1HOURS")) == 30 * 24 + 2


@pytest.mark.parametrize(
    ("properties", "named"),
    [
        ({"type": "injected"}, "type 'injected'"),
        ({}, "projection.c.type"),
        ({"type": "enum"}, "projection.c.values"),
        ({"type": "integer", "range": "1"}, "projection.c.range"),
        ({"type": "integer", "range": "1,x"}, "projection.c.range"),
        ({"type": "date", "range": "NOW,NOW"}, "projection.c.format"),
        ({"type": "date", "format": "yyyy-MM-dd", "range": "2026-13-01,NOW"}, "projection.c.range"),
        ({"type": "date", "format": "yyyy-MM-dd-HH", "range": "NOW,NOW"}, "projection.c.interval.unit"),
        ({"type": "date", "format": "yyyy-DDD", "range": "NOW,NOW"}, "format 'yyyy-DDD'"),
        (
            {"type": "date", "format": "yyyy", "range": "NOW,NOW", "interval": "0", "interval_unit": "YEARS"},
            "interval",
        ),
    ],
)
def test_properties_that_are_wrong(properties: dict[str, str], named: str) -> None:
    """A property that is missing, wrong or not supported is named."""
    with pytest.raises(InvalidQueryError) as refused:
        values(**properties)
    assert named in refused.value.message
