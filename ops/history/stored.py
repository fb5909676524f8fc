"""History from the store, asked in SQL.

The points of a group come as one text, as a row for each takes a hundred times as long to carry. Names and texts come
from clients and rule files, so each is quoted.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import orjson

from handlers.domain.exports.hour import Hour, hours_between
from handlers.domain.timestamp import NS_PER_S
from handlers.vocabulary import ANY_METRIC_TYPE
from ops.history.asked import AskedMetric, Readings
from ops.history.hours import Slice
from ops.store.port import Store
from ops.store.quoted import quoted_name, quoted_text

# A row of an answer is at most 1 MB, some ten times as much as so many points usually take:
# https://docs.aws.amazon.com/timestream/latest/developerguide/ts-limits.html
_ROW_POINTS = 4_000
# So many points of all metrics are read at once, some 100 MB.
_SLICE_POINTS = 1_000_000
# The points of so many hours are counted by one question, which Timestream ends after a minute.
_COUNTED_HOURS = 24
_HOUR_S = 3600


class _Column(NamedTuple):
    """A dimension, with the column of its values."""

    dimension: str
    column: str


class _Size(NamedTuple):
    """The points of a metric in an hour, and those of its largest group."""

    points: int
    largest: int


@dataclass(frozen=True, slots=True)
class _Block:
    """Some hours that were looked at together: the sizes of metrics by hour, and the columns that tell points apart."""

    sizes: Mapping[tuple[str, Hour], _Size]
    columns: Mapping[str, Sequence[_Column]]


@dataclass
class StoredHistory:
    """The points of a store that some metrics ask for, up to the end of the `last` hour."""

    store: Store
    metrics: Sequence[AskedMetric]
    last: Hour
    _blocks: dict[Hour, _Block] = field(default_factory=dict)

    def slices(self, hour: Hour) -> Sequence[Slice]:
        """The parts of the hour, by how many points it has."""
        block = self._block(hour)
        points = sum(block.sizes[metric.metric_name, hour].points for metric in self.metrics)
        length_s = max(1, 60 // max(1, math.ceil(points / _SLICE_POINTS))) * 60
        starts = range(hour.start_s, hour.end_s, length_s)
        return [Slice(start_s, min(start_s + length_s, hour.end_s)) for start_s in starts]

    def remark(self, _: Hour) -> str:
        """Nothing: there is no more of an hour than the store has."""
        return ""

    def read(self, metric: AskedMetric, part: Slice) -> Iterator[Readings]:
        """The points of a metric."""
        hour = Hour.containing(part.start_s)
        block = self._block(hour)
        size, columns = block.sizes[metric.metric_name, hour], block.columns[metric.metric_name]
        if not size.points:
            return
        pieces = math.ceil(size.largest / _ROW_POINTS)
        seconds = f"{self.store.time_ns} / {max(1, _HOUR_S // pieces) * NS_PER_S}"
        time = self.store.time_ns if metric.unit_ns == 1 else f"{self.store.time_ns} / {metric.unit_ns}"
        base = part.start_s * NS_PER_S // metric.unit_ns
        packed = f"concat(CAST({time} - {base} AS varchar), ',', CAST(value AS varchar))"
        keys = ", ".join(["metric_type", *(quoted_name(one.column) for one in columns)])
        sql = (
            f"SELECT {keys}, array_join(array_agg({packed}), ',') AS packed_points FROM {self.store.points} "  # noqa: S608 -- names and texts are quoted
            f"WHERE {self._where(metric, part)} GROUP BY {keys}, {seconds}"
        )
        for metric_type, *values, text in self.store.select(sql)[1]:
            numbers = orjson.loads(f"[{text}]")
            pairs = zip((one.dimension for one in columns), values, strict=True)
            yield Readings(
                metric,
                metric_type,
                tuple(sorted((name, value) for name, value in pairs if value is not None)),
                [base + number for number in numbers[::2]],
                list(map(float, numbers[1::2])),
            )

    def _block(self, hour: Hour) -> _Block:
        if hour not in self._blocks:
            hours = list(hours_between(hour, min(hour.plus(_COUNTED_HOURS - 1), self.last)))
            part = Slice(hours[0].start_s, hours[-1].end_s)
            sizes, columns = dict[tuple[str, Hour], _Size](), dict[str, Sequence[_Column]]()
            for metric in self.metrics:
                found = self._sizes(metric, part)
                sizes |= {(metric.metric_name, one): found.get(one, _Size(0, 0)) for one in hours}
                columns[metric.metric_name] = self._columns(metric, part) if found else ()
            self._blocks |= dict.fromkeys(hours, _Block(sizes, columns))
        return self._blocks[hour]

    def _sizes(self, metric: AskedMetric, part: Slice) -> Mapping[Hour, _Size]:
        """The sizes of the hours that have points which can match."""
        if not any(self._can_match(match) for _, match in _matches(metric)):
            return {}
        hour = f"{self.store.time_ns} / {_HOUR_S * NS_PER_S}"
        # The groups of counters are their series, which are smaller.
        keys = ", ".join(["metric_type", *(quoted_name(one.column) for one in self._asked(metric)), hour])
        groups = (
            f"SELECT {hour} AS packed_hour, count(*) AS packed_count FROM {self.store.points} "  # noqa: S608 -- names and texts are quoted
            f"WHERE {self._where(metric, part)} GROUP BY {keys}"
        )
        sql = f"SELECT packed_hour, sum(packed_count), max(packed_count) FROM ({groups}) GROUP BY packed_hour"  # noqa: S608 -- likewise
        return {
            Hour(int(index)): _Size(int(points), int(largest))
            for index, points, largest in self.store.select(sql)[1]
        }

    def _columns(self, metric: AskedMetric, part: Slice) -> Sequence[_Column]:
        """The columns by which the points are told apart: for whole series, all that any of them has a value in."""
        asked = self._asked(metric)
        others = sorted(set(self._known.values()) - {one.column for one in asked})
        if not metric.whole_series or not others:
            return asked
        counts = ", ".join(f"count({quoted_name(column)})" for column in others)
        sql = f"SELECT {counts} FROM {self.store.points} WHERE {self._where(metric, part)}"  # noqa: S608 -- names and texts are quoted
        [counted] = self.store.select(sql)[1]
        present = (column for column, count in zip(others, counted, strict=True) if count)
        return [*asked, *(_Column(column, column) for column in present)]

    def _asked(self, metric: AskedMetric) -> Sequence[_Column]:
        columns = (_Column(name, self._column(name)) for name in metric.dimensions)
        return [one for one in columns if one.column]

    def _where(self, metric: AskedMetric, part: Slice) -> str:
        """The condition on the points of a metric that some selection can match."""
        where = f"metric_name = {quoted_text(metric.metric_name)} AND {self.store.within(part.start_s, part.end_s)}"
        some = [
            self._condition(metric_type, match)
            for metric_type, match in _matches(metric)
            if self._can_match(match)
        ]
        return where if "" in some else f"{where} AND ({' OR '.join(some)})"

    def _condition(self, metric_type: str, match: Mapping[str, Sequence[str]]) -> str:
        """The condition on a selection's points; empty if it takes all of its metric."""
        parts = [] if metric_type == ANY_METRIC_TYPE else [f"metric_type = {quoted_text(metric_type)}"]
        for name, values in match.items():
            parts.append(f"{quoted_name(self._column(name))} IN ({', '.join(map(quoted_text, values))})")
        return f"({' AND '.join(parts)})" if parts else ""

    def _can_match(self, match: Mapping[str, Sequence[str]]) -> bool:
        """False if no point ever had one of the dimensions."""
        return all(map(self._column, match))

    def _column(self, dimension: str) -> str:
        """The column of a dimension as the store spells it; empty if no point ever had it."""
        return self._known.get(self.store.column(dimension).lower(), "")

    @cached_property
    def _known(self) -> Mapping[str, str]:
        return {name.lower(): name for name in self.store.dimensions() or ()}


def _matches(metric: AskedMetric) -> list[tuple[str, Mapping[str, Sequence[str]]]]:
    """The type and the dimensions that each selection asks for."""
    return [(one.metric_type, dict(one.match)) for one in metric.selections]
