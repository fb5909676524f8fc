"""OTLP's data points in protobuf, each from the bytes of its message."""

import struct
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from handlers.domain.ingest.formats.otlp.request import (
    MAX_BUCKETS,
    Buckets,
    Common,
    ExponentialHistogram,
    Histogram,
    Summary,
    invalid,
)
from handlers.domain.ingest.formats.protobuf_wire import (
    Malformed,
    double,
    encode,
    fields,
    packed_varints,
    read_varint,
    skip,
    unsigned,
    zigzag,
)

_unsigned_at = struct.Struct("<Q").unpack_from
_signed_at = struct.Struct("<q").unpack_from
_double_at = struct.Struct("<d").unpack_from
ATTRIBUTE = 0x3A


def number(raw: bytes) -> tuple[int, object, int, int, bytes]:  # noqa: C901 -- one loop without calls, as it says
    """The time, value, flags, number of exemplars and attributes of a gauge's or sum's data point.

    Tags of one byte are all that it has, so that this needs no general walk: it is where most of the time goes.
    """
    time_ns = flags = exemplars = position = 0
    value: object = None
    attributes = b""
    end = len(raw)
    try:
        while position < end:
            tag = raw[position]
            if tag == ATTRIBUTE:
                start = position
                while position < end and raw[position] == ATTRIBUTE:
                    length = raw[position + 1]
                    position = position + 2 + length if length < 0x80 else skip(raw, position)
                attributes += raw[start:position]
            elif tag == 0x11:  # the start, which no row has
                position += 9
            elif tag == 0x19:
                [time_ns] = _unsigned_at(raw, position + 1)
                position += 9
            elif tag == 0x21:
                [value] = _double_at(raw, position + 1)
                position += 9
            elif tag == 0x31:
                [value] = _signed_at(raw, position + 1)
                position += 9
            elif tag == 0x40:
                flags, position = read_varint(raw, position + 1)
            else:
                exemplars += tag == 0x2A
                position = skip(raw, position)
    except (IndexError, struct.error, Malformed) as error:
        raise invalid("the bytes are no data point of a gauge or sum") from error
    if position != end:
        raise invalid("the bytes are no data point of a gauge or sum")
    return time_ns, value, flags, exemplars, attributes


def histogram(raw: bytes) -> tuple[Common, Histogram]:
    """A histogram's data point."""
    parts = _Parts(raw)
    values = Histogram(
        total=parts.number(0x21, unsigned, 0),
        sum=parts.number(0x29, double, None),
        min=parts.number(0x59, double, None),
        max=parts.number(0x61, double, None),
        bucket_counts=_eights(parts.joined(0x31, 0x32), "Q"),
        bounds=_eights(parts.joined(0x39, 0x3A), "d"),
    )
    return parts.common(attributes=0x4A, exemplars=0x42, flags=0x50), values


def exponential_histogram(raw: bytes) -> tuple[Common, ExponentialHistogram]:
    """An exponential histogram's data point."""
    parts = _Parts(raw)
    try:
        positive, negative = _buckets(parts.joined(0x42)), _buckets(parts.joined(0x4A))
    except Malformed as error:
        raise invalid(f"the buckets are none: {error}") from error
    values = ExponentialHistogram(
        total=parts.number(0x21, unsigned, 0),
        sum=parts.number(0x29, double, None),
        min=parts.number(0x61, double, None),
        max=parts.number(0x69, double, None),
        scale=zigzag(parts.last(0x30, 0)),
        zero_count=parts.number(0x39, unsigned, 0),
        zero_threshold=parts.number(0x71, double, 0.0),
        positive=positive,
        negative=negative,
    )
    return parts.common(attributes=0x0A, exemplars=0x5A, flags=0x50), values


def summary(raw: bytes) -> tuple[Common, Summary]:
    """A summary's data point; what a number is sent without is 0, as protobuf leaves it out."""
    parts = _Parts(raw)
    try:
        quantiles = [_quantile(message) for message in parts.every(0x32)]
    except Malformed as error:
        raise invalid(f"a quantile is none: {error}") from error
    values = Summary(parts.number(0x21, unsigned, 0), parts.number(0x29, double, 0.0), quantiles)
    return parts.common(attributes=0x3A, exemplars=None, flags=0x40), values


class _Parts:
    """The fields of a data point by their tags; raises `Refused` if its bytes are none."""

    def __init__(self, raw: bytes) -> None:
        self._fields: defaultdict[int, list[Any]] = defaultdict(list)
        try:
            for tag, value in fields(raw):
                self._fields[tag].append(value)
        except Malformed as error:
            raise invalid(f"the bytes are no data point: {error}") from error

    def every(self, tag: int) -> Sequence[bytes]:
        """All values of a field."""
        return self._fields.get(tag, ())

    def joined(self, *tags: int) -> bytes:
        """The bytes of a field that is sent in one part or in several, packed or not."""
        return b"".join(value for tag in tags for value in self.every(tag))

    def last(self, tag: int, default: Any) -> Any:
        """The value of a field, of which the last one counts."""
        values = self._fields.get(tag)
        return values[-1] if values else default

    def number(self, tag: int, read: Callable[[bytes], tuple[Any]], default: Any) -> Any:
        """The number of a field of eight bytes."""
        value = self.last(tag, None)
        return default if value is None else read(value)[0]

    def common(self, *, attributes: int, exemplars: int | None, flags: int) -> Common:
        """The parts that data points of every kind have, by the tags that this kind has for it."""
        return Common(
            self.number(0x19, unsigned, 0),
            self.last(flags, 0),
            len(self.every(exemplars)) if exemplars else 0,
            b"".join(encode(ATTRIBUTE, attribute) for attribute in self.every(attributes)),
        )


def _quantile(message: bytes) -> tuple[float, float]:
    parts = {0x09: 0.0, 0x11: 0.0}
    for tag, value in fields(message):
        if tag in parts:
            [parts[tag]] = double(value)
    return parts[0x09], parts[0x11]


def _buckets(message: bytes) -> Buckets:
    offset, counts = 0, []
    for tag, value in fields(message):
        if tag == 0x08:
            offset = zigzag(value)
        elif tag == 0x10:
            counts.append(value)
        elif tag == 0x12:
            counts += packed_varints(value, MAX_BUCKETS)
    return Buckets(offset, counts)


def _eights(values: bytes, code: str) -> tuple[Any, ...]:
    """The numbers of eight bytes each."""
    count, rest = divmod(len(values), 8)
    if rest:
        raise invalid("a packed list ends inside a number")
    if count > MAX_BUCKETS:
        raise invalid(f"a histogram of more than {MAX_BUCKETS} buckets")
    return struct.unpack(f"<{count}{code}", values)
