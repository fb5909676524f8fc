"""The rules that a point must keep, as far as they can be checked without a look at anything else."""

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from handlers.domain.dimensions import is_printable, read_dimensions
from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.memory import Memory
from handlers.domain.ingest.store import StoreLimits
from handlers.domain.ingest.units import UNITS_NS, unit_of
from handlers.domain.point import METRIC_NAME_BYTES, Series
from handlers.domain.timestamp import NS_PER_MS
from handlers.domain.violation import Reason, Violation
from handlers.vocabulary import METRIC_TYPES

_DAY_MS = 86_400_000
_DAY_NS = _DAY_MS * NS_PER_MS
_TEN_YEARS_NS = 3_653 * _DAY_NS

# Stands for what the client left out.
MISSING: Final = object()


@dataclass(frozen=True)
class NotFinite:
    """A number that no double holds, kept as it was written."""

    literal: str


class PointValidator:
    """Checks the parts of points; one instance serves many batches, as clients repeat the same ones all the time.

    Equal series are one object, whatever formats they came in. The store takes times from `retention_ms` before the
    arrival of their record, if that is after 1970, to `future_ms` after it.
    """

    def __init__(self, limits: StoreLimits) -> None:
        self.memory = Memory()
        self._limits = limits
        self.future_ms = limits.future_ms
        self.retention_ms = limits.retention_days * _DAY_MS
        self._names: dict[str, int | Violation] = {}
        self._dimensions: dict[tuple[tuple[str, object], ...], CheckedDimensions] = {}
        self._series: dict[Series, Series] = {}

    def series(self, metric_name: object, metric_type: object, dimensions: object) -> Series | Violation:
        """The series of that name, type and dimensions, or the first rule that is broken, in this order."""
        return self.series_of(metric_name, metric_type, self._check_dimensions(dimensions))

    def check(self, dimensions: object) -> "CheckedDimensions":
        """The dimensions, checked, for whoever keeps them for `series_of`."""
        return CheckedDimensions(dimensions, self._limits)

    def series_of(
        self, metric_name: object, metric_type: object, checked: "CheckedDimensions"
    ) -> Series | Violation:
        """The same as `series` with dimensions that were checked before."""
        try:
            series = checked.series.get((metric_name, metric_type))
        except TypeError:  # a list or an object has no hash
            return self._check_series(metric_name, metric_type, checked)
        if series is None:
            series = self._check_series(metric_name, metric_type, checked)
            text_bytes = sum([len(part) for part in (metric_name, metric_type) if isinstance(part, str)])
            self.memory.keep(checked.series, (metric_name, metric_type), series, text_bytes)
        return series

    def value(self, raw: object) -> float | Violation:
        """The value as a finite double."""
        if isinstance(raw, int | float) and not isinstance(raw, bool):
            number = float(raw)
            if math.isfinite(number):
                return number
        elif raw is MISSING:
            return Violation(Reason.VALUE_MISSING, "value", "a metric has a value")
        elif not isinstance(raw, NotFinite):
            return Violation(Reason.VALUE_TYPE, "value", "a value is a number")
        return Violation(Reason.VALUE_NOT_FINITE, "value", "a value is a finite double")

    def time_ns(self, time_ns: int, record: StreamRecord) -> int | Violation:
        """The time, if the store takes it; by the record's arrival, so that a retry or a redrive judges alike."""
        arrival_ns = record.arrival_ms * NS_PER_MS
        least_ns, greatest_ns = self.times_ns(record)
        if time_ns > greatest_ns:
            message = f"more than {self._limits.future_ms // 60_000} minutes after its arrival"
            return Violation(
                Reason.TIMESTAMP_IN_FUTURE,
                "timestamp",
                message + _unit_hint(time_ns, arrival_ns, unit_of(record.format)),
            )
        if time_ns < least_ns:
            message = f"older than the {self._limits.retention_days} days that the store keeps"
            return Violation(
                Reason.TIMESTAMP_TOO_OLD,
                "timestamp",
                message + _unit_hint(time_ns, arrival_ns, unit_of(record.format)),
            )
        return time_ns

    def times_ns(self, record: StreamRecord) -> tuple[int, int]:
        """The least and the greatest time that the store takes of a record."""
        arrival_ms = record.arrival_ms
        return max(arrival_ms - self.retention_ms, 0) * NS_PER_MS, (arrival_ms + self.future_ms) * NS_PER_MS

    def arrival_ns(self, index: int, record: StreamRecord) -> int:
        """The time of a point without a timestamp: the record's arrival, the same at every retry.

        Points of one request lie beside each other inside their millisecond and never meet: a record of 1 MiB holds
        far fewer than a million. Requests of one millisecond start at scattered places.
        """
        offset_ns = (zlib.crc32(str(record.sequence).encode()) + index) % NS_PER_MS
        return record.arrival_ms * NS_PER_MS + offset_ns

    def _check_series(
        self, metric_name: object, metric_type: object, checked: "CheckedDimensions"
    ) -> Series | Violation:
        if not isinstance(metric_name, str):
            if metric_name is MISSING:
                return Violation(Reason.METRIC_NAME_MISSING, "metric_name", "a metric has a name")
            return Violation(Reason.METRIC_NAME_TYPE, "metric_name", "a metric's name is a string")
        name_bytes = self._names.get(metric_name)
        if name_bytes is None:
            name_bytes = self.memory.keep(
                self._names, metric_name, _check_name(metric_name), len(metric_name)
            )
        if isinstance(name_bytes, Violation):
            return name_bytes
        if not isinstance(metric_type, str) or metric_type not in METRIC_TYPES:
            message = f"one of {', '.join(METRIC_TYPES)}"
            return Violation(Reason.METRIC_TYPE_UNKNOWN, "metric_type", message)
        if isinstance(checked.pairs, Violation):
            return checked.pairs
        size = name_bytes + len(metric_type) + checked.size + self._limits.point_overhead_bytes
        if size > self._limits.point_bytes:
            message = f"{size} bytes of names and values; the store takes {self._limits.point_bytes}"
            return Violation(Reason.POINT_TOO_LARGE, "dimensions", message)
        series = Series(metric_name, metric_type, checked.pairs)
        return self._series.setdefault(series, series)

    def _check_dimensions(self, raw: object) -> "CheckedDimensions":
        if not isinstance(raw, dict):
            return CheckedDimensions(raw, self._limits)
        key = tuple(raw.items())
        try:
            checked = self._dimensions.get(key)
        except TypeError:  # likewise
            return CheckedDimensions(raw, self._limits)
        if checked is None:
            checked = CheckedDimensions(raw, self._limits)
            self.memory.keep(
                self._dimensions, key, checked, checked.size or _text_bytes(raw), dimensions=len(raw)
            )
        return checked


