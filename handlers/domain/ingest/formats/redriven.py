"""Points that were set aside and are sent again, as `ops quarantine redrive` puts them on the stream.

A body says of which request they are, and has each with its index there and a time. Where all of a request is sent
again, its body follows behind a line feed, as it came: so it takes no more room than when it came, but for that line.
"""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from handlers.domain.ingest.envelope import REDRIVEN_FORMATS, RedrivenRecord, StreamRecord, opened
from handlers.domain.ingest.formats.foreign import DimensionMapping
from handlers.domain.ingest.formats.json import decode, read_metric
from handlers.domain.ingest.reading import InvalidBody, Reading
from handlers.domain.ingest.validator import PointValidator
from handlers.domain.point import Point
from handlers.domain.violation import Reason, Violation


def read(record: StreamRecord, validator: PointValidator, mapping: DimensionMapping) -> Reading:
    """The points, at their times and their indices in the earlier request; `InvalidBody` when the body is none."""
    redriven = opened(record)
    if not isinstance(redriven, RedrivenRecord):
        raise _invalid()
    if redriven.whole is not None:
        return _whole(redriven, redriven.whole, validator, mapping)
    try:
        metrics = metrics_of(redriven)
    except (ValueError, KeyError, TypeError) as error:
        raise _invalid() from error
    reading = Reading(metrics.__getitem__)
    for index, metric in metrics.items():
        found = read_metric(metric, index, redriven, validator)
        if isinstance(found, Point):
            reading.points.append(found)
        else:
            reading.refusals.append((index, found))
    return reading


def metrics_of(record: RedrivenRecord) -> dict[int, object]:
    """The metrics by their indices in the earlier request, unjudged; ValueError, KeyError or TypeError without any."""
    body: Mapping[str, Any] = decode(record.data)
    return {int(point["index"]): point["metric"] for point in body["points"]}


def redriven_body(first: StreamRecord, attempt: int, metrics: Mapping[int, object] | None = None) -> bytes:
    """The body that sends these metrics of the request `first` again, by their indices; without any, all of it."""
    body: dict[str, Any] = {
        "request_id": first.request_id,
        "format": first.format,
        "arrival_ms": first.arrival_ms,
        "sequence": str(first.sequence),
        "attempt": attempt,
    }
    if metrics is None:
        return json.dumps(body, separators=(",", ":")).encode() + b"\n" + first.data
    body["points"] = [{"index": index, "metric": metric} for index, metric in metrics.items()]
    return json.dumps(body, separators=(",", ":")).encode()


def _whole(
    record: RedrivenRecord, data: bytes, validator: PointValidator, mapping: DimensionMapping
) -> Reading:
    """The reading of a whole body in its own format, which is judged as when it came."""
    from handlers.domain.ingest.formats import read_request  # noqa: PLC0415 -- it imports this module

    if record.first_format in REDRIVEN_FORMATS:
        raise _invalid()
    reading = read_request(msgspec.structs.replace(record.first, data=data), validator, mapping)
    reading.points[:] = [point._replace(record=record) for point in reading.points]
    return reading


def _invalid() -> InvalidBody:
    message = "no record of `ops quarantine redrive`: it says of which request its points are"
    return InvalidBody(Violation(Reason.BODY_FORM, "body", message))
