"""A batch of requests becomes points in the store, lines in the quarantine, or records to be sent again."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from handlers.domain.deadline import Deadline
from handlers.domain.errors import TransientError
from handlers.domain.ingest.body import Unreadable, read_record
from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.quarantine import Quarantine, Refused, json_lines, object_key, whole_record
from handlers.domain.ingest.registry import DimensionRegistry, admit_points
from handlers.domain.ingest.store import MetricStore, Outcome
from handlers.domain.point import Point, Rules
from handlers.domain.violation import Violation


@dataclass
class Request:
    """The account of one record: received = stored + superseded + refused, unless something must be retried."""

    record: StreamRecord
    received: int = 0
    stored: int = 0
    superseded: int = 0
    refused: list[Refused] = field(default_factory=list)
    unreadable: bool = False
    retry: bool = False


@dataclass(frozen=True)
class Report:
    """What was settled for good, and the sequence number from which the stream must send records again."""

    settled: list[Request]
    retry_from: int | None
    calls: int
    throttles: int
    causes: list[str]


@dataclass(frozen=True)
class Ports:
    """What a batch is worked with. `on_stored` hears the times of the points that were stored, once they are."""

    registry: DimensionRegistry
    store: MetricStore
    quarantine: Quarantine
    on_stored: Callable[[Sequence[int]], object]


def write_batch(records: Sequence[StreamRecord], rules: Rules, ports: Ports, deadline: Deadline) -> Report:
    """Accounts for every point before the first record that met a transient failure; the rest is for the retry.

    Nothing from that record on is counted or quarantined, although some of it may be stored: its turn comes again,
    and writing a point again with its own version changes nothing. Only `ConfigurationError` is raised.
    """
    requests = [Request(record) for record in records]
    candidates = [candidate for request in requests for candidate in _read(request, rules)]
    work = _Work(ports, deadline)
    work.note(work.store(work.admit(candidates)))
    retry_from, cause = _set_aside(requests, ports.quarantine)
    return Report(
        settled=_before(requests, retry_from),
        retry_from=retry_from,
        calls=work.calls,
        throttles=work.throttles,
        causes=[*work.causes, *cause],
    )


@dataclass(slots=True)
class _Candidate:
    request: Request
    index: int
    raw: Any
    point: Point

    def refuse(self, violation: Violation) -> None:
        self.request.refused.append(Refused(self.request.record, self.index, violation, self.raw))

    def rank(self) -> tuple[int, int, int]:
        """Of points with one identity, the highest rank is the one to keep."""
        return self.point.version, self.request.record.sequence, self.index


def _read(request: Request, rules: Rules) -> Iterable[_Candidate]:
    record = request.record
    try:
        metrics = read_record(record)
    except Unreadable as error:
        request.received = 1
        request.unreadable = True
        request.refused.append(whole_record(record, error.violation))
        return
    request.received = len(metrics)
    for index, raw in enumerate(metrics):
        judged = rules.judge(raw, index, record)
        if isinstance(judged, Violation):
            request.refused.append(Refused(record, index, judged, raw))
        else:
            yield _Candidate(request, index, raw, judged)


class _Work:
    """Brings candidates to an end, and notes what it took."""

    def __init__(self, ports: Ports, deadline: Deadline) -> None:
        self._ports = ports
        self._deadline = deadline
        self.calls = 0
        self.throttles = 0
        self.causes: list[str] = []

    def admit(self, candidates: Sequence[_Candidate]) -> list[_Candidate]:
        """The candidates whose dimension names the table may take."""
        admission = admit_points([candidate.point for candidate in candidates], self._ports.registry)
        if admission.cause:
            self.causes.append(admission.cause)
        admitted = []
        for candidate, verdict in zip(candidates, admission.verdicts, strict=True):
            if verdict is None:
                admitted.append(candidate)
            elif isinstance(verdict, Violation):
                candidate.refuse(verdict)
            else:
                candidate.request.retry = True
        return admitted

    def store(self, candidates: Sequence[_Candidate]) -> list[_Candidate]:
        """Writes the highest of each identity; the others share its fate, or take its place if it is refused.

        Returns those that are stored.
        """
        stored = []
        rivals: dict[tuple[object, ...], list[_Candidate]] = defaultdict(list)
        for candidate in candidates:
            rivals[candidate.point.identity].append(candidate)
        heats = [sorted(heat, key=_Candidate.rank) if len(heat) > 1 else heat for heat in rivals.values()]
        while heats:
            written = self._ports.store.write([heat[-1].point for heat in heats], self._deadline)
            self.calls += written.calls
            self.throttles += written.throttles
            self.causes.extend(written.causes)
            ends = list(zip(heats, written.outcomes, strict=True))
            stored += [heat[-1] for heat, outcome in ends if outcome is Outcome.STORED]
            heats = [rest for heat, outcome in ends if (rest := _conclude(heat, outcome))]
        return stored

    def note(self, stored: Sequence[_Candidate]) -> None:
        """Tells who must know; if that fails, the points come again, although they are stored."""
        try:
            self._ports.on_stored([candidate.point.time_ns for candidate in stored])
        except TransientError as error:
            self.causes.append(str(error))
            for candidate in stored:
                candidate.request.retry = True


def _conclude(heat: list[_Candidate], outcome: Outcome | Violation) -> list[_Candidate]:
    """Books what became of the last of a heat, and returns those that must still be written."""
    *beaten, winner = heat
    if isinstance(outcome, Violation):
        winner.refuse(outcome)
        return beaten
    if outcome is Outcome.RETRY:
        for candidate in heat:
            candidate.request.retry = True
        return []
    if outcome is Outcome.STORED:
        winner.request.stored += 1
    else:
        winner.request.superseded += 1
    for candidate in beaten:
        candidate.request.superseded += 1
    return []


def _set_aside(requests: Sequence[Request], quarantine: Quarantine) -> tuple[int | None, list[str]]:
    """Quarantines what was refused before the first retry; if that fails, the retry starts at the first refusal."""
    retry_from = _lowest(request for request in requests if request.retry)
    settled = _before(requests, retry_from)
    refusing = [request for request in settled if request.refused]
    if not refusing:
        return retry_from, []
    lines = (
        refused for request in refusing for refused in sorted(request.refused, key=lambda item: item.index)
    )
    try:
        quarantine.put(object_key(request.record for request in settled), json_lines(lines))
    except TransientError as error:
        return _lowest(refusing), [str(error)]
    return retry_from, []


def _lowest(requests: Iterable[Request]) -> int | None:
    return min((request.record.sequence for request in requests), default=None)


def _before(requests: Iterable[Request], sequence: int | None) -> list[Request]:
    return [request for request in requests if sequence is None or request.record.sequence < sequence]
