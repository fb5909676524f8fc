"""OTLP's JSON: the codec that reads protobuf's JSON mapping, as OpenTelemetry uses it.

Names are in lowerCamelCase, unknown ones are passed over, null is absent, integers are numbers or texts, and numbers
that JSON cannot say are texts: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import orjson

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats.foreign import DimensionMapping
from handlers.domain.ingest.formats.json import decode
from handlers.domain.ingest.formats.otlp.json_points import (
    as_double,
    as_integer,
    exponential_histogram,
    histogram,
    number,
    summary,
)
from handlers.domain.ingest.formats.otlp.request import (
    ATTRIBUTE_DEPTH,
    Attribute,
    Kind,
    Metric,
    Origin,
    Refused,
    Unreadable,
    no_request,
    too_deep,
)
from handlers.domain.ingest.formats.otlp.walk import read_request
from handlers.domain.ingest.reading import Reading
from handlers.domain.ingest.validator import PointValidator
from handlers.domain.violation import Reason, Violation

_KINDS: Final = {
    "gauge": Kind.NUMBER,
    "sum": Kind.NUMBER,
    "histogram": Kind.HISTOGRAM,
    "exponentialHistogram": Kind.EXPONENTIAL_HISTOGRAM,
    "summary": Kind.SUMMARY,
}


def read(record: StreamRecord, validator: PointValidator, mapping: DimensionMapping) -> Reading:
    """The points of a request; raises `InvalidBody` if it is none."""
    return read_request(Json(), record, validator, mapping)


class Json:
    """The codec."""

    number = staticmethod(number)
    histogram = staticmethod(histogram)
    exponential_histogram = staticmethod(exponential_histogram)
    summary = staticmethod(summary)

    @staticmethod
    def groups(body: bytes) -> Iterator[tuple[Origin, list[Metric | Unreadable]]]:
        """The metrics of each resource and scope; raises `InvalidBody` if the body is no request for metrics."""
        request = decode(body)
        if not isinstance(request, dict) or (request and "resourceMetrics" not in request):
            raise no_request("it is an object with resourceMetrics")
        for resource_metrics in _objects(request, "resourceMetrics"):
            resource = _origin_attributes(resource_metrics, "resource")
            for scope_metrics in _objects(resource_metrics, "scopeMetrics"):
                scope = _object(scope_metrics, "scope")
                attributes = _origin_attributes(scope_metrics, "scope")
                origin = Origin(resource, attributes, _text(scope, "name"), _text(scope, "version"))
                yield origin, [_metric(raw) for raw in _items(scope_metrics, "metrics")]

    @staticmethod
    def attributes(attributes: bytes) -> list[tuple[str, object]]:
        """The attributes of a data point, in the order in which they were sent, with their values read."""
        if not attributes:
            return []
        try:
            found = orjson.loads(attributes)
        except orjson.JSONDecodeError:  # half of a surrogate pair
            found = json.loads(attributes)
        return [(key, _value(raw, 0)) for key, raw in _attributes(found)]

    @staticmethod
    def value(raw: Any) -> object:
        """The value of an attribute."""
        return _value(raw, 0)

    @staticmethod
    def payload(raw: Any) -> object:
        """The data point as it was sent."""
        return raw


def _objects(parent: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    for item in _items(parent, name):
        if not isinstance(item, dict):
            raise no_request(f"{name} is a list of objects")
        yield item


def _items(parent: dict[str, Any], name: str) -> list[Any]:
    found = parent.get(name)
    if found is not None and not isinstance(found, list):
        raise no_request(f"{name} is a list")
    return found or []


def _object(parent: dict[str, Any], name: str) -> dict[str, Any]:
    found = parent.get(name)
    if found is not None and not isinstance(found, dict):
        raise no_request(f"{name} is an object")
    return found or {}


def _origin_attributes(parent: dict[str, Any], name: str) -> list[Attribute]:
    try:
        return _attributes(_object(parent, name).get("attributes"))
    except Refused as error:
        raise no_request(f"of a {name}, {error}") from error


def _text(parent: dict[str, Any], name: str) -> str:
    found = parent.get(name)
    return found if isinstance(found, str) else ""


def _metric(raw: Any) -> Metric | Unreadable:
    if not isinstance(raw, dict):
        return Unreadable(raw, Violation(Reason.DATA_POINT_INVALID, "metric", "a metric is an object"))
    name = raw.get("name")
    if name is not None and not isinstance(name, str):
        violation = Violation(Reason.METRIC_NAME_TYPE, "metric_name", "a metric's name is a string")
        return Unreadable(raw, violation)
    for field, kind in _KINDS.items():
        data = raw.get(field)
        if data is None:
            continue
        points = data.get("dataPoints") if isinstance(data, dict) else data
        if points is None or isinstance(points, list):
            return Metric(name or "", _text(raw, "unit"), kind, points or [])
        message = f"{field} is an object with a list of dataPoints"
        return Unreadable(raw, Violation(Reason.DATA_POINT_INVALID, "metric", message))
    return Metric("", "", Kind.NUMBER, [])


def _attributes(attributes: object) -> list[Attribute]:
    """Attributes; raises `Refused` if they are none."""
    if attributes is None:
        return []
    if not isinstance(attributes, list):
        raise _no_attributes()
    return [_attribute(attribute) for attribute in attributes]


def _attribute(raw: Any) -> Attribute:
    if not isinstance(raw, dict):
        raise _no_attributes()
    key = raw.get("key", "")
    if not isinstance(key, str):
        raise _no_attributes()
    return key, raw.get("value")


def _no_attributes() -> Refused:
    message = "attributes is a list of objects with key and value"
    return Refused(Violation(Reason.DIMENSIONS_TYPE, "attributes", message))


def _value(raw: Any, depth: int) -> object:
    if depth > ATTRIBUTE_DEPTH:
        raise too_deep()
    if raw is None:
        return None
    if not isinstance(raw, dict):
        raise _no_value("an attribute's value is an object")
    for kind, content in raw.items():
        if content is not None and (read := _VALUES.get(kind)):
            return read(content, depth)
    return None


def _string(content: Any, _: int) -> str:
    if not isinstance(content, str):
        raise _no_value("stringValue is a text")
    return content


def _bool(content: Any, _: int) -> bool:
    if not isinstance(content, bool):
        raise _no_value("boolValue is true or false")
    return content


def _bytes(content: Any, _: int) -> bytes:
    try:
        bare = content.translate(_URL_SAFE).rstrip("=")
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (AttributeError, ValueError):
        raise _no_value("bytesValue is base64") from None


def _array(content: Any, depth: int) -> list[object]:
    return [_value(item, depth + 1) for item in _values(content)]


def _map(content: Any, depth: int) -> dict[str, object]:
    pairs = [_attribute(item) for item in _values(content)]
    return {key: _value(value, depth + 1) for key, value in pairs}


def _values(content: Any) -> list[Any]:
    values = content.get("values") if isinstance(content, dict) else content
    if values is not None and not isinstance(values, list):
        raise _no_value("an array or a map is an object with a list of values")
    return values or []


def _no_value(message: str) -> Refused:
    return Refused(Violation(Reason.DIMENSION_VALUE_TYPE, "attributes", message))


_URL_SAFE: Final = str.maketrans("-_", "+/")
_VALUES: Final[Mapping[str, Callable[[Any, int], object]]] = {
    "stringValue": _string,
    "boolValue": _bool,
    "intValue": lambda content, _: as_integer(content, "intValue"),
    "doubleValue": lambda content, _: as_double(content, "doubleValue"),
    "arrayValue": _array,
    "kvlistValue": _map,
    "bytesValue": _bytes,
}
