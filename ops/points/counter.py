"""Counts of the points in bodies, of whatever format, as the consumers of the stream read them."""

import time

from handlers.adapters.timestream.limits import store_limits
from handlers.domain.ingest.envelope import NO_CLIENT, REDRIVEN_FORMATS, StreamRecord
from handlers.domain.ingest.request_reader import RequestReader
from handlers.vocabulary import HEARTBEAT

_LATER_MS = 2**43  # of the year 2248


class PointCounter:
    """Counts the points of requests; for one thread at a time."""

    def __init__(self) -> None:
        self._reader = RequestReader(store_limits(1), frozenset())

    def points_in(self, format_: str, body: bytes) -> int:
        """The points that a body is accounted for by, as the consumers read it; one if none can be told from it."""
        if format_ == HEARTBEAT:
            return 0
        arrival_ms = int(time.time() * 1000)  # of times that are far from it, the reader takes a closer look
        if format_ in REDRIVEN_FORMATS:
            arrival_ms = _LATER_MS  # than the request that they are of, by any clock
        reading = self._reader.read([StreamRecord(format_, NO_CLIENT, "", arrival_ms, 0, "", body)])
        if reading.invalid:
            return 1
        return reading.others[0].received if reading.others else reading.counts[0]
