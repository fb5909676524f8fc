"""Our own JSON: a body is one metric, or an object with a list of them."""

import json
import math
from collections.abc import Mapping
from typing import Any

import orjson

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats.foreign import DimensionMapping
from handlers.domain.ingest.reading import MAX_SAMPLES, InvalidBody, Reading, body_too_large
from handlers.domain.ingest.validator import MISSING, NotFinite, PointValidator
from handlers.domain.point import Point
from handlers.domain.timestamp import read_timestamp
from handlers.domain.violation import Reason, Violation
from handlers.vocabulary import DEFAULT_METRIC_TYPE

_NO_DIMENSIONS: Mapping[str, object] = {}
_FIELDS = frozenset({"metric_name", "value", "metric_type", "timestamp", "dimensions"})


def read(record: StreamRecord, validator: PointValidator, _: DimensionMapping) -> Reading:
    """The metrics of a body, each by itself; `InvalidBody` when the body is in neither of its two forms."""
    return read_body(record.data, record, validator)


def read_body(body: bytes, record: StreamRecord, validator: PointValidator) -> Reading:
    """The same of a body that does not lie in the record as it is."""
    metrics = parse(body)
    if len(metrics) > MAX_SAMPLES:
        raise body_too_large()
    reading = Reading(metrics.__getitem__)
    for index, raw in enumerate(metrics):
        found = read_metric(raw, index, record, validator)
        if isinstance(found, Point):
            reading.points.append(found)
        else:
            reading.refusals.append((index, found))
    return reading


def read_metric(raw: Any, index: int, record: StreamRecord, validator: PointValidator) -> Point | Violation:
    """The point of a metric, or the first rule that it breaks: of name and type, value, time, then dimensions."""
    if not isinstance(raw, dict):
        return Violation(Reason.METRIC_NOT_OBJECT, "metric", "a metric is an object")
    if not raw.keys() <= _FIELDS:
        message = "a metric has metric_name, value, metric_type, timestamp and dimensions, nothing else"
        return Violation(Reason.FIELD_UNKNOWN, str(min(raw.keys() - _FIELDS))[:60], message)
    series = validator.series(
        raw.get("metric_name", MISSING),
        raw.get("metric_type", DEFAULT_METRIC_TYPE),
        raw.get("dimensions", _NO_DIMENSIONS),
    )
    if isinstance(series, Violation) and not series.field.startswith("dimensions"):
        return series
    value = validator.value(raw.get("value", MISSING))
    if isinstance(value, Violation):
        return value
    time_ns = _read_time_ns(raw, index, record, validator)
    if isinstance(time_ns, Violation):
        return time_ns
    if isinstance(series, Violation):
        return series
    return Point(series, time_ns, value, index, record)


def _read_time_ns(
    raw: Mapping[str, Any], index: int, record: StreamRecord, validator: PointValidator
) -> int | Violation:
    if "timestamp" not in raw:
        return validator.arrival_ns(index, record)
    time_ns = read_timestamp(raw["timestamp"])
    return time_ns if isinstance(time_ns, Violation) else validator.time_ns(time_ns, record)


def parse(data: bytes) -> list[Any]:
    """The metrics of a body as the client wrote them, at least one; `InvalidBody` when there are none."""
    body = decode(data)
    if not isinstance(body, dict):
        raise InvalidBody(
            Violation(Reason.BODY_FORM, "body", "a body is one metric, or an object with `metrics`")
        )
    if "metrics" not in body:
        return [body]
    metrics = body["metrics"]
    if not isinstance(metrics, list) or not metrics or len(body) > 1:
        message = "`metrics` is a list of at least one metric, and stands alone in its object"
        raise InvalidBody(Violation(Reason.BODY_FORM, "metrics", message))
    return metrics


def decode(data: bytes) -> Any:
    """The JSON of a body, with `NotFinite` for numbers that no double holds; `InvalidBody` if it is none."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return _parse_leniently(data)


def _parse_leniently(data: bytes) -> Any:
    """Reads what orjson refuses whole, so that one number or one broken character costs one metric only."""
    try:
        return json.loads(data.decode(), parse_float=_number, parse_int=_number, parse_constant=NotFinite)
    except (ValueError, RecursionError) as error:
        raise InvalidBody(Violation(Reason.BODY_NOT_JSON, "body", "the body is not JSON in UTF-8")) from error


def _number(literal: str) -> int | float | NotFinite:
    if len(literal) < 19 and literal.lstrip("-").isdigit():
        return int(literal)
    number = float(literal)
    return number if math.isfinite(number) else NotFinite(literal)
