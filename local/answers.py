"""The answers of the ingest API, counted: requests by status, and the points of those that were accepted."""

import base64
import json
import threading
from collections import Counter
from collections.abc import Mapping

from emulator import Answered, UrlAnswered
from handlers.adapters.timestream.limits import store_limits
from handlers.domain.ingest.envelope import NO_CLIENT, StreamRecord
from handlers.domain.ingest.formats import read_request
from handlers.domain.ingest.formats.foreign import DimensionMapping
from handlers.domain.ingest.reading import InvalidBody
from handlers.domain.ingest.remote_write import FORMAT as REMOTE_WRITE
from handlers.domain.ingest.validator import PointValidator


class AnswerCounter:
    """Counts answers; safe to use from every thread of a gateway."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[int] = Counter()
        self._records = self._points = 0

    def add(self, answered: Answered) -> None:
        """Counts one answer, and the points of its request if that was accepted."""
        points = points_of(answered)
        with self._lock:
            self._requests[answered.status] += 1
            self._records += _became_record(answered)
            self._points += points

    def add_remote_write(self, answered: UrlAnswered) -> None:
        """Counts one answer to a request of remote write, the only one that comes to a function's URL."""
        accepted = 200 <= answered.status < 300
        points = points_in(REMOTE_WRITE, answered.body) if accepted else 0
        with self._lock:
            self._requests[answered.status] += 1
            self._records += accepted
            self._points += points

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


def points_of(answered: Answered) -> int:
    """The points that an accepted request is accounted for by: as the consumers read the record it became."""
    if not _became_record(answered):
        return 0
    record = json.loads(answered.integration_request)
    return points_in(record["PartitionKey"].partition("/")[0], base64.b64decode(record["Data"]))


def _became_record(answered: Answered) -> bool:
    return bool(answered.integration_request) and 200 <= answered.status < 300


def points_in(format_: str, body: bytes) -> int:
    """The points that a body in this format is accounted for by; one if none can be told from it."""
    record = StreamRecord(format_, NO_CLIENT, "", 0, 0, "", body)
    try:
        return read_request(record, PointValidator(store_limits(1)), DimensionMapping()).received
    except InvalidBody:
        return 1
