"""The samples of a request in another protocol: each becomes a point, or a refusal with what was understood of it."""

import math
import sys
from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from typing import Final

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.reading import Reading
from handlers.domain.ingest.validator import MISSING, CheckedDimensions, NotFinite, PointValidator
from handlers.domain.point import Point, Series
from handlers.domain.timestamp import timestamp_text
from handlers.domain.violation import Violation
from handlers.vocabulary import DEFAULT_METRIC_TYPE

_GREATEST: Final = sys.float_info.max
# Characters of names and of dimensions, over twice as many as a point may have bytes.
_SHOWN: Final = 5_000


class Labels:
    """The dimensions and the type that samples share, with the series that have them by name; or why there are none."""

    __slots__ = ("_extended", "checked", "dimensions", "metric_type", "series", "violation")

    def __init__(
        self,
        dimensions: Mapping[str, str],
        metric_type: str = DEFAULT_METRIC_TYPE,
        violation: Violation | None = None,
    ) -> None:
        self.dimensions = dimensions
        self.metric_type = metric_type
        self.violation = violation
        self.series: dict[object, Series | Violation] = {}
        self.checked: CheckedDimensions | None = None
        self._extended: dict[tuple[str, str], Labels] | None = None

    def extended(self, name: str, value: str) -> "Labels":
        """The same with one dimension more, which takes the place of one of its name."""
        if self._extended is None:
            self._extended = {}
        found = self._extended.get((name, value))
        if found is None:
            found = Labels({**self.dimensions, name: value}, self.metric_type, self.violation)
            self._extended[name, value] = found
        return found


class Samples:
    """Collects the samples of a request in the order in which they stand there."""

    def __init__(self, record: StreamRecord, validator: PointValidator) -> None:
        self.received = 0
        self.dropped: defaultdict[str, int] = defaultdict(int)
        self.ignored: defaultdict[str, int] = defaultdict(int)
        self._record = record
        self._validator = validator
        self._points: list[Point] = []
        self._refusals: list[tuple[int, Violation]] = []
        self._payloads: dict[int, object] = {}
        self._strangers = 0
        self._least_ns, self._greatest_ns = validator.times_ns(record)

    def add(self, name: object, labels: Labels, value: object, time_ns: int) -> None:
        """Judge a sample: its name and type, value, time, then dimensions."""
        series = labels.series.get(name)
        if series is None:
            series = labels.series[name] = self._series(name, labels)
        if (
            type(series) is Series
            and type(value) is float
            and -_GREATEST <= value <= _GREATEST
            and self._least_ns <= time_ns <= self._greatest_ns
        ):
            # Nearly all are such, and need no further look.
            self._points.append(Point(series, time_ns, value, self.received, self._record))
            self.received += 1
            return
        number, at = self._validator.value(value), self._validator.time_ns(time_ns, self._record)
        if isinstance(series, Series) and isinstance(number, float) and isinstance(at, int):
            self._points.append(Point(series, at, number, self.received, self._record))
            self.received += 1
            return
        violations = [found for found in (number, at, series) if isinstance(found, Violation)]
        first = series if isinstance(series, Violation) and _is_of_name(series) else violations[0]
        self.refuse(first, _metric(name, labels.metric_type, labels.dimensions, value, time_ns))

    def refuse(self, violation: Violation, payload: object, *, is_stranger: bool = False) -> None:
        """Refuse what cannot be read, which counts as one sample; a stranger shows no sign of being of this format."""
        self._refusals.append((self.received, violation))
        self._payloads[self.received] = payload
        self.received += 1
        self._strangers += is_stranger

    def arrival_ns(self) -> int:
        """The time of a sample without one that comes next."""
        return self._validator.arrival_ns(self.received, self._record)

    @property
    def are_strange(self) -> bool:
        """True if there are only strangers: the body is something else, such as a request for traces."""
        return 0 < self._strangers == self.received

    def reading(self) -> Reading:
        """All of them; what was refused later is given as our own JSON has it."""
        return Reading(self._payload, self._points, self._refusals, self.dropped, self.ignored)

    def _series(self, name: object, labels: Labels) -> Series | Violation:
        if labels.checked is None:
            labels.checked = self._validator.check(labels.dimensions)
        found = self._validator.series_of(name, labels.metric_type, labels.checked)
        return found if isinstance(found, Violation) or not labels.violation else labels.violation

    def _payload(self, index: int) -> object:
        if index in self._payloads:
            return self._payloads[index]
        point = self._by_index[index]
        name, metric_type, dimensions = point.series
        return _metric(name, metric_type, dict(dimensions), point.value, point.time_ns)

    @cached_property
    def _by_index(self) -> dict[int, Point]:
        return {point.request_index: point for point in self._points}


def _is_of_name(violation: Violation) -> bool:
    """True for a violation that comes before those of a value and a time."""
    return violation.field in {"metric_name", "metric_type"}


def _metric(
    name: object, metric_type: str, dimensions: Mapping[str, str], value: object, time_ns: int
) -> dict[str, object]:
    """A sample as our own JSON has it, so that it can be sent again as that; what it lacks is left out.

    Many samples may share one name and dimensions: what is too long for any store is cut here, as each has a line.
    """
    if isinstance(value, float) and not math.isfinite(value):
        value = NotFinite("NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity")
    shown: object = dimensions
    size = sum(len(part) for pair in dimensions.items() for part in pair)
    if size > _SHOWN:
        shown = f"{len(dimensions)} dimensions of {size} characters"
    if isinstance(name, str):
        name = name[:_SHOWN]
    parts = {"metric_name": name, "value": value, "timestamp": timestamp_text(time_ns)}
    metric = {field: part for field, part in parts.items() if part is not MISSING}
    return {**metric, "metric_type": metric_type, "dimensions": shown}
