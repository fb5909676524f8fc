"""Prometheus's remote write 1.0: protobuf in one block of snappy.

https://prometheus.io/docs/specs/prw/remote_write_spec/. A counter, a bucket or a quantile is a series like any other,
so nothing of it is translated but the names of its labels.
"""

import base64
import math
import re
import struct
from typing import Final

import cramjam

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats.foreign import DimensionMapping, dimensions_of
from handlers.domain.ingest.formats.number_text import number_text
from handlers.domain.ingest.formats.protobuf_wire import (
    LENGTH,
    Malformed,
    encode,
    fields,
    messages,
    read_varint,
    skip,
    text,
    to_signed,
)
from handlers.domain.ingest.formats.samples import Labels, Samples
from handlers.domain.ingest.reading import MAX_BODY_BYTES, MAX_SAMPLES, InvalidBody, Reading, body_too_large
from handlers.domain.ingest.validator import MISSING, PointValidator
from handlers.domain.timestamp import NS_PER_MS
from handlers.domain.violation import Reason, Violation

# The NaN by which Prometheus says that a series has ended; other NaNs have other bits.
_STALE: Final = bytes.fromhex("020000000000f07f")
_NAME: Final = "__name__"
_NUMBERS: Final = frozenset({"le", "quantile"})
_NUMBER: Final = re.compile(r"[+-]?(\d{1,400}(\.\d{0,400})?([eE][+-]?\d{1,5})?|Inf)", re.ASCII)

# Tags: of a request, and of a series.
_SERIES, _METADATA = 0x0A, 0x1A
_LABEL, _SAMPLE, _EXEMPLAR, _HISTOGRAM = 0x0A, 0x12, 0x1A, 0x22
_VALUE, _TIME = 0x09, 0x10

_REPEATED: Final = Violation(Reason.DIMENSION_NAME_REPEATED, "dimensions", "a series has each label once")
_double_at = struct.Struct("<d").unpack_from


def read(record: StreamRecord, validator: PointValidator, mapping: DimensionMapping) -> Reading:
    """The samples of a request; raises `InvalidBody` if it is none."""
    reader = _Reader(Samples(record, validator), mapping)
    request = _decompress(record.data)
    is_known = not request
    try:
        for tag, content in fields(request):
            if tag == _SERIES:
                reader.read(content)
            elif tag == _METADATA:
                reader.samples.ignored["metadata"] += 1
            is_known |= tag in {_SERIES, _METADATA}
    except Malformed as error:
        raise _no_request(str(error)) from error
    if not is_known:
        raise _no_request("it has no time series")
    if reader.samples.are_strange:
        raise _no_request("none of its time series can be read")
    return reader.samples.reading()


def _decompress(block: bytes) -> bytes:
    """The bytes of a block of snappy, whose length stands in its beginning; raises `InvalidBody`."""
    try:
        size, _ = read_varint(block, 0)
        if size > MAX_BODY_BYTES:
            raise body_too_large()
        return bytes(cramjam.snappy.decompress_raw(block))
    except (Malformed, cramjam.DecompressionError) as error:
        raise _no_request("it is no block of snappy") from error


def _no_request(why: str) -> InvalidBody:
    message = f"the body is no request of remote write 1.0: {why}"
    return InvalidBody(Violation(Reason.BODY_NOT_REMOTE_WRITE, "body", message))


