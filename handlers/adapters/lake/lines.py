"""Points as objects of JSON lines, a line for each version of a point; the same points give the same keys and lines.

A request may hold a point of every hour that there is. So that a batch makes a bounded number of objects, those of its
newest hours have one each, and all older ones share one, whose lines say their hours.
"""

import hashlib
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import orjson

from handlers import lake
from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.point import Point, Series

HOT_HOURS = 6
_HOUR_NS = 3_600_000_000_000
_SEPARATOR = "\x1f"  # no name, type or value of a point has control characters
# Of what the highest level saves over the lowest, nine tenths for half of its time.
_LEVEL = 4
# Series come again with each batch; so many take some 20 MB.
_SERIES_REMEMBERED = 20_000
_GZIP = 31  # zlib's word for a gzip header, whose time it leaves at 0


@dataclass(frozen=True)
class Lines:
    """One object before it is compressed: its key, its content, and which of the points are in it."""

    key: str
    content: bytes
    positions: Sequence[int]

    def body(self) -> bytes:
        """The content as gzip."""
        return zlib.compress(self.content, _LEVEL, _GZIP)


def event_hour(hour: int) -> str:
    """The text of an hour, counted from 1970 in UTC, such as 2026-11-25-20."""
    return datetime.fromtimestamp(hour * 3600, UTC).strftime(lake.EVENT_HOUR_FORMAT)


def objects_of(points: Sequence[Point]) -> list[Lines]:
    """The objects that the points make, each of them in one."""
    by_hour: dict[int, list[int]] = defaultdict(list)
    for position, point in enumerate(points):
        by_hour[point.time_ns // _HOUR_NS].append(position)
    newest_last = sorted(by_hour)
    source = _source(point.record for point in points)
    writer = _LineWriter(points)
    made = [
        _lines(
            f"{lake.HOT}/{lake.EVENT_HOUR}={event_hour(hour)}/{source}",
            writer.lines(by_hour[hour]),
            by_hour[hour],
        )
        for hour in newest_last[-HOT_HOURS:]
    ]
    older = newest_last[:-HOT_HOURS]
    if older:
        lines = [line for hour in older for line in writer.lines(by_hour[hour], event_hour(hour))]
        positions = [position for hour in older for position in by_hour[hour]]
        made.append(_lines(f"{lake.LATE}/{source}", lines, positions))
    return made


def series_id(series: Series) -> str:
    """32 hexadecimal digits that tell a series from all others; SQL can make them of the columns as well."""
    parts = [series.metric_type, series.metric_name]
    for pair in series.dimensions:
        parts += pair
    return hashlib.sha256(_SEPARATOR.join(parts).encode()).hexdigest()[:32]


def _source(records: Iterable[StreamRecord]) -> str:
    """The place of the points in the stream: a batch that is read again has the same."""
    sequences = {record.sequence: record.shard for record in records}
    first, last = min(sequences), max(sequences)
    return f"{sequences[first]}-{first}-{last}"


def _lines(start: str, lines: Sequence[str], positions: Sequence[int]) -> Lines:
    """An object whose key tells its content, so that no other content ever takes the place of what was written."""
    content = "".join(lines).encode()
    digest = hashlib.blake2b(content, digest_size=6).hexdigest()
    return Lines(f"{start}-{digest}.jsonl.gz", content, positions)


class _LineWriter:
    """Writes the lines of points. What the points of a series, or of a request, share is made once."""

    def __init__(self, points: Sequence[Point]) -> None:
        self._points = points
        # By identity: the points hold them, and a hash of all their texts would take longer than the line.
        self._series: dict[int, tuple[str, str]] = {}
        self._records: dict[int, str] = {}

    def lines(self, positions: Iterable[int], hour: str = "") -> list[str]:
        """The lines of the points at these positions, with their hour if it is given."""
        known_series, known_records = self._series, self._records
        points, written = self._points, []
        said = f',"{lake.EVENT_HOUR}":"{hour}"' if hour else ""
        for position in positions:
            series, time_ns, value, index, record = points[position]
            ends = known_series.get(id(series))
            if ends is None:
                ends = known_series[id(series)] = _ends(series)
            version = known_records.get(id(record))
            if version is None:
                version = known_records[id(record)] = _version(record)
            written.append(f'{ends[0]}{time_ns},"value":{value!r}{version}{index}{said}{ends[1]}')
        return written


@lru_cache(_SERIES_REMEMBERED)
def _ends(series: Series) -> tuple[str, str]:
    """The beginning and the end of each line of a series."""
    name, kind = orjson.dumps(series.metric_name).decode(), orjson.dumps(series.metric_type).decode()
    dims = orjson.dumps(dict(series.dimensions)).decode()
    start = f'{{"series":"{series_id(series)}","metric_name":{name},"metric_type":{kind},"time_ns":'
    return start, f',"dims":{dims}}}\n'


def _version(record: StreamRecord) -> str:
    return f',"version":{record.version},"request":{orjson.dumps(record.request_id).decode()},"index":'
