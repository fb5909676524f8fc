"""Our own JSON where nothing is out of the ordinary: read at once into objects, with the dimensions left as bytes.

A series is known again by its name, its type and the bytes of its dimensions, and was judged when it came first. So
only value and time are judged for each point. Of whatever breaks a rule, or might, nothing is said here: `json.py`
reads it.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import orjson

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.reading import MAX_SAMPLES
from handlers.domain.ingest.validator import PointValidator
from handlers.domain.point import Point, Series, new_point
from handlers.domain.timestamp import NS_PER_MS
from handlers.vocabulary import DEFAULT_METRIC_TYPE

# Told by its identity: a client that sends the same number has sent another object.
_NO_TIME: Final = -(2**70)
_NO_DIMENSIONS: Final = msgspec.Raw(b"")
# Within these, the body's beginning tells its form.
_HEAD_BYTES: Final = 32
# Longer ones are of no series, but for blanks.
_MOST_BYTES: Final = 8192


class _Metric(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    metric_name: str
    value: float
    metric_type: str = DEFAULT_METRIC_TYPE
    timestamp: int = _NO_TIME
    dimensions: msgspec.Raw = _NO_DIMENSIONS


class _Metrics(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    metrics: list[_Metric]


_one: Final = msgspec.json.Decoder(_Metric).decode
_many: Final = msgspec.json.Decoder(_Metrics).decode


class PlainJson:
    """Reads bodies, and knows the series of those that it has read."""

    def __init__(self, validator: PointValidator) -> None:
        self._validator = validator
        self._known: dict[tuple[str, str, bytes], Series] = {}
        self._retention_ms = validator.retention_ms
        self._future_ms = validator.future_ms

    def read(self, body: bytes, record: StreamRecord, points: list[Point]) -> bool:
        """True with the points of the body added to `points`; False with none of them if it needs a closer look.

        One loop without calls: it is what a point costs. Of a field that is said twice, the first is only skipped, as
        by any decoder; so that of the body as a whole is asked whether it is UTF-8.
        """
        try:
            if body.find(b'"metrics"', 0, _HEAD_BYTES) < 0:
                metrics: Sequence[_Metric] = (_one(body),)
            else:
                metrics = _many(body).metrics
                if not 0 < len(metrics) <= MAX_SAMPLES:
                    return False
            if not body.isascii():
                body.decode()
        except (msgspec.DecodeError, ValueError, RecursionError):
            return False
        known, add, before = self._known.get, points.append, len(points)
        arrival_ms = record.arrival_ms
        least_ms, greatest_ms = arrival_ms - self._retention_ms, arrival_ms + self._future_ms
        if least_ms < 0:
            least_ms = 0
        for index, metric in enumerate(metrics):
            key = metric.metric_name, metric.metric_type, bytes(metric.dimensions)
            series = known(key) or self._learn(*key)
            time_ms = metric.timestamp
            if series is not None and least_ms <= time_ms <= greatest_ms:
                time_ns = time_ms * NS_PER_MS
            elif series is not None and time_ms is _NO_TIME:
                time_ns = self._validator.arrival_ns(index, record)
            else:
                del points[before:]
                return False
            add(new_point((series, time_ns, metric.value, index, record)))
        return True

    def _learn(self, name: str, metric_type: str, dimensions: bytes) -> Series | None:
        """The series, known from now on; None if there is something wrong with it, or if it is too long to keep."""
        if len(dimensions) > _MOST_BYTES:
            return None
        try:
            read = orjson.loads(dimensions) if dimensions else {}
        except orjson.JSONDecodeError:
            return None
        series = self._validator.series(name, metric_type, read)
        if not isinstance(series, Series):
            return None
        key = series.metric_name, series.metric_type, dimensions
        return self._validator.memory.keep(self._known, key, series, len(dimensions))
