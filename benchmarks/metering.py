"""The metering of Timestream: the bytes of a write call, and the write units that it is charged.

https://docs.aws.amazon.com/timestream/latest/developerguide/metering-and-pricing.writes.html
"""

from collections.abc import Iterable, Sequence

from handlers.adapters.timestream.packing import UNIT_BYTES, all_dimensions, shared_part
from handlers.domain.point import Point

_NUMBER_BYTES = 8


def call_bytes(points: Sequence[Point]) -> int:
    """The bytes that are metered if the points are one call: names and values, common attributes once."""
    shared = shared_part(points)
    size = len("metric") + _bytes_of(shared.dimensions) + (shared.time_ns is not None) * _NUMBER_BYTES
    for point in points:
        own = [pair for pair in all_dimensions(point.series) if pair not in shared.dimensions]
        size += _bytes_of(own) + (shared.time_ns is None) * _NUMBER_BYTES + len("value") + _NUMBER_BYTES
    return size


def write_units(points: Sequence[Point]) -> int:
    """The units that are charged if the points are one call."""
    return -(-call_bytes(points) // UNIT_BYTES)


def _bytes_of(dimensions: Iterable[tuple[str, str]]) -> int:
    return sum(len(name) + len(value.encode()) for name, value in dimensions)
