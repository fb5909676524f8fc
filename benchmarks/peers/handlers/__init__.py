"""The peers: functions for the same events, as people write them; none sets aside, retries or accounts for anything.

A record's data is a point in JSON, or a list of points. All but one are what they look like; `handmade` is the least
that still writes.
"""

from collections.abc import Iterator, Mapping
from typing import Any

DATABASE, TABLE = "metrics", "points"
DONE: Mapping[str, Any] = {"batchItemFailures": []}


def points_in(data: Any) -> Iterator[Any]:
    """The points of a record's decoded data."""
    if isinstance(data, list):
        yield from data
    else:
        yield data


def record_of(point: Mapping[str, Any]) -> dict[str, Any]:
    """A point as a record of one measure, named like the metric; its type is one more dimension."""
    dimensions = {**point["dimensions"], "metric_type": point["metric_type"]}
    return {
        "Dimensions": [{"Name": name, "Value": str(value)} for name, value in dimensions.items()],
        "MeasureName": point["metric_name"],
        "MeasureValue": str(point["value"]),
        "MeasureValueType": "DOUBLE",
        "Time": str(point["timestamp"]),
        "TimeUnit": "MILLISECONDS",
    }
