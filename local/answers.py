"""The answers of the ingest API, counted: requests by status, and the points of those that were accepted."""

import base64
import threading
from collections import Counter
from collections.abc import Mapping

import orjson

from emulator import Answered, UrlAnswered
from handlers.domain.ingest.remote_write import FORMAT as REMOTE_WRITE
from handlers.vocabulary import HEARTBEAT
from ops.points.counter import PointCounter


class AnswerCounter:
    """Counts answers; safe to use from every thread of a gateway."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[int] = Counter()
        self._records = self._points = 0
        self._counter = PointCounter()

    def add(self, answered: Answered) -> None:
        """Counts one answer, and the points of its request if that was accepted; a heartbeat is no client's."""
        if answered.resource_path == f"/{HEARTBEAT}":
            return
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
