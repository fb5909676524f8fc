"""The metric store in Amazon Timestream for LiveAnalytics."""

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from handlers.adapters.aws import AWS_ERRORS, ThrottledError, code_of, translate
from handlers.adapters.timestream.request import request_body, requests_of
from handlers.adapters.timestream.wire import Wire
from handlers.domain.deadline import Deadline
from handlers.domain.errors import TransientError
from handlers.domain.ingest.store import Outcome, Written
from handlers.domain.point import Point
from handlers.domain.violation import Reason, Violation

# Calls wait for the network most of their time; more threads than this only wait for each other's Python.
THREADS = 8
_BACKOFF_S = 0.1
_BACKOFF_CAP_S = 5.0

_Outcomes = list[Outcome | Violation]


class TimestreamStore:
    """Writes points in packed, parallel calls, and retries what is throttled for as long as there is time."""

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
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="timestream")

    def write(self, points: Sequence[Point], deadline: Deadline) -> Written:
        """Writes what it can by the deadline; calls that have not answered by then count as not written."""
        calls: list[Sequence[int]] = []
        tasks: list[Future[_Answer]] = []
        for positions, body in requests_of(self._target, points):
            calls.append(positions)
            some = [points[position] for position in positions]
            tasks.append(self._pool.submit(self._write_call, some, body, deadline))
        wait(tasks, timeout=deadline.seconds_left())
        outcomes: _Outcomes = [Outcome.RETRY] * len(points)
        total = _Answer([])
        for call, task in zip(calls, tasks, strict=True):
            if task.cancel() or not task.done():
                total.causes.append("OutOfTime")
                continue
            answer = task.result()
            total.count(answer)
            for index, outcome in zip(call, answer.outcomes, strict=True):
                outcomes[index] = outcome
        return Written(outcomes, total.calls, total.throttles, tuple(dict.fromkeys(total.causes)))

    def _write_call(self, points: Sequence[Point], body: bytes, deadline: Deadline) -> "_Answer":
        answer = _Answer([Outcome.RETRY] * len(points))
        pause_s = 0.0
        while pause_s < deadline.seconds_left():
            self._sleep(pause_s)
            answer.calls += 1
            try:
                answer.outcomes = self._send(body, len(points))
                answer.causes.clear()
                return answer
            except _RefusedWhole as refusal:
                answer.outcomes = self._write_halves(points, deadline, str(refusal), answer)
                return answer
            except TransientError as error:
                answer.throttles += isinstance(error, ThrottledError)
                answer.causes.append(str(error))
            pause_s = self._pause_s(answer.calls)
        answer.causes.append("OutOfTime")
        return answer

    def _send(self, body: bytes, count: int) -> _Outcomes:
        try:
            self._wire.send(body)
        except ClientError as error:
            code = code_of(error)
            rejected = error.response.get("RejectedRecords")
            if code == "RejectedRecordsException" and rejected:
                return _outcomes(count, rejected)
            if code in {"RejectedRecordsException", "ValidationException"}:
                raise _RefusedWhole(error.response["Error"].get("Message", code)) from error
            raise translate(error) from error
        except AWS_ERRORS as error:
            raise translate(error) from error
        return [Outcome.STORED] * count

    def _write_halves(
        self, points: Sequence[Point], deadline: Deadline, refusal: str, answer: "_Answer"
    ) -> _Outcomes:
        """Finds the record for which a call is refused, so that it alone is quarantined."""
        if len(points) == 1:
            return [Violation(Reason.REJECTED_BY_STORE, "metric", refusal)]
        outcomes: _Outcomes = []
        middle = len(points) // 2
        for half in (points[:middle], points[middle:]):
            found = self._write_call(half, request_body(self._target, half), deadline)
            answer.count(found)
            outcomes += found.outcomes
        return outcomes

    def _pause_s(self, attempt: int) -> float:
        # Full jitter: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
        return min(_BACKOFF_CAP_S, _BACKOFF_S * 2 ** min(attempt, 10)) * self._jitter()


@dataclass
class _Answer:
    """The outcomes of a call's points, and what the call took."""

    outcomes: _Outcomes
    calls: int = 0
    throttles: int = 0
    causes: list[str] = field(default_factory=list)

    def count(self, other: "_Answer") -> None:
        self.calls += other.calls
        self.throttles += other.throttles
        self.causes += other.causes


class _RefusedWhole(Exception):  # noqa: N818 -- an answer of the store, not an error of ours
    """The store refused a call without saying which of its records is at fault."""


def _outcomes(count: int, rejected: Iterable[Mapping[str, Any]]) -> _Outcomes:
    """Timestream stores the records of a call that it does not list as rejected."""
    outcomes: _Outcomes = [Outcome.STORED] * count
    for record in rejected:
        if "ExistingVersion" in record:
            outcomes[record["RecordIndex"]] = Outcome.SUPERSEDED
        else:
            reason = record.get("Reason", "no reason given")
            outcomes[record["RecordIndex"]] = Violation(Reason.REJECTED_BY_STORE, "metric", reason)
    return outcomes
