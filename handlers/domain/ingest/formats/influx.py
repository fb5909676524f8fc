"""InfluxDB's line protocol, as its versions 1, 2 and 3 take it: each field of a line is a point."""

import re
from typing import Final, cast

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats.foreign import DimensionMapping, dimensions_of
from handlers.domain.ingest.formats.influx_lines import (
    BrokenLine,
    lines_of,
    name_of,
    split_key,
    split_line,
    string_of,
)
from handlers.domain.ingest.formats.samples import Labels, Samples
from handlers.domain.ingest.memory import Memory
from handlers.domain.ingest.reading import MAX_SAMPLES, InvalidBody, Reading, body_too_large
from handlers.domain.ingest.units import UNITS_NS, unit_of
from handlers.domain.ingest.validator import MISSING, NotFinite, PointValidator
from handlers.domain.timestamp import NS_PER_MS, NS_PER_S
from handlers.domain.violation import Reason, Violation

# https://docs.influxdata.com/influxdb3/core/write-data/http-api/v3-write-lp/#auto-precision-detection
_BY_MAGNITUDE: Final = ((5 * 10**9, NS_PER_S), (5 * 10**12, NS_PER_MS), (5 * 10**15, 1000))

# The field whose point has the measurement's own name.
_VALUE: Final = "value"
_BOOLEANS: Final = {
    **dict.fromkeys(("t", "T", "true", "True", "TRUE"), 1.0),
    **dict.fromkeys(("f", "F", "false", "False", "FALSE"), 0.0),
}
_TIME: Final = re.compile(r"-?[0-9]{1,30}", re.ASCII)
_INTEGER: Final = re.compile(r"-?[0-9]+i|[0-9]+u", re.ASCII)
_FLOAT: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_NOT_FINITE: Final = re.compile(r"[+-]?(?:nan|inf|infinity)", re.ASCII | re.IGNORECASE)


def read(record: StreamRecord, validator: PointValidator, mapping: DimensionMapping) -> Reading:
    """The fields of all lines; `InvalidBody` when there is something in the body, but no line of the protocol."""
    # A byte that is no UTF-8 costs only the names and values that it stands in.
    text = record.data.decode(errors="surrogateescape")
    samples = Samples(record, validator)
    reader = _Reader(samples, mapping, unit_of(record.format))
    fault = ""
    for line in lines_of(text):
        try:
            reader.read(line)
        except BrokenLine as error:
            fault = fault or f"a line is broken: {error}"
            violation = Violation(Reason.LINE_INVALID, "line", str(error))
            samples.refuse(violation, line, is_stranger=True)
        if samples.received > MAX_SAMPLES:
            raise body_too_large()
    if samples.are_strange:
        message = f"no line of the body is of the line protocol; the first: {fault}"
        raise InvalidBody(Violation(Reason.BODY_NOT_LINES, "body", message))
    return samples.reading()


class _LineLabels(Labels):
    """The labels of a measurement with its tags, and the names of its points by those of the fields."""

    __slots__ = ("_measurement", "_memory", "names")

    def __init__(self, key: str, memory: Memory) -> None:
        self._measurement, tags = split_key(key)
        if len(tags) > len({name for name, _ in tags}):
            message = "a line has each tag once"
            violation = Violation(Reason.DIMENSION_NAME_REPEATED, "dimensions", message)
            super().__init__(dict(tags), violation=violation)
        else:
            super().__init__(*dimensions_of(tags))
        self.names: dict[str, str] = {}
        self._memory = memory

    def name(self, field: str) -> str:
        """The name of the points of a field, as it is written."""
        plain = name_of(field)
        name = self._measurement if plain == _VALUE else f"{self._measurement}_{plain}"
        return self._memory.keep(self.names, field, name, len(field))


class _Reader:
    """Reads lines; what stands before a line's fields, and its time, is known again as it is written."""

    def __init__(self, samples: Samples, mapping: DimensionMapping, unit: str | None) -> None:
        self._samples = samples
        self._mapping = mapping
        self._labels = cast("dict[str, _LineLabels]", mapping.labels)
        self._unit_ns = UNITS_NS[unit] if unit else None
        self._time = ""
        self._time_ns = 0

    def read(self, line: str) -> None:
        """Take up the fields of a line; raises BrokenLine before it takes any."""
        key, fields, time = split_line(line)
        labels = self._labels.get(key)
        if labels is None:
            labels = _LineLabels(key, self._mapping.memory)
            self._mapping.keep(key, labels, len(key))
        if not time:
            time_ns = self._samples.arrival_ns()
        elif time == self._time:
            time_ns = self._time_ns
        else:
            time_ns = self._time_ns = self._read_time_ns(time)
            self._time = time
        add, names = self._samples.add, labels.names
        for field, value in fields:
            add(names.get(field) or labels.name(field), labels, _value(value), time_ns)

    def _read_time_ns(self, time: str) -> int:
        if _TIME.fullmatch(time) is None:
            raise BrokenLine("a time is a whole number")
        number = int(time)
        return number * (self._unit_ns or _unit_by_magnitude_ns(number))


def _unit_by_magnitude_ns(number: int) -> int:
    """The unit in which InfluxDB 3 reads a time of no stated precision."""
    return next((unit_ns for bound, unit_ns in _BY_MAGNITUDE if abs(number) < bound), 1)


def _value(written: str) -> object:
    """The value of a field as a number where it is one, else as what was meant."""
    if _FLOAT.fullmatch(written):
        return float(written)
    if _INTEGER.fullmatch(written):
        return float(written[:-1])
    if not written:
        return MISSING
    if written[0] == '"':
        return string_of(written)
    if _NOT_FINITE.fullmatch(written):
        return NotFinite(written)
    return _BOOLEANS.get(written, written)
