"""The hours that a copy is about: those that have points in Timestream, and of them those that the lake keeps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from handlers.domain.exports.hour import Hour
from ops.store.port import Store
from ops.store_copy.statements import count_hours, oldest_point

# A question a week of points: fewer would take too long each, more cost more.
_HOURS_OF_A_QUESTION = 7 * 24


@dataclass(frozen=True, slots=True)
class Plan:
    """The number of points of each hour in the source, the oldest first: of those to copy, and of those too old."""

    kept: Mapping[Hour, int]
    too_old: Mapping[Hour, int]


def make_plan(source: Store, since: Hour | None, until: Hour, first_kept: Hour) -> Plan:
    """The plan for the hours from `since`, or from the oldest point, to `until`.

    The lake keeps those from `first_kept` on. OperatorError if the source cannot be asked.
    """
    first = since or _oldest(source)
    counts = dict(_counts(source, first, until)) if first is not None else {}
    ordered = {hour: counts[hour] for hour in sorted(counts)}
    return Plan(
        {hour: points for hour, points in ordered.items() if hour >= first_kept},
        {hour: points for hour, points in ordered.items() if hour < first_kept},
    )


def parts_of(hours: list[Hour], most: int) -> Iterator[tuple[Hour, Hour]]:
    """The first and the last of these hours, in order, for each span of so many hours that has any."""
    while hours:
        part = [hour for hour in hours if hour < hours[0].plus(most)]
        yield part[0], part[-1]
        hours = hours[len(part) :]


def hour_of(text: str) -> Hour:
    """The hour of a time as a store says it, or of the lake's event_hour."""
    return Hour.parse(f"{text[:10]}T{text[11:13]}")


def _oldest(source: Store) -> Hour | None:
    [[time]] = source.select(oldest_point(source.points))[1]
    return None if time is None else hour_of(time)


def _counts(source: Store, first: Hour, last: Hour) -> Iterator[tuple[Hour, int]]:
    while first <= last:
        end = min(first.plus(_HOURS_OF_A_QUESTION - 1), last)
        for time, points in source.select(count_hours(source.points, first, end))[1]:
            yield hour_of(time), points
        first = end.plus(1)