class _Reader:
    """Reads series; labels that a batch has shown before are known by their bytes."""

    def __init__(self, samples: Samples, mapping: DimensionMapping) -> None:
        self.samples = samples
        self._series = mapping.pairs["remote-write series"]
        self._pairs = mapping.pairs["remote-write"]
        self._mapping = mapping
        self._read = 0

    def read(self, series: bytes) -> None:
        """Take up the samples of a series; raises `InvalidBody` for more than anybody sends at once."""
        self._read += 1
        if self._read > MAX_SAMPLES:
            raise body_too_large()
        samples, ignored = self.samples, self.samples.ignored
        try:
            label_bytes, others = _parts(series)
            named = self._series.get(label_bytes)
            if named is None:
                named = self._mapping.memory.keep(
                    self._series, label_bytes, self._named(label_bytes), len(label_bytes)
                )
            found = [_sample(content) for tag, content in others if tag == _SAMPLE]
        except (Malformed, IndexError, struct.error) as error:
            violation = Violation(
                Reason.DATA_POINT_INVALID, "series", f"the bytes are no time series: {error}"
            )
            samples.refuse(violation, {"base64": base64.b64encode(series).decode()}, is_stranger=True)
            return
        if samples.received + len(found) > MAX_SAMPLES:
            raise body_too_large()
        name, labels = named
        for value, time_ms in found:
            if math.isnan(value) and struct.pack("<d", value) == _STALE:
                ignored["stale_markers"] += 1
            else:
                samples.add(name or MISSING, labels, value, time_ms * NS_PER_MS)
        if len(found) < len(others):
            ignored["exemplars"] += sum(tag == _EXEMPLAR for tag, _ in others)
            ignored["native_histograms"] += sum(tag == _HISTOGRAM for tag, _ in others)

    def _named(self, label_bytes: bytes) -> tuple[str, Labels]:
        """The name of a series, empty if it has none, and its other labels, which other series share."""
        pairs = [self._pair(message) for message in messages(label_bytes, _LABEL)]
        names = [value for name, value in pairs if name == _NAME]
        others = tuple([pair for pair in pairs if pair[0] != _NAME])
        key = len(names), others
        labels = self._mapping.labels.get(key)
        if labels is None:
            is_repeated = len(names) > 1 or len(dict(others)) < len(others)
            labels = Labels(*dimensions_of(others), _REPEATED if is_repeated else None)
            self._mapping.keep(key, labels, len(label_bytes))
        return names[0] if names else "", labels

    def _pair(self, message: bytes) -> tuple[str, str]:
        pair = self._pairs.get(message)
        if pair is None:
            pair = self._mapping.memory.keep(self._pairs, message, _label(message), len(message))
        return pair


def _parts(series: bytes) -> tuple[bytes, list[tuple[int, bytes]]]:
    """A series's labels, which are known again as they are, and its other fields; raises `Malformed`."""
    position, end = 0, len(series)
    while position < end and series[position] == _LABEL:
        length = series[position + 1]
        position = position + 2 + length if length < 0x80 else skip(series, position)
    if position > end:
        raise Malformed("a label reaches beyond its series")
    labels = series[:position]
    rest = end - position - 2
    if 0 < rest < 0x80 and series[position] == _SAMPLE and series[position + 1] == rest:
        return labels, [(_SAMPLE, series[position + 2 :])]  # one sample, as Prometheus writes it
    others = []
    for tag, content in fields(series[position:]):
        if tag == _LABEL:  # behind a sample, where no encoder writes them
            labels += encode(_LABEL, content)
        elif tag & 7 == LENGTH:
            others.append((tag, content))
            if len(others) > MAX_SAMPLES:
                raise body_too_large()
        elif tag >> 3 <= 4:
            raise Malformed(f"field {tag >> 3} has the wire type {tag & 7}")
    return labels, others


def _sample(sample: bytes) -> tuple[float, int]:
    """The value and the time in milliseconds; protobuf leaves out what is 0."""
    value, time_ms, position, end = 0.0, 0, 0, len(sample)
    while position < end:
        tag = sample[position]
        if tag == _VALUE:
            [value] = _double_at(sample, position + 1)
            position += 9
        elif tag == _TIME:
            number, position = read_varint(sample, position + 1)
            time_ms = to_signed(number)
        elif tag >> 3 <= 2:
            raise Malformed(f"field {tag >> 3} of a sample has the wire type {tag & 7}")
        else:
            position = skip(sample, position)
    if position != end:
        raise Malformed("a sample is cut off")
    return value, time_ms


def _label(message: bytes) -> tuple[str, str]:
    """A label's name and value; a number that Go, Python and Prometheus 3 write in three ways is written in one."""
    name = value = ""
    for tag, content in fields(message):
        if tag == 0x0A:
            name = text(content)
        elif tag == 0x12:
            value = text(content)
        elif tag >> 3 <= 2:
            raise Malformed(f"field {tag >> 3} of a label has the wire type {tag & 7}")
    return name, number_text(float(value)) if name in _NUMBERS and _NUMBER.fullmatch(value) else value
