"""A write call as Timestream meters it, read from its body.

https://docs.aws.amazon.com/timestream/latest/developerguide/metering-and-pricing.writes.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from benchmarks.metering import UNIT_BYTES

_FIXED_BYTES = {"DOUBLE": 8, "BIGINT": 8, "TIMESTAMP": 8, "BOOLEAN": 1}
_TIME_BYTES = 8
_NS = {"SECONDS": 10**9, "MILLISECONDS": 10**6, "MICROSECONDS": 10**3, "NANOSECONDS": 1}


@dataclass(frozen=True)
class Call:
    """A call's records and bytes, its write units, and the points that it stores, each by what identifies it."""

    records: int
    body_bytes: int
    units: int
    points: Sequence[tuple[Any, ...]]


def metered(body: bytes) -> Call:
    """The call with this body."""
    request = orjson.loads(body)
    common, records = request.get("CommonAttributes", {}), request["Records"]
    size = sum(_bytes_of(one, common) for one in (common, *records))
    points = [point for record in records for point in _points_of({**common, **record}, common, record)]
    return Call(len(records), len(body), -(-size // UNIT_BYTES), points)


def _bytes_of(record: Mapping[str, Any], common: Mapping[str, Any]) -> int:
    """The bytes that a record, or what is common to all, adds to the metered size."""
    size = _TIME_BYTES if "Time" in record else 0
    size += sum(len((pair["Name"] + pair["Value"]).encode()) for pair in record.get("Dimensions", ()))
    size += len(record.get("MeasureName", "").encode())
    if "MeasureValue" in record:
        kind = record.get("MeasureValueType", common.get("MeasureValueType", "DOUBLE"))
        size += _FIXED_BYTES.get(kind) or len(record["MeasureValue"].encode())
    for measure in record.get("MeasureValues", ()):
        size += len(measure["Name"].encode())
        size += _FIXED_BYTES.get(measure["Type"]) or len(measure["Value"].encode())
    return size


def _points_of(
    whole: Mapping[str, Any], common: Mapping[str, Any], record: Mapping[str, Any]
) -> Iterator[tuple[Any, ...]]:
    """Time, measure and dimensions of every point that a record stores."""
    pairs = [*common.get("Dimensions", ()), *record.get("Dimensions", ())]
    dimensions = tuple(sorted((pair["Name"], pair["Value"]) for pair in pairs))
    time_ns = int(whole["Time"]) * _NS[whole.get("TimeUnit", "MILLISECONDS")]
    for measure in [one["Name"] for one in whole.get("MeasureValues", ())] or [None]:
        yield time_ns, whole.get("MeasureName"), measure, dimensions
