"""One table's rules for new records, and the accepted ones that the database does not have yet."""

from array import array
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from emulator.sql import TableInfo
from emulator.timestream.errors import RejectedRecord
from emulator.timestream.records import Decoder, Identity, Layout, Point
from emulator.timestream.resources import TableDescription
from emulator.timestream.retention import Window
from emulator.timestream.schema import LimitError, Schema
from emulator.timestream.values import Value

# For the dimensions of a series, the values of a record, and the record.
MAX_BYTES = 2_048
# So many rows of the last flushes at least, and about twice as many at most, are kept in memory, too; and the keys of
# so many times this before them: batches of several shards reach a series out of order by as much, after a backlog.
RECENT_ROWS = 50_000
_KEY_GENERATIONS = 6

Key = tuple[int, int]  # series, time
Row = tuple[Identity, int, Layout, tuple[Value, ...]]  # version in second place
Stored = tuple[int, Mapping[str, Value]]  # version, values by stored column
Lookup = Callable[["Table", Sequence[Key]], Mapping[Key, Stored]]


@dataclass
class Outcome:
    """The outcome of one call: its records by where they went."""

    memory: int = 0
    magnetic: int = 0
    replaced: int = 0
    repeated: int = 0
    rejected: list[RejectedRecord] = field(default_factory=list)


