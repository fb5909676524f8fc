"""A batch of requests becomes points in the store, lines in the quarantine, or records to be sent again."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from handlers.domain.deadline import Deadline
from handlers.domain.errors import TransientError
from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats import read_request
from handlers.domain.ingest.formats.foreign import DEFAULT_OTLP_ATTRIBUTES, DimensionMapping
from handlers.domain.ingest.quarantine import (
    Quarantine,
    QuarantinedPoint,
    json_lines,
    object_key,
    quarantined_record,
)
from handlers.domain.ingest.reading import InvalidBody
from handlers.domain.ingest.registry import DimensionRegistry, admit_points
from handlers.domain.ingest.store import MetricStore, Outcome, StoreLimits
from handlers.domain.ingest.validator import PointValidator
from handlers.domain.point import Point, versions_of
from handlers.domain.violation import Violation


@dataclass
class RequestAccount:
    """The account of one record: received = stored + superseded + quarantined, unless it must be retried."""

    record: StreamRecord
    received: int = 0
    stored: int = 0
    superseded: int = 0
    quarantined: list[QuarantinedPoint] = field(default_factory=list)
    unreadable: bool = False
    retry: bool = False
    dropped: Mapping[str, int] = field(default_factory=dict)
    ignored: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """The requests that were settled for good, and the sequence number from which the stream must send again."""

    settled: list[RequestAccount]
    retry_from: int | None
    calls: int
    throttles: int
    causes: list[str]


def ignore(times_ns: Sequence[int], deadline: Deadline) -> None:
    """Hears of points, and does nothing."""


@dataclass(frozen=True)
class Ports:
    """The places that a batch is written to.

    `on_admitted` hears the times (ns) of points before they are stored, `on_stored` once they are.
    """

    registry: DimensionRegistry
    store: MetricStore
    limits: StoreLimits
    quarantine: Quarantine
    on_stored: Callable[[Sequence[int], Deadline], object]
    on_admitted: Callable[[Sequence[int], Deadline], object] = ignore
    otlp_attributes: frozenset[str] = DEFAULT_OTLP_ATTRIBUTES


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
    """Takes a batch through its steps, and keeps the account of each of its requests."""

    def __init__(self, ports: Ports, deadline: Deadline) -> None:
        self._ports = ports
        self._deadline = deadline
        self._accounts: dict[int, RequestAccount] = {}
        self._payloads: dict[int, Callable[[int], object]] = {}
        self._calls = 0
        self._throttles = 0
        self._causes: list[str] = []

    def read(self, records: Iterable[StreamRecord]) -> list[Point]:
        """The points of all requests; whatever is not one is quarantined."""
        validator = PointValidator(self._ports.limits)
        mapping = DimensionMapping(self._ports.otlp_attributes)
        points = []
        for record in records:
            account = self._accounts[record.sequence] = RequestAccount(record)
            try:
                reading = read_request(record, validator, mapping)
            except InvalidBody as error:
                account.received = 1
                account.unreadable = True
                account.quarantined.append(quarantined_record(record, error.violation))
                continue
            account.received = reading.received
            account.dropped = reading.dropped
            account.ignored = reading.ignored
            self._payloads[record.sequence] = reading.payload
            for index, violation in reading.refusals:
                self._quarantine(record, index, violation)
            points += reading.points
        return points

    def admit(self, points: Sequence[Point]) -> list[Point]:
        """The points whose dimension names the store may take."""
        admission = admit_points(points, self._ports.registry, self._ports.limits.dimension_names)
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
        return admitted

    def announce(self, points: Sequence[Point]) -> Sequence[Point]:
        """Calls `on_admitted` with the times of the points; if that fails, none is stored yet, and all come again."""
        try:
            self._ports.on_admitted([point.time_ns for point in points], self._deadline)
        except TransientError as error:
            self._causes.append(str(error))
            for point in points:
                self._account(point).retry = True
            return []
        return points

    def store(self, points: Iterable[Point]) -> list[Point]:
        """Writes the last version of each point, and gives those that are stored.

        The versions before it are superseded by it, wait with it for the retry, or take its place if it is refused.
        A store that keeps every version is given them all.
        """
        if self._ports.store.keeps_every_version:
            return self._append(list(points))
        stored = []
        pending = versions_of(points)
        while pending:
            written = self._ports.store.write([versions[-1] for versions in pending], self._deadline)
            self._calls += written.calls
            self._throttles += written.throttles
            self._causes += written.causes
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
                        self._accounts[latest.record.sequence].stored += 1
                        stored.append(versions.pop())
                    for point in versions:
                        self._account(point).superseded += 1
            pending = [versions for versions in refused if versions]
        return stored

    def _append(self, points: Sequence[Point]) -> list[Point]:
        """Writes every version of each point; of those that are written, the last one of each counts as stored."""
        written = self._ports.store.write(points, self._deadline)
        self._calls += written.calls
        self._throttles += written.throttles
        self._causes += written.causes
        there = []
        for point, outcome in zip(points, written.outcomes, strict=True):
            if isinstance(outcome, Violation):
                self._quarantine(point.record, point.request_index, outcome)
            elif outcome is Outcome.RETRY:
                self._account(point).retry = True
            else:
                there.append(point)
        for versions in versions_of(there):
            self._account(versions.pop()).stored += 1
            for point in versions:
                self._account(point).superseded += 1
        return there

    def report_stored(self, stored: Sequence[Point]) -> None:
        """Calls `on_stored` with the times of what is stored; if that fails, those points come again."""
        try:
            self._ports.on_stored([point.time_ns for point in stored], self._deadline)
        except TransientError as error:
            self._causes.append(str(error))
            for point in stored:
                self._account(point).retry = True

    def settle(self) -> Report:
        """Quarantines what was refused before the first retry; if that fails, the retry starts at the first refusal."""
        retry_from = _first(account for account in self._accounts.values() if account.retry)
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
        return Report(settled, retry_from, self._calls, self._throttles, self._causes)

    def _account(self, point: Point) -> RequestAccount:
        return self._accounts[point.record.sequence]

    def _quarantine(self, record: StreamRecord, index: int, violation: Violation) -> None:
        payload = self._payloads[record.sequence](index)
        quarantined = QuarantinedPoint(record, index, violation, payload)
        self._accounts[record.sequence].quarantined.append(quarantined)

    def _before(self, sequence: int | None) -> list[RequestAccount]:
        accounts = self._accounts.values()
        return [account for account in accounts if sequence is None or account.record.sequence < sequence]


def _first(accounts: Iterable[RequestAccount]) -> int | None:
    return min((account.record.sequence for account in accounts), default=None)