class CheckedDimensions:
    """Dimensions or the rule that they break, their bytes, and the series that have them, by name and type."""

    __slots__ = ("pairs", "series", "size")

    def __init__(self, raw: object, limits: StoreLimits) -> None:
        self.pairs = read_dimensions(raw, limits.dimension_names)
        self.size = 0
        if not isinstance(self.pairs, Violation):
            text = "".join([part for pair in self.pairs for part in pair])
            self.size = len(text) if text.isascii() else len(text.encode())
        self.series: dict[tuple[object, object], Series | Violation] = {}


def _text_bytes(raw: Mapping[str, object]) -> int:
    return sum([len(name) + (len(value) if isinstance(value, str) else 0) for name, value in raw.items()])


def _unit_hint(time_ns: int, arrival_ns: int, sent_in: str | None) -> str:
    """Advice for a time that is one of the last ten years if its number is read in another unit; else nothing."""
    if sent_in:
        number = time_ns // UNITS_NS[sent_in]
        for unit, unit_ns in UNITS_NS.items():
            if unit != sent_in and arrival_ns - _TEN_YEARS_NS < number * unit_ns < arrival_ns + _DAY_NS:
                return f": looks like {unit}; send {sent_in}"
    return ""


def _check_name(name: str) -> int | Violation:
    """The bytes of a metric's name, or the rule that it breaks."""
    if not is_printable(name):
        message = "a metric's name has no control characters, line breaks or lone surrogates"
        return Violation(Reason.METRIC_NAME_CHARACTERS, "metric_name", message)
    size = len(name.encode())
    if not 1 <= size <= METRIC_NAME_BYTES:
        message = f"a metric's name has 1 to {METRIC_NAME_BYTES} bytes"
        return Violation(Reason.METRIC_NAME_LENGTH, "metric_name", message)
    return size
