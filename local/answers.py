"""The answers of the ingest API, counted: requests by status, and the points of those that were accepted."""

import base64
import threading
import time
from collections import Counter
from collections.abc import Mapping

import orjson

from emulator import Answered, UrlAnswered
from handlers.adapters.timestream.limits import store_limits
from handlers.domain.ingest.envelope import NO_CLIENT, StreamRecord
from handlers.domain.ingest.remote_write import FORMAT as REMOTE_WRITE
from handlers.domain.ingest.request_reader import RequestReader


class PointCounter:
    """Counts the points of requests; for one thread at a time."""

    def __init__(self) -> None:
        self._reader = RequestReader(store_limits(1), frozenset())

    def points_in(self, format_: str, body: bytes) -> int:
        """The points that a body is accounted for by, as the consumers read it; one if none can be told from it."""
        arrival_ms = int(time.time() * 1000)  # of times that are far from it, the reader takes a closer look
        reading = self._reader.read([StreamRecord(format_, NO_CLIENT, "", arrival_ms, 0, "", body)])
        if reading.invalid:
            return 1
        return reading.others[0].received if reading.others else reading.counts[0]


class AnswerCounter:
    """Counts answers; safe to use from every thread of a gateway."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[int] = Counter()
        self._records = self._points = 0
        self._counter = PointCounter()

    def add(self, answered: Answered) -> None:
        """Counts one answer, and the points of its request if that was accepted."""
        accepted = _became_record(answered)
        record = orjson.loads(answered.integration_request) if accepted else {}
        with self._lock:
            self._requests[answered.status] += 1
            self._records += accepted
            if accepted:
                format_ = record["PartitionKey"].partition("/")[0]
                self._points += self._counter.points_in(format_, base64.b64decode(record["Data"]))

    def add_remote_write(self, answered: UrlAnswered) -> None:
        """Counts one answer to a request of remote write, the only one that comes to a function's URL."""
        accepted = 200 <= answered.status < 300
        with self._lock:
            self._requests[answered.status] += 1
            self._records += accepted
            self._points += self._counter.points_in(REMOTE_WRITE, answered.body) if accepted else 0

    @property
    def requests(self) -> Mapping[int, int]:
        """The number of requests by status, so far."""
        with self._lock:
            return dict(sorted(self._requests.items()))

    @property
    def records(self) -> int:
        """The number of requests that became a record, so far, whatever their status says yes with."""
        return self._records

    @property
    def accepted_points(self) -> int:
        """The points of accepted requests, so far."""
        return self._points


def _became_record(answered: Answered) -> bool:
    return bool(answered.integration_request) and 200 <= answered.status < 300
