"""One metric that keeps every rule that can be judged without asking anybody."""

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from handlers.domain.dimensions import Dimensions, printable, read_dimensions
from handlers.domain.ingest.body import NotFinite
from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.timestamp import NS_PER_MS, read_timestamp
from handlers.domain.violation import Reason, Violation
from handlers.vocabulary import DEFAULT_METRIC_TYPE, METRIC_TYPES

METRIC_NAME_BYTES = 256

# https://docs.aws.amazon.com/timestream/latest/developerguide/ts-limits.html
FUTURE_MS = 15 * 60 * 1000
POINT_BYTES = 2048
# What every point carries besides its dimensions' values: time and value of 8 bytes each, and the fixed names.
_FIXED_BYTES = 8 + 8 + len("metric") + len("value") + len("metric_name") + len("metric_type")

_FIELDS = frozenset({"metric_name", "value", "metric_type", "timestamp", "dimensions"})
_NO_DIMENSIONS = Dimensions((), 0)


class Point(NamedTuple):
    """A metric ready to be stored. `series` and `time_ns` say which point it is, `version` which of two wins."""

    metric_name: str
    metric_type: str
    dimensions: tuple[tuple[str, str], ...]
    time_ns: int
    value: float
    version: int

    @property
    def identity(self) -> tuple[object, ...]:
        """Two points with the same identity are one row in the store."""
        return self[:4]


@dataclass(frozen=True)
class Rules:
    """Judges metrics; one instance serves a batch, in which clients repeat the same dimensions all the time."""

    magnetic_retention_days: int
    _seen: dict[tuple[tuple[str, object], ...], Dimensions | Violation] = field(default_factory=dict)

    def judge(self, raw: Any, index: int, record: StreamRecord) -> Point | Violation:
        """The point a metric stands for, or the first rule it breaks."""
        if not isinstance(raw, dict):
            return Violation(Reason.METRIC_NOT_OBJECT, "metric", "a metric is an object")
        if not raw.keys() <= _FIELDS:
            message = "a metric has metric_name, value, metric_type, timestamp and dimensions, nothing else"
            return Violation(Reason.FIELD_UNKNOWN, str(min(raw.keys() - _FIELDS))[:60], message)
        name = _read_name(raw)
        if isinstance(name, Violation):
            return name
        metric_type = raw.get("metric_type", DEFAULT_METRIC_TYPE)
        if not isinstance(metric_type, str) or metric_type not in METRIC_TYPES:
            return Violation(Reason.METRIC_TYPE_UNKNOWN, "metric_type", f"one of {', '.join(METRIC_TYPES)}")
        value = _read_value(raw)
        if isinstance(value, Violation):
            return value
        time_ns = self._read_time(raw, index, record)
        if isinstance(time_ns, Violation):
            return time_ns
        dimensions = self._read_dimensions(raw.get("dimensions", {}))
        if isinstance(dimensions, Violation):
            return dimensions
        size = dimensions.size + len(name.encode()) + len(metric_type) + _FIXED_BYTES
        if size > POINT_BYTES:
            message = f"{size} bytes of names and values; the store takes {POINT_BYTES}"
            return Violation(Reason.POINT_TOO_LARGE, "dimensions", message)
        return Point(name, metric_type, dimensions.pairs, time_ns, value, record.version)

    def _read_time(self, raw: Mapping[str, Any], index: int, record: StreamRecord) -> int | Violation:
        """Times are judged by the record's arrival, so that a retry or a redrive judges alike."""
        if "timestamp" not in raw:
            return record.arrival_ms * NS_PER_MS + _offset_ns(index, record)
        time_ns = read_timestamp(raw["timestamp"])
        if isinstance(time_ns, Violation):
            return time_ns
        if time_ns > (record.arrival_ms + FUTURE_MS) * NS_PER_MS:
            return Violation(
                Reason.TIMESTAMP_IN_FUTURE, "timestamp", "more than 15 minutes after its arrival"
            )
        oldest_ms = record.arrival_ms - self.magnetic_retention_days * 86_400_000
        if time_ns < max(oldest_ms, 0) * NS_PER_MS:
            message = f"older than the {self.magnetic_retention_days} days that the store keeps"
            return Violation(Reason.TIMESTAMP_TOO_OLD, "timestamp", message)
        return time_ns

    def _read_dimensions(self, raw: object) -> Dimensions | Violation:
        if not isinstance(raw, dict):
            return Violation(Reason.DIMENSIONS_TYPE, "dimensions", "dimensions is an object of strings")
        if not raw:
            return _NO_DIMENSIONS
        key = tuple(raw.items())
        try:
            seen = self._seen.get(key)
        except TypeError:  # a list or an object among the values has no hash
            return read_dimensions(raw)
        if seen is None:
            seen = self._seen[key] = read_dimensions(raw)
        return seen


def _read_name(raw: Mapping[str, Any]) -> str | Violation:
    name = raw.get("metric_name")
    if not isinstance(name, str):
        if "metric_name" not in raw:
            return Violation(Reason.METRIC_NAME_MISSING, "metric_name", "a metric has a name")
        return Violation(Reason.METRIC_NAME_TYPE, "metric_name", "a metric's name is a string")
    if not printable(name):
        message = "a metric's name has no control characters, line breaks or lone surrogates"
        return Violation(Reason.METRIC_NAME_CHARACTERS, "metric_name", message)
    if not name or len(name.encode()) > METRIC_NAME_BYTES:
        message = f"a metric's name has 1 to {METRIC_NAME_BYTES} bytes"
        return Violation(Reason.METRIC_NAME_LENGTH, "metric_name", message)
    return name


def _read_value(raw: Mapping[str, Any]) -> float | Violation:
    value = raw.get("value")
    if isinstance(value, NotFinite):
        return Violation(Reason.VALUE_NOT_FINITE, "value", "a value is a finite double")
    if isinstance(value, bool) or not isinstance(value, int | float):
        if "value" not in raw:
            return Violation(Reason.VALUE_MISSING, "value", "a metric has a value")
        return Violation(Reason.VALUE_TYPE, "value", "a value is a number")
    number = float(value)
    if not math.isfinite(number):
        return Violation(Reason.VALUE_NOT_FINITE, "value", "a value is a finite double")
    return number


def _offset_ns(index: int, record: StreamRecord) -> int:
    """Places points without a timestamp beside each other inside their millisecond, the same way at every retry.

    Neighbours of one request never meet: a record of 1 MiB holds far fewer than a million metrics. Requests of one
    millisecond start at scattered places.
    """
    return (zlib.crc32(str(record.sequence).encode()) + index) % NS_PER_MS
