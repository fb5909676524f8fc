"""History from the exported hours: Parquet files that the catalog points at, read by DuckDB on this machine."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from handlers.domain.exports.columns import column_name
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.record import State
from handlers.domain.timestamp import NS_PER_S
from handlers.lake import COLUMNS, POINTS
from handlers.vocabulary import FIXED_COLUMNS, LAKE, METRICS
from ops.errors import OperatorError, one_line, refusals
from ops.export_files import Published, published
from ops.export_hours import HourState, states_of
from ops.history.asked import AskedMetric, Readings
from ops.history.hours import Slice
from ops.stack import Target
from ops.store.quoted import quoted_name

_SLICE_POINTS = 2_000_000
_FIXED = ("metric_name", "metric_type", "value")
_REMARKS = {
    State.STALE: "late points came after it was exported",
    State.PARTIAL: "it was exported before it was over",
    State.FAILED: "its last export failed, and the one before is read",
    State.RUNNING: "it is being exported again",
}


class ExportedHistory:
    """The exported hours of a deployment, of which `hours` are wanted."""

    def __init__(self, target: Target, metrics: Sequence[AskedMetric], hours: Sequence[Hour]) -> None:
        self._target, self._metrics, self._hours = target, metrics, hours
        self._database = duckdb.connect()
        self._loaded: tuple[Hour, int] | None = None
        self._columns: Sequence[str] = ()
        self._series = any(metric.whole_series for metric in metrics)

    def slices(self, hour: Hour) -> Sequence[Slice]:
        """The parts of the hour; none if it was exported and is empty."""
        rows = self._load(hour)
        if not rows:
            return []
        minutes = max(1, 60 // -(-rows // _SLICE_POINTS))
        starts = range(hour.start_s, hour.end_s, minutes * 60)
        return [Slice(start_s, min(start_s + minutes * 60, hour.end_s)) for start_s in starts]

    def remark(self, hour: Hour) -> str:
        """Why the export may lack points."""
        return _REMARKS.get(self._states[hour].state, "")

    def read(self, metric: AskedMetric, part: Slice) -> Iterator[Readings]:
        """The points of a metric."""
        self._load(Hour.containing(part.start_s))
        names = self._names(metric)
        keys = ", ".join(["metric_type", *(quoted_name(column) for _, column in names)])
        begin_ns, end_ns = part.start_s * NS_PER_S, part.end_s * NS_PER_S
        sql = (
            f"SELECT {keys}, list(export_time_ns // {metric.unit_ns}), list(value) FROM hour "  # noqa: S608 -- names are quoted
            f"WHERE metric_name = ? AND export_time_ns >= {begin_ns} AND export_time_ns < {end_ns} GROUP BY {keys}"
        )
        rows = self._database.execute(sql, [metric.metric_name])
        while found := rows.fetchmany(100):
            for metric_type, *values, times, numbers in found:
                pairs = zip((name for name, _ in names), values, strict=True)
                yield Readings(
                    metric,
                    metric_type,
                    tuple(sorted((name, value) for name, value in pairs if value is not None)),
                    times,
                    numbers,
                )

    def close(self) -> None:
        """Let the hour go."""
        self._database.close()

    def _names(self, metric: AskedMetric) -> list[tuple[str, str]]:
        """The dimensions by which points are told apart, with their columns; those of no point are left out."""
        named = {self._column(name): name for name in metric.dimensions}
        columns = self._columns if metric.whole_series else [one for one in named if one in self._columns]
        return [(named.get(column, column), column) for column in columns]

    def _column(self, dimension: str) -> str:
        return column_name(POINTS if self._target.config.store.kind == LAKE else METRICS, dimension)

    def _load(self, hour: Hour) -> int:
        """Make the table `hour` of an hour's points; how many there are."""
        if self._loaded and self._loaded[0] == hour:
            return self._loaded[1]
        self._loaded = None
        partition, state = self._published.get(hour), self._states[hour]
        if partition is None:
            if state.state is State.EMPTY:
                self._loaded = hour, 0
                return 0
            raise OperatorError(_why_not(state))
        with tempfile.TemporaryDirectory(prefix="tidegauge-") as folder:
            with refusals("cannot read the exports"):
                files = self._download(partition, Path(folder))
            try:
                tables = [self._table(file) for file in files]
                points = pa.concat_tables(tables, promote_options="default") if tables else None
            except (OSError, pa.ArrowException) as error:
                raise OperatorError(f"its files cannot be read: {one_line(str(error))}") from error
        if points is None or not points.num_rows:
            self._loaded = hour, 0
            return 0
        self._columns = [name for name in points.column_names if name not in (*_FIXED, "export_time_ns")]
        self._database.register("hour", points)
        self._loaded = hour, points.num_rows
        return points.num_rows

    def _table(self, file: Path) -> pa.Table:
        """The points of a file that are asked for, with what tells them apart."""
        schema = pq.read_schema(file)
        has_ns = "time_ns" in schema.names
        wanted = {self._column(name) for metric in self._metrics for name in metric.dimensions}
        if self._series:
            wanted |= set(self._catalogued)
        columns = [
            *_FIXED,
            "time_ns" if has_ns else "time",
            *(name for name in schema.names if name in wanted),
        ]
        names = [metric.metric_name for metric in self._metrics]
        table = pq.read_table(file, columns=columns, filters=[("metric_name", "in", names)])
        if has_ns:
            return table.rename_columns({"time_ns": "export_time_ns"})
        # Timestream's files have times of nanoseconds, as INT96.
        place = table.column_names.index("time")
        nanoseconds = table.column(place).cast(pa.timestamp("ns")).cast(pa.int64())
        return table.set_column(place, "export_time_ns", nanoseconds)

    def _download(self, partition: Published, folder: Path) -> list[Path]:
        s3 = self._target.client("s3")
        found = []
        for file in partition.files(s3):
            path = folder / file.key.replace("/", "_")
            s3.download_file(file.bucket, file.key, str(path))
            found.append(path)
        return found

    @cached_property
    def _catalog(self) -> tuple[Sequence[tuple[str, str]], Sequence[Published]]:
        with refusals("cannot read the exports"):
            return published(self._target, METRICS)

    @cached_property
    def _published(self) -> Mapping[Hour, Published]:
        return {Hour.parse(f"{one.date}T{one.hour}"): one for one in self._catalog[1]}

    @cached_property
    def _catalogued(self) -> Sequence[str]:
        """The columns of all dimensions."""
        fixed = {name for name, _ in (*COLUMNS[METRICS], *FIXED_COLUMNS[METRICS])}
        return [name for name, _ in self._catalog[0] if name not in fixed]

    @cached_property
    def _states(self) -> Mapping[Hour, HourState]:
        return {one.hour: one for one in states_of(self._target, self._hours)}


def _why_not(state: HourState) -> str:
    """Why an hour has no export."""
    if state.state in {State.FAILED, State.EXPIRED} and state.record is not None:
        return f"never exported: {state.record.error or state.state}"
    if state.state is State.STALE:
        return "exported empty, and points came after that"
    if state.state is State.WAITING:
        return "not exported yet"
    return "never exported"
