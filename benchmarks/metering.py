"""The metering of Timestream: the bytes of a write call, and the write units that it is charged.

https://docs.aws.amazon.com/timestream/latest/developerguide/metering-and-pricing.writes.html
"""

from collections.abc import Iterable, Sequence

from handlers.domain.point import Point, Series

UNIT_BYTES = 1024

_NUMBER_BYTES = 8


def call_bytes(points: Sequence[Point]) -> int:
    """The bytes that are metered if the points are one call: names and values, common attributes once."""
    shared = set.intersection(*[_dimensions(point.series) for point in points])
    one_time = len({point.time_ns for point in points}) == 1
    size = len("metric") + _bytes_of(shared) + one_time * _NUMBER_BYTES
    for point in points:
        own = _dimensions(point.series) - shared
        size += _bytes_of(own) + (not one_time) * _NUMBER_BYTES + len("value") + _NUMBER_BYTES
    return size


def write_units(points: Sequence[Point]) -> int:
    """The units that are charged if the points are one call."""
    return -(-call_bytes(points) // UNIT_BYTES)


def _dimensions(series: Series) -> set[tuple[str, str]]:
    return {("metric_name", series.metric_name), ("metric_type", series.metric_type), *series.dimensions}


def _bytes_of(dimensions: Iterable[tuple[str, str]]) -> int:
    return sum(len(name) + len(value.encode()) for name, value in dimensions)
