"""The body of a WriteRecords request, made without botocore's serializer, which takes longer than all the rest."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from handlers.adapters.timestream.packing import all_dimensions, shared_part
from handlers.domain.point import Point


def request_body(target: Mapping[str, str], points: Sequence[Point]) -> bytes:
    """The WriteRecords request for the points, with what they share in CommonAttributes."""
    shared = shared_part(points)
    common: dict[str, Any] = {
        "MeasureName": "metric",
        "MeasureValueType": "MULTI",
        "TimeUnit": "NANOSECONDS",
    }
    if shared.dimensions:
        common["Dimensions"] = _dimensions(shared.dimensions)
    if shared.time_ns is not None:
        common["Time"] = str(shared.time_ns)
    if shared.version is not None:
        common["Version"] = shared.version
    once = frozenset(shared.dimensions)
    records = []
    for series, time_ns, value, _, source in points:
        record: dict[str, Any] = {
            "MeasureValues": [{"Name": "value", "Value": repr(value), "Type": "DOUBLE"}]
        }
        if own := [pair for pair in all_dimensions(series) if pair not in once]:
            record["Dimensions"] = _dimensions(own)
        if shared.time_ns is None:
            record["Time"] = str(time_ns)
        if shared.version is None:
            record["Version"] = source.version
        records.append(record)
    return orjson.dumps({**target, "CommonAttributes": common, "Records": records})


def _dimensions(pairs: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in pairs]
