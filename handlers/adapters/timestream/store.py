"""The metric store in Amazon Timestream for LiveAnalytics."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from handlers.adapters.aws import ThrottledError, aws_errors, code_of, translate
from handlers.adapters.timestream.request import Request, request_body, requests_of
from handlers.adapters.timestream.wire import Wire
from handlers.domain.deadline import Deadline
from handlers.domain.errors import ConfigurationError, TransientError
from handlers.domain.ingest.store import Outcome, Written
from handlers.domain.point import Point
from handlers.domain.violation import Reason, Violation

# A batch of a thousand points is some 25 to 50 calls, which then wait for the network together.
CONNECTIONS = 64
_BACKOFF_S = 0.1
_BACKOFF_CAP_S = 5.0

_REJECTED = "RejectedRecordsException"
_REFUSALS = frozenset({_REJECTED, "ValidationException"})


class TimestreamStore:
    """Writes points in packed calls, many at once, and retries what is throttled for as long as there is time."""

    keeps_every_version = False

    def __init__(
        self,
        wire: Wire,
        database: str,
        table: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._wire = wire
        self._target = {"DatabaseName": database, "TableName": table}
        self._sleep = sleep
        self._jitter = jitter

    def write(self, points: Sequence[Point], deadline: Deadline) -> Written:
        """Writes what it can by the deadline; calls that have not answered by then count as not written."""
        batch = _Batch(self._target, points, deadline, self._jitter)
        try:
            self._carry(batch, deadline)
        finally:
            # Whatever happened, what a later batch hears of is its own.
            if batch.in_flight:
                self._wire.abandon()
        return batch.written()

    def _carry(self, batch: "_Batch", deadline: Deadline) -> None:
        while batch.goes_on():
            while len(batch.in_flight) < self._wire.connections and (call := batch.next_call()):
                self._wire.start(call.body, call)
            wait_s = batch.wait_s()
            if not batch.in_flight:
                self._sleep(wait_s)
            elif not self._settle(batch, wait_s) and wait_s >= deadline.seconds_left():
                break

    def _settle(self, batch: "_Batch", wait_s: float) -> bool:
        """Waits for calls to end, and notes how; False if none has."""
        ended = self._wire.ended(wait_s)
        for call, error in ended:
            batch.end(call, error)
        return bool(ended)


class _Call:
    """A request on its way, and the points that it writes."""

    __slots__ = ("attempts", "body", "causes", "due_s", "positions")

    def __init__(self, positions: Sequence[int], body: bytes) -> None:
        self.positions = positions
        self.body = body
        self.attempts = 0
        self.due_s = 0.0  # on the deadline's clock: not to be sent again before
        self.causes: list[str] = []


class _Batch:
    """The points of one `write`: their calls, and their outcomes as far as they are known."""

    def __init__(
        self,
        target: Mapping[str, str],
        points: Sequence[Point],
        deadline: Deadline,
        jitter: Callable[[], float],
    ) -> None:
        self.in_flight: set[_Call] = set()
        self._target = target
        self._points = points
        self._deadline = deadline
        self._jitter = jitter
        self._outcomes: list[Outcome | Violation] = [Outcome.RETRY] * len(points)
        self._fresh: Iterator[Request] | None = requests_of(target, points)
        self._later: list[_Call] = []
        self._calls = 0
        self._throttles = 0
        self._causes: list[str] = []
        self._fault: ConfigurationError | None = None

    def goes_on(self) -> bool:
        """True while there is something to do, and time for it."""
        unfinished = self.in_flight or self._later or self._fresh is not None
        return bool(unfinished) and self._deadline.seconds_left() > 0

    def next_call(self) -> _Call | None:
        """The next call that may be sent now, which from now on is in flight; None if there is none."""
        call = self._due() or self._first()
        if call is not None:
            call.attempts += 1
            self._calls += 1
            self.in_flight.add(call)
        return call

    def wait_s(self) -> float:
        """Seconds until there is something to do even if no call ends."""
        left_s = self._deadline.seconds_left()
        if not self._later:
            return left_s if self.in_flight else 0.0
        return min(left_s, max(0.0, min(call.due_s for call in self._later) - self._deadline.clock()))

    def end(self, call: Any, error: Exception | None) -> None:
        """Note the end of a call. What neither AWS nor the network can have caused is raised."""
        self.in_flight.discard(call)
        if error is None:
            outcomes, stored = self._outcomes, Outcome.STORED
            for position in call.positions:
                outcomes[position] = stored
            return
        if isinstance(error, ClientError) and code_of(error) in _REFUSALS:
            self._refused(call, error)
            return
        failure = translate(error) if isinstance(error, aws_errors()) else error
        if isinstance(failure, ConfigurationError):
            # The others go on: what they store is stored, whatever the operator must mend.
            if failure is not error:
                failure.__cause__ = error
            self._fault = self._fault or failure
        elif isinstance(failure, TransientError):
            self._throttles += isinstance(failure, ThrottledError)
            call.causes.append(str(failure))
            self._try_again(call)
        else:
            raise failure

    def written(self) -> Written:
        """The outcomes; those of calls that have not ended are unknown. Raises the failure that no retry mends."""
        if self._fault is not None:
            raise self._fault
        for call in (*self.in_flight, *self._later):
            self._causes += call.causes
        if Outcome.RETRY in self._outcomes:
            self._causes.append("OutOfTime")
        return Written(self._outcomes, self._calls, self._throttles, tuple(dict.fromkeys(self._causes)))

    def _due(self) -> _Call | None:
        if self._later:
            now_s = self._deadline.clock()
            for call in self._later:
                if call.due_s <= now_s:
                    self._later.remove(call)
                    return call
        return None

    def _first(self) -> _Call | None:
        if self._fresh is None or self._deadline.seconds_left() <= 0:
            return None
        request = next(self._fresh, None)
        if request is None:
            self._fresh = None
            return None
        return _Call(*request)

    def _try_again(self, call: _Call) -> None:
        # Full jitter: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
        pause_s = min(_BACKOFF_CAP_S, _BACKOFF_S * 2 ** min(call.attempts, 10)) * self._jitter()
        if pause_s < self._deadline.seconds_left():
            call.due_s = self._deadline.clock() + pause_s
            self._later.append(call)
        else:
            self._causes += call.causes

    def _refused(self, call: _Call, error: ClientError) -> None:
        rejected = error.response.get("RejectedRecords")
        if code_of(error) == _REJECTED and _are_named(rejected, len(call.positions)):
            # Timestream stores the records of a call that it does not list as rejected.
            for position in call.positions:
                self._outcomes[position] = Outcome.STORED
            for record in rejected:
                self._outcomes[call.positions[record["RecordIndex"]]] = _rejection(record)
        elif len(call.positions) == 1:
            message = str(error.response["Error"].get("Message", code_of(error)))
            self._outcomes[call.positions[0]] = Violation(Reason.REJECTED_BY_STORE, "metric", message)
        else:
            self._halve(call.positions)

    def _halve(self, positions: Sequence[int]) -> None:
        """The way to the record for which a call is refused, so that it alone is quarantined."""
        middle = len(positions) // 2
        for half in (positions[:middle], positions[middle:]):
            body = request_body(self._target, [self._points[position] for position in half])
            self._later.append(_Call(half, body))


def _are_named(rejected: object, count: int) -> bool:
    """True if an answer says which of a call's records are rejected."""
    return (
        isinstance(rejected, list)
        and bool(rejected)
        and all(
            isinstance(record, dict)
            and type(record.get("RecordIndex")) is int
            and 0 <= record["RecordIndex"] < count
            for record in rejected
        )
    )


def _rejection(record: Mapping[str, Any]) -> Outcome | Violation:
    if "ExistingVersion" in record:
        return Outcome.SUPERSEDED
    return Violation(Reason.REJECTED_BY_STORE, "metric", str(record.get("Reason", "no reason given")))
