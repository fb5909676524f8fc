"""Points on their way to Timestream, past botocore's serializer, which takes longer than all the rest of a call."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from handlers.adapters.aws import client
from handlers.adapters.timestream.packing import all_dimensions, shared_part
from handlers.domain.errors import TransientError
from handlers.domain.point import Point

_BODY = "_body"
_OPERATION = "timestream-write.WriteRecords"


def write_client(connections: int, endpoint_url: str | None = None) -> Any:
    """A client for `send`. It makes one attempt: only its caller knows how long it may go on trying."""
    timestream = client(
        "timestream-write", read_timeout=5, attempts=1, connections=connections, endpoint_url=endpoint_url
    )
    timestream.meta.events.register(f"before-parameter-build.{_OPERATION}", _take_body)
    timestream.meta.events.register(f"before-call.{_OPERATION}", _put_body)
    timestream.meta.events.register(f"needs-retry.{_OPERATION}", _give_up_on_endpoint)
    return timestream


def send(timestream: Any, body: bytes) -> None:
    """WriteRecords with a body that is JSON already; endpoint, signing and errors stay botocore's."""
    timestream.write_records(**{_BODY: body})


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


def _take_body(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    context[_BODY] = params.pop(_BODY)


def _put_body(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    params["body"] = context[_BODY]


def _give_up_on_endpoint(response: tuple[Any, dict[str, Any]] | None, attempts: int, **_: object) -> None:
    # botocore discovers an endpoint anew whenever it is called invalid, without a pause and without an end.
    code = response[1].get("Error", {}).get("Code") if response else None
    if attempts > 1 and code == "InvalidEndpointException":
        raise TransientError(f"WriteRecords: {code}")
