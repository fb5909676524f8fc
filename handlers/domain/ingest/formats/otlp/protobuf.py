"""OTLP's protobuf: the codec that walks a request's bytes."""

import base64
from collections import deque
from collections.abc import Iterator
from typing import Final

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats.foreign import DimensionMapping
from handlers.domain.ingest.formats.otlp.protobuf_points import (
    ATTRIBUTE,
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
from handlers.domain.ingest.formats.protobuf_wire import (
    LENGTH,
    Malformed,
    double,
    fields,
    messages,
    read_varint,
    text,
    to_signed,
)
from handlers.domain.ingest.memory import Memory
from handlers.domain.ingest.reading import Reading
from handlers.domain.ingest.validator import PointValidator
from handlers.domain.violation import Reason, Violation

_KINDS: Final = {
    0x2A: Kind.NUMBER,
    0x3A: Kind.NUMBER,
    0x4A: Kind.HISTOGRAM,
    0x52: Kind.EXPONENTIAL_HISTOGRAM,
    0x5A: Kind.SUMMARY,
}
_DELIMITED: Final = frozenset({1, 2, 3, *(tag >> 3 for tag in _KINDS)})
# Tags of messages and strings.
_FIRST: Final = 0x0A
_SECOND: Final = 0x12
_TEXTS: Final = frozenset({0x0A, 0x12, 0x1A})
_LONG: Final = 0x80


def read(record: StreamRecord, validator: PointValidator, mapping: DimensionMapping) -> Reading:
    """The points of a request; raises `InvalidBody` if it is none."""
    return read_request(Protobuf(mapping), record, validator, mapping)


class Protobuf:
    """The codec; it knows the attributes that a batch has shown before by their bytes."""

    number = staticmethod(number)
    histogram = staticmethod(histogram)
    exponential_histogram = staticmethod(exponential_histogram)
    summary = staticmethod(summary)

    def __init__(self, mapping: DimensionMapping) -> None:
        self._memory = mapping.memory
        self._attributes = mapping.pairs["otlp-pb"]
        self._heads = mapping.pairs["otlp-pb metrics"]

    def groups(self, body: bytes) -> Iterator[tuple[Origin, list[Metric | Unreadable]]]:
        """The metrics of each resource and scope; raises `InvalidBody` if the body is no request for metrics."""
        known = not body
        try:
            for resource_metrics in messages(body, _FIRST):
                known = True
                yield from self._resource(resource_metrics)
        except Malformed as error:
            raise no_request(str(error)) from error
        if not known:
            raise no_request("it has no resource metrics")

    def _resource(self, resource_metrics: bytes) -> Iterator[tuple[Origin, list[Metric | Unreadable]]]:
        resource: list[Attribute] = []
        scopes = []
        for tag, value in fields(resource_metrics):
            if tag == _FIRST:
                resource += self._all(value, _FIRST)
            elif tag == _SECOND:
                scopes.append(value)
        for scope_metrics in scopes:
            scope = b"".join(messages(scope_metrics, _FIRST))
            name, version = (text(b"".join(deque(messages(scope, tag), 1))) for tag in (_FIRST, _SECOND))
            origin = Origin(resource, self._all(scope, 0x1A), name, version)
            yield (
                origin,
                [_metric(value, self._heads, self._memory) for value in messages(scope_metrics, _SECOND)],
            )

    def attributes(self, attributes: bytes) -> list[tuple[str, object]]:
        """The attributes of a data point, in the order in which they were sent, with their values read."""
        try:
            found = [self._attribute(value) for value in messages(attributes, ATTRIBUTE)]
        except Malformed as error:
            raise Refused(Violation(Reason.DIMENSIONS_TYPE, "attributes", f"{error}")) from error
        return [pair if type(pair[1]) is str else (pair[0], self.value(pair[1])) for pair in found]

    def value(self, raw: str | bytes) -> object:
        """The value of an attribute."""
        if isinstance(raw, str):
            return raw
        try:
            return _value(raw, 0)
        except Malformed as error:
            raise Refused(Violation(Reason.DIMENSION_VALUE_TYPE, "attributes", f"{error}")) from error

    @staticmethod
    def payload(raw: bytes) -> object:
        """The bytes of a message that could not be read."""
        return {"base64": base64.b64encode(raw).decode()}

    def _all(self, message: bytes, tag: int) -> list[Attribute]:
        return [self._attribute(attribute) for attribute in messages(message, tag)]

    def _attribute(self, message: bytes) -> Attribute:
        attribute = self._attributes.get(message)
        if attribute is None:
            attribute = _text_attribute(message) or _any_attribute(message)
            self._memory.keep(self._attributes, message, attribute, len(message))
        return attribute


def _text_attribute(message: bytes) -> Attribute | None:
    """The attribute if it is written as nearly all are: a key and a text, both shorter than 128 bytes."""
    try:
        middle = 2 + message[1]
        start = middle + 4
        if (
            message[0] == _FIRST
            and message[middle] == _SECOND
            and message[middle + 2] == _FIRST
            and start + message[middle + 3] == len(message)
            and message[1] | message[middle + 1] | message[middle + 3] < 0x80
            and message[middle + 1] == message[middle + 3] + 2
        ):
            return message[2:middle].decode(), message[start:].decode()
    except (IndexError, UnicodeDecodeError):
        pass
    return None


def _any_attribute(message: bytes) -> Attribute:
    key, value = "", b""
    for tag, content in fields(message):
        if tag == _FIRST:
            key = text(content)
        elif tag == _SECOND:
            value = content
    return key, value


def _value(message: bytes, depth: int) -> object:
    if depth > ATTRIBUTE_DEPTH:
        raise too_deep()
    found: object = None
    for tag, content in fields(message):
        match tag:
            case 0x0A:
                found = text(content)
            case 0x10:
                found = bool(content)
            case 0x18:
                found = to_signed(content)
            case 0x21:
                [found] = double(content)
            case 0x2A:
                found = [_value(item, depth + 1) for item in messages(content, _FIRST)]
            case 0x32:
                pairs = [_any_attribute(item) for item in messages(content, _FIRST)]
                found = {key: _value(value, depth + 1) for key, value in pairs}
            case 0x3A:
                found = content
    return found


def _metric(message: bytes, heads: dict[bytes, tuple[str, str]], memory: Memory) -> Metric | Unreadable:
    try:
        return _plain_metric(message, heads, memory) or _read_metric(message)
    except Malformed as error:
        return Unreadable(message, Violation(Reason.DATA_POINT_INVALID, "metric", f"no metric: {error}"))


def _plain_metric(message: bytes, heads: dict[bytes, tuple[str, str]], memory: Memory) -> Metric | None:
    """The metric if it is written as nearly all are: short texts, then its data. `heads` knows the texts again."""
    position, end = 0, len(message)
    try:
        while (tag := message[position]) in _TEXTS:
            length = message[position + 1]
            position += 2 + length
            if length >= _LONG:
                return None
        start = position + 2
        length = message[position + 1]
        if length >= _LONG:
            length, start = read_varint(message, position + 1)
    except IndexError:
        return None
    if tag not in _KINDS or start + length != end:
        return None
    found = heads.get(message[:position])
    if found is None:
        metric = _read_metric(message)
        memory.keep(heads, message[:position], (metric.name, metric.unit), position)
        return metric
    return Metric(*found, _KINDS[tag], messages(message[start:], _FIRST))


def _read_metric(message: bytes) -> Metric:
    """A metric; of several kinds of data, the last one counts."""
    name = unit = ""
    data = 0
    points: list[bytes] = []
    for tag, content in fields(message):
        if tag == _FIRST:
            name = text(content)
        elif tag == 0x1A:
            unit = text(content)
        elif tag in _KINDS:
            found = messages(content, _FIRST)
            points = points + found if tag == data else found
            data = tag
        elif tag >> 3 in _DELIMITED and tag & 7 != LENGTH:
            # So it is in a span or a log record, which stand in a frame like that of a metric.
            raise Malformed(f"its field {tag >> 3} has the wire type {tag & 7}")
    return Metric(name, unit, _KINDS.get(data, Kind.NUMBER), points)
