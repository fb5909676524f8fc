"""The bodies of WriteRecords requests, made without botocore's serializer, which takes longer than all the rest."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from handlers.adapters.timestream.packing import all_dimensions, pack, shared_part
from handlers.domain.point import Point


class Request(NamedTuple):
    """A body ready to be sent, and the positions of its records among the points that it was made of."""

    positions: Sequence[int]
    body: bytes


def requests_of(target: Mapping[str, str], points: Sequence[Point]) -> Iterator[Request]:
    """The requests that together write every point once; each is made when it is asked for."""
    for positions in pack(points):
        yield Request(positions, request_body(target, [points[position] for position in positions]))


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
