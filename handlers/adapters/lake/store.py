"""The metric store in the lake: every version of a point is written, and what people read tells which counts."""

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from handlers.adapters.aws import ThrottledError, aws_errors, translate
from handlers.adapters.lake.lines import HOT_HOURS, Lines, objects_of
from handlers.domain.deadline import Deadline
from handlers.domain.errors import TransientError
from handlers.domain.ingest.store import Outcome, Written
from handlers.domain.point import Point
from handlers.domain.violation import Violation

# All objects of a batch at once.
THREADS = HOT_HOURS + 1
_BACKOFF_S = 0.1
_BACKOFF_CAP_S = 5.0


class LakeStore:
    """Writes objects side by side, and tries those again that S3 does not take, for as long as there is time."""

    keeps_every_version = True

    def __init__(
        self,
        s3: Any,
        bucket: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`s3` makes one attempt: only its caller knows how long it may go on trying."""
        self._s3 = s3
        self._bucket = bucket
        self._sleep = sleep
        self._jitter = jitter
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="lake")

    def write(self, points: Sequence[Point], deadline: Deadline) -> Written:
        """Writes what it can by the deadline; objects that are not known to be there by then are not."""
        objects = objects_of(points) if points else []
        tasks = [self._pool.submit(self._put, lines, deadline) for lines in objects]
        wait(tasks, timeout=deadline.seconds_left())
        outcomes: list[Outcome | Violation] = [Outcome.RETRY] * len(points)
        total = _Answer()
        for lines, task in zip(objects, tasks, strict=True):
            if task.cancel() or not task.done():
                total.causes.append("OutOfTime")
                continue
            answer = task.result()
            total.calls += answer.calls
            total.throttles += answer.throttles
            total.causes += answer.causes
            if answer.stored:
                for position in lines.positions:
                    outcomes[position] = Outcome.STORED
        return Written(outcomes, total.calls, total.throttles, tuple(dict.fromkeys(total.causes)))

    def _put(self, lines: Lines, deadline: Deadline) -> "_Answer":
        """Puts an object; a second time it is the same one."""
        answer = _Answer()
        body = lines.body()
        pause_s = 0.0
        while pause_s < deadline.seconds_left():
            self._sleep(pause_s)
            answer.calls += 1
            try:
                self._s3.put_object(Bucket=self._bucket, Key=lines.key, Body=body)
            except aws_errors() as error:
                failure = translate(error)
                if not isinstance(failure, TransientError):
                    raise failure from error
                answer.throttles += isinstance(failure, ThrottledError)
                answer.causes.append(str(failure))
            else:
                answer.stored = True
                answer.causes.clear()
                return answer
            # Full jitter: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
            pause_s = min(_BACKOFF_CAP_S, _BACKOFF_S * 2 ** min(answer.calls, 10)) * self._jitter()
        answer.causes.append("OutOfTime")
        return answer


@dataclass
class _Answer:
    """The end of an object, and what it took."""

    stored: bool = False
    calls: int = 0
    throttles: int = 0
    causes: list[str] = field(default_factory=list)