class Table:
    """Decides about records by the series' latest times, the rows of late and, for old ones only, the database.

    `buffer` has the newest accepted row of each point not yet in the database; `superseded` are those of its keys
    whose older row is there. `recent` and `older` are the rows of the last flushes, `known` the keys of those before
    them. `last` has each series' latest time: what is later is new for sure. `settled` has the latest time of each
    series' rows that are in none of these: what is later than that, and in none of them, is new as well. So records
    that come out of order by seconds need not be looked up.
    """

    def __init__(self, number: int, description: TableDescription) -> None:
        self.number = number
        self.key = description.database, description.name
        self.description = description
        self.schema = Schema()
        self.decoder = Decoder()
        self.series: dict[bytes, int] = {}
        self.last = array("q")
        self.new_series: list[tuple[int, bytes]] = []
        self.buffer: dict[Key, Row] = {}
        self.superseded: set[Key] = set()
        self.recent: dict[Key, Row] = {}
        self.older: dict[Key, Row] = {}
        self.known: deque[set[Key]] = deque()
        self.settled = array("q")

    def restore_series(self, number: int, digest: bytes, last: int) -> None:
        """Take over a series that the database has; numbers come in order, without gaps."""
        if number != len(self.last):
            raise ValueError(f"series {number} of table {self.number} is out of order")
        self.series[digest] = number
        self.last.append(last)
        self.settled.append(last)

    def flushed(self) -> None:
        """Take note that the database has everything."""
        self.recent.update(self.buffer)
        self.buffer = {}
        if len(self.recent) >= RECENT_ROWS:
            self._settle()
        self.superseded.clear()
        self.new_series.clear()
        self.schema.touched.clear()
        if self.schema.added:
            self.schema.added.clear()
            self.publish()

    def _settle(self) -> None:
        """Leave the rows of longer ago to the database, and at last their keys."""
        if len(self.known) == _KEY_GENERATIONS:
            settled = self.settled
            for series, time in self.known.popleft():
                if time > settled[series]:
                    settled[series] = time
        self.known.append(set(self.older))
        self.older, self.recent = self.recent, {}

    def publish(self) -> None:
        """Show the columns, which are in the database now, to queries."""
        self.published = TableInfo(*self.key, self.schema.visible(), f"v{self.number}")

    def apply(
        self, points: Sequence[Point], now_ns: int, refused: Mapping[int, str], lookup: Lookup
    ) -> Outcome:
        """Take each point or reject it by itself; `refused` are rejections decided elsewhere."""
        outcome = Outcome()
        window = self.description.retention.window(now_ns)
        oldest, memory, ceiling = window.oldest, window.memory, window.ceiling
        buffer, last = self.buffer, self.last
        late: list[tuple[int, Point]] = []
        for index, point in enumerate(points):
            identity, layout, measured, time, version = point
            if (
                identity.series < 0
                or not layout.columns
                or layout.texts
                or not oldest <= time < ceiling
                or refused
            ):
                reason = refused.get(index) or self._refusal(point, window)
                if reason is not None:
                    outcome.rejected.append(RejectedRecord(index, reason))
                    continue
            series = identity.series
            if time > last[series]:
                last[series] = time
                buffer[series, time] = (identity, version, layout, measured)
                if time >= memory:
                    outcome.memory += 1
                else:
                    outcome.magnetic += 1
            else:
                late.append((index, point))
        if late:
            self._apply_late(late, outcome, memory, lookup)
        return outcome

    def _apply_late(
        self, late: Sequence[tuple[int, Point]], outcome: Outcome, memory: int, lookup: Lookup
    ) -> None:
        keys = {(identity.series, time) for _, (identity, _, _, time, _) in late}
        old = [key for key in keys if self._kept(key) is None and self._may_be_stored(key)]
        stored = lookup(self, old) if old else {}
        for index, (identity, layout, measured, time, version) in late:
            key = (identity.series, time)
            existing = self._existing(key, stored)
            if existing is None:
                self.buffer[key] = (identity, version, layout, measured)
            elif version > existing[0]:
                if key not in self.buffer:
                    self.superseded.add(key)
                self.buffer[key] = (identity, version, layout, measured)
                outcome.replaced += 1
            elif existing[1] == dict(zip(layout.columns, measured, strict=True)):
                outcome.repeated += 1
            else:
                outcome.rejected.append(RejectedRecord(index, _conflict(version, existing[0]), existing[0]))
                continue
            if time >= memory:
                outcome.memory += 1
            else:
                outcome.magnetic += 1

    def _existing(self, key: Key, stored: Mapping[Key, Stored]) -> Stored | None:
        row = self._kept(key)
        if row is None:
            return stored.get(key)
        _, version, layout, measured = row
        return version, dict(zip(layout.columns, measured, strict=True))

    def _may_be_stored(self, key: Key) -> bool:
        """True for a point of which the database may have a row, if it is not one of late."""
        return key[1] <= self.settled[key[0]] or any(key in keys for keys in self.known)

    def _kept(self, key: Key) -> Row | None:
        """The row of a point, if it is one of late."""
        return self.buffer.get(key) or self.recent.get(key) or self.older.get(key)

    def _refusal(self, point: Point, window: Window) -> str | None:
        identity, layout, measured, time, _ = point
        if not window.oldest <= time < window.ceiling:
            return window.refusal()
        reason = _too_long(identity, layout, measured)
        if reason is not None:
            return reason
        if identity.series < 0 or not layout.columns:
            return self._admit(identity, layout)
        return None

    def _admit(self, identity: Identity, layout: Layout) -> str | None:
        missing = self.description.missing_partition_key(identity.dimensions)
        if missing is not None:
            return f"The record lacks the dimension '{missing}', which the table's partition key requires."
        try:
            self.schema.admit(identity, layout)
        except LimitError as error:
            return str(error)
        stored = self.schema.stored
        layout.columns = tuple(stored[name] for name, _ in layout.measures)
        if identity.series < 0:
            identity.columns = tuple(stored[name] for name, _ in identity.dimensions)
            digest = identity.digest()
            series = self.series.get(digest)
            if series is None:
                series = self.series[digest] = len(self.last)
                self.last.append(-1)
                self.settled.append(-1)
                self.new_series.append((series, digest))
            identity.series = series
        return None


def _too_long(identity: Identity, layout: Layout, measured: Sequence[Value]) -> str | None:
    texts = layout.text_bytes(measured)
    # Numbers cannot count as part of the record: 256 DOUBLEs are allowed, and are MAX_BYTES by themselves.
    sizes = {
        "dimensions": identity.size,
        "measure values": layout.size + texts,
        "record": identity.size + texts,
    }
    for what, size in sizes.items():
        if size > MAX_BYTES:
            return f"The size of the {what} is {size} bytes, over the limit of {MAX_BYTES} bytes."
    return None


def _conflict(version: int, existing: int) -> str:
    if version == existing:
        return (
            "A record already exists with the same time, dimensions, measure name, and record version. "
            "A higher record version must be specified in order to update the measure value."
        )
    return (
        f"The record version {version} is lower than the existing version {existing}. "
        "A higher version is required to update the measure value."
    )
