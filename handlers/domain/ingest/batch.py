"""A batch of requests becomes points in the store, lines in the quarantine, or records to be sent again."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from handlers.domain.collection import paused_collection
from handlers.domain.deadline import Deadline
from handlers.domain.errors import TransientError
from handlers.domain.ingest.attempts import Attempts, NoAttempts
from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats.foreign import DEFAULT_OTLP_ATTRIBUTES
from handlers.domain.ingest.quarantine import (
    Quarantine,
    QuarantinedPoint,
    json_lines,
    object_key,
    quarantined_record,
)
from handlers.domain.ingest.registry import AdmittedSeries, DimensionRegistry, admit_points
from handlers.domain.ingest.request_reader import RequestReader
from handlers.domain.ingest.store import MetricStore, Outcome, StoreLimits, Written
from handlers.domain.point import Point, are_distinct, is_again, time_of, versions_of
from handlers.domain.violation import Violation


class RequestAccount(msgspec.Struct):
    """The account of one record: received = stored + superseded + quarantined, unless it must be retried."""

    record: StreamRecord
    received: int = 0
    stored: int = 0
    superseded: int = 0
    quarantined: list[QuarantinedPoint] = []
    unreadable: bool = False
    retry: bool = False
    dropped: Mapping[str, int] = {}
    ignored: Mapping[str, int] = {}


@dataclass(frozen=True)
class Report:
    """The requests that were settled for good, and the sequence number from which the stream must send again.

    `retry_request` is the id of the request there.
    """

    settled: list[RequestAccount]
    retry_from: int | None
    calls: int
    throttles: int
    causes: list[str]
    retry_request: str = ""


def ignore(times_ns: Sequence[int], deadline: Deadline) -> None:
    """Hears of points, and does nothing."""


@dataclass(frozen=True)
class Ports:
    """The places that a process writes its batches to, and what it remembers from one to the next.

    `on_admitted` hears the times (ns) of points before they are stored, `on_stored` once they are.
    """

    registry: DimensionRegistry
    store: MetricStore
    limits: StoreLimits
    quarantine: Quarantine
    on_stored: Callable[[Sequence[int], Deadline], object]
    on_admitted: Callable[[Sequence[int], Deadline], object] = ignore
    otlp_attributes: frozenset[str] = DEFAULT_OTLP_ATTRIBUTES
    admitted: AdmittedSeries = field(default_factory=AdmittedSeries)
    attempts: Attempts = field(default_factory=NoAttempts)

    @cached_property
    def reader(self) -> RequestReader:
        """The reader of requests, by the limits of the store."""
        return RequestReader(self.limits, self.otlp_attributes)


@paused_collection()
def write_batch(records: Sequence[StreamRecord], ports: Ports, deadline: Deadline) -> Report:
    """Accounts for every point before the first record that met a transient failure; the rest is for the retry.

    Nothing from that record on is counted or quarantined, although some of it may be stored: its turn comes again,
    and writing a point again with its own version changes nothing. Only `ConfigurationError` is raised.
    """
    batch = _BatchWriter(ports, deadline)
    points = batch.read(records)
    admitted = batch.admit(points)
    stored = batch.store(batch.announce(admitted))
    batch.report_stored(stored)
    return batch.settle()


class _BatchWriter:
    """Takes a batch through its steps, and keeps the account of each of its requests.

    Nearly always nothing is said of single points, and each step asks for that once, for all of them.
    """

    def __init__(self, ports: Ports, deadline: Deadline) -> None:
        self._ports = ports
        self._deadline = deadline
        self._accounts: list[RequestAccount] = []
        # The number of points that were read of each record.
        self._counts: list[int] = []
        self._payloads: dict[int, Callable[[int], object]] = {}
        self._calls = 0
        self._throttles = 0
        self._causes: list[str] = []

    def read(self, records: Sequence[StreamRecord]) -> list[Point]:
        """The points of all requests; whatever is not one is quarantined."""
        reading = self._ports.reader.read(records)
        self._counts = reading.counts
        self._accounts = list(map(RequestAccount, records, reading.counts))
        for position, violation in reading.invalid.items():
            account = self._accounts[position]
            account.received = 1
            account.unreadable = True
            account.quarantined.append(quarantined_record(account.record, violation))
        for position, other in reading.others.items():
            account = self._accounts[position]
            account.received = other.received
            account.dropped = other.dropped
            account.ignored = other.ignored
            self._payloads[account.record.sequence] = other.payload
            for index, violation in other.refusals:
                self._quarantine(account.record, index, violation)
        return reading.points

    def admit(self, points: list[Point]) -> list[Point]:
        """The points whose dimension names the store may take."""
        known = self._ports.registry.known()
        if self._ports.admitted.has_all(points):
            return points
        admission = admit_points(points, self._ports.registry, self._ports.limits.dimension_names, known)
        if admission.cause:
            self._causes.append(admission.cause)
        admitted = []
        for point, verdict in zip(points, admission.verdicts, strict=True):
            if verdict is None:
                admitted.append(point)
            elif isinstance(verdict, Violation):
                self._quarantine(point.record, point.request_index, verdict)
            else:
                self._account(point).retry = True
        self._ports.admitted.add(admitted)
        return admitted

    def announce(self, points: list[Point]) -> list[Point]:
        """Calls `on_admitted` with the times of the points; if that fails, none is stored yet, and all come again."""
        try:
            self._ports.on_admitted(list(map(time_of, points)), self._deadline)
        except TransientError as error:
            self._causes.append(str(error))
            for point in points:
                self._account(point).retry = True
            return []
        return points

    def store(self, points: list[Point]) -> list[Point]:
        """Writes the last version of each point, and gives those that are stored.

        The versions before it are superseded by it, wait with it for the retry, or take its place if it is refused.
        A store that keeps every version is given them all.
        """
        if not points:
            return points
        if are_distinct(points):
            written = self._write(points)
            if written.outcomes.count(Outcome.STORED) == len(points):
                self._count_stored(points)
                return points
            pending = [[point] for point in points]
        elif self._ports.store.keeps_every_version:
            return self._append(points)
        else:
            pending = versions_of(points)
            written = self._write([versions[-1] for versions in pending])
        stored: list[Point] = []
        while True:
            pending = self._settle_versions(pending, written, stored)
            if not pending:
                return stored
            written = self._write([versions[-1] for versions in pending])

    def _settle_versions(
        self, pending: Sequence[list[Point]], written: Written, stored: list[Point]
    ) -> list[list[Point]]:
        """Accounts for the versions by what became of the last one of each, which is added to `stored` if it is there.

        Gives the versions that take the place of what was refused.
        """
        refused = []
        for versions, outcome in zip(pending, written.outcomes, strict=True):
            latest = versions[-1]
            if isinstance(outcome, Violation):
                self._quarantine(latest.record, latest.request_index, outcome)
                refused.append(versions[:-1])
            elif outcome is Outcome.RETRY:
                for point in versions:
                    self._account(point).retry = True
            else:
                if outcome is Outcome.STORED:
                    self._count_versions(versions)
                    stored.append(latest)
                else:
                    for point in versions:
                        self._account(point).superseded += 1
        return [versions for versions in refused if versions]

    def _append(self, points: Sequence[Point]) -> list[Point]:
        """Writes every version of each point; of those that are written, the last one of each counts as stored."""
        written = self._write(points)
        there = []
        for point, outcome in zip(points, written.outcomes, strict=True):
            if isinstance(outcome, Violation):
                self._quarantine(point.record, point.request_index, outcome)
            elif outcome is Outcome.RETRY:
                self._account(point).retry = True
            else:
                there.append(point)
        for versions in versions_of(there):
            self._count_versions(versions)
        return there

    def _count_versions(self, versions: Sequence[Point]) -> None:
        """Counts the last version as stored, as often as it is there, and those before it as superseded."""
        for point in versions:
            if is_again(point, versions[-1]):
                self._account(point).stored += 1
            else:
                self._account(point).superseded += 1

    def _write(self, points: Sequence[Point]) -> Written:
        written = self._ports.store.write(points, self._deadline)
        self._calls += written.calls
        self._throttles += written.throttles
        self._causes += written.causes
        return written

    def _count_stored(self, points: Sequence[Point]) -> None:
        """Accounts for points that are all stored, and are all of the batch or all that was left of it."""
        if len(points) == sum(self._counts):
            for account, count in zip(self._accounts, self._counts, strict=True):
                account.stored = count
        else:
            for point in points:
                self._account(point).stored += 1

    def report_stored(self, stored: Sequence[Point]) -> None:
        """Calls `on_stored` with the times of what is stored; if that fails, those points come again."""
        try:
            self._ports.on_stored(list(map(time_of, stored)), self._deadline)
        except TransientError as error:
            self._causes.append(str(error))
            for point in stored:
                self._account(point).retry = True

    def settle(self) -> Report:
        """Quarantines what was refused before the first retry; if that fails, the retry starts at the first refusal."""
        retry_from = _first([account for account in self._accounts if account.retry])
        settled = self._before(retry_from)
        refusing = [account for account in settled if account.quarantined]
        if refusing:
            lines = (
                point
                for account in refusing
                for point in sorted(account.quarantined, key=lambda point: point.index)
            )
            try:
                self._ports.quarantine.put(
                    object_key(account.record for account in settled), json_lines(lines)
                )
            except TransientError as error:
                self._causes.append(str(error))
                retry_from = _first(refusing)
                settled = self._before(retry_from)
        retried = "" if retry_from is None else self._by_sequence[retry_from].record.accounted_as
        return Report(settled, retry_from, self._calls, self._throttles, self._causes, retried)

    def _account(self, point: Point) -> RequestAccount:
        return self._by_sequence[point.record.sequence]

    @cached_property
    def _by_sequence(self) -> dict[int, RequestAccount]:
        return {account.record.sequence: account for account in self._accounts}

    def _quarantine(self, record: StreamRecord, index: int, violation: Violation) -> None:
        payload = self._payloads.get(record.sequence)
        if payload is None:
            payload = self._payloads[record.sequence] = self._ports.reader.payload(record)
        quarantined = QuarantinedPoint(record, index, violation, payload(index))
        self._by_sequence[record.sequence].quarantined.append(quarantined)

    def _before(self, sequence: int | None) -> list[RequestAccount]:
        if sequence is None:
            return self._accounts
        return [account for account in self._accounts if account.record.sequence < sequence]


def _first(accounts: Iterable[RequestAccount]) -> int | None:
    return min((account.record.sequence for account in accounts), default=None)
