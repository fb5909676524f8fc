"""Quarantined points put on the stream again, each under the request that it first came in."""

import hashlib
import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.domain.ingest.envelope import (
    NO_CLIENT,
    REDRIVEN,
    REDRIVEN_COUNTED,
    REDRIVEN_FORMATS,
    StreamRecord,
)
from handlers.domain.ingest.formats.redriven import redriven_body
from handlers.domain.violation import Reason
from ops.errors import OperatorError, refusals
from ops.quarantined.ledger import Note, note_redriven
from ops.quarantined.redriving import Ready

# Alerts have counted these when they came: the aggregator asks neither the store nor the registry of names.
COUNTED = frozenset({Reason.DIMENSION_NAME_CASE, Reason.DIMENSION_BUDGET_SPENT, Reason.REJECTED_BY_STORE})
# Of one PutRecords. https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
_RECORDS = 500
_CALL_BYTES = 4 * 2**20
_RECORD_BYTES = 256 * 1024
_RECORD_POINTS = 500
_ATTEMPTS = 8
_FIRST_PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class Parcel:
    """A record with points of one request, its partition key, and the notes of what is in it."""

    key: str
    body: bytes
    notes: Sequence[Note]


@dataclass(frozen=True)
class Resender:
    """Puts points on a stream, no more than `rate` in a second, and notes in the bucket those that are there."""

    kinesis: Any
    stream: str
    s3: Any
    bucket: str
    rate: float
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep

    def send(self, ready: Sequence[Ready]) -> Iterator[int]:
        """The number of points of each call, once they are on the stream and noted.

        Whoever ends between the two sends these points once more, which is harmless. Raises OperatorError if the stream
        does not take them.
        """
        due_s = 0.0
        for parcels in _calls(_parcels(ready), max(1, int(self.rate))):
            self.sleep(max(0.0, due_s - time.monotonic()))
            notes = [note for parcel in parcels for note in parcel.notes]
            due_s = time.monotonic() + len(notes) / self.rate
            self._put(parcels)
            note_redriven(self.s3, self.bucket, notes, now_s=self.clock())
            yield len(notes)

    def _put(self, parcels: Sequence[Parcel]) -> None:
        left = list(parcels)
        for attempt in range(_ATTEMPTS):
            if attempt:
                self.sleep(_FIRST_PAUSE_S * 2**attempt)
            records = [{"Data": parcel.body, "PartitionKey": parcel.key} for parcel in left]
            with refusals("cannot put the points on the stream"):
                answer = self.kinesis.put_records(StreamName=self.stream, Records=records)
            results = zip(left, answer["Records"], strict=True)
            left = [parcel for parcel, result in results if result.get("ErrorCode")]
            if not left:
                return
        raise OperatorError(
            f"{self.stream} has no room for more: wait, or give a lower --rate; the same command goes on"
        )


def _parcels(ready: Iterable[Ready]) -> Iterator[Parcel]:
    """The records, each with points of one request that alerts have counted, or with such that they have not."""

    def place(one: Ready) -> tuple[float, str, int, bool, bool]:
        point = one.point
        is_whole = one.body is not None
        return point.first_arrived_s, point.request_id, point.attempt, is_whole, point.reason in COUNTED

    for (*_, is_counted), group in itertools.groupby(
        sorted(ready, key=lambda one: (*place(one), one.point.index)), key=place
    ):
        for some in _cut(group):
            yield _parcel(some, REDRIVEN_COUNTED if is_counted else REDRIVEN)


def _cut(group: Iterable[Ready]) -> Iterator[list[Ready]]:
    some: list[Ready] = []
    size = 0
    for one in group:
        if some and (len(some) == _RECORD_POINTS or size + one.size > _RECORD_BYTES):
            yield some
            some, size = [], 0
        some.append(one)
        size += one.size
    yield some


def _parcel(some: Sequence[Ready], format_: str) -> Parcel:
    point = some[0].point
    client = point.client if point.client and "/" not in point.client else NO_CLIENT
    arrival_ms = round(point.first_arrived_s * 1000)
    whole = some[0].body
    if whole and point.format in REDRIVEN_FORMATS:
        # A record of a redrive, which functions that are older than it set aside: it says itself whose points it has.
        note = Note(point.request_id, point.index, point.attempt, point.arrived_s, point.request_id)
        return Parcel(f"{point.format}/{client[:128]}/{point.request_id}", whole, [note])
    first = StreamRecord(point.format, client, point.request_id, arrival_ms, point.sequence, "", whole or b"")
    metrics = None if whole else {one.point.index: one.metric for one in some}
    body = redriven_body(first, point.attempt + 1, metrics)
    sent_as = f"redrive-{hashlib.sha256(body).hexdigest()[:24]}"
    notes = [
        Note(one.point.request_id, one.point.index, one.point.attempt, one.point.arrived_s, sent_as)
        for one in some
    ]
    return Parcel(f"{format_}/{client[:128]}/{sent_as}", body, notes)


def _calls(parcels: Iterable[Parcel], points: int) -> Iterator[list[Parcel]]:
    """The records of each call, with about so many points at most."""
    call: list[Parcel] = []
    size = count = 0
    for parcel in parcels:
        more = len(parcel.body) + len(parcel.key)
        if call and (
            len(call) == _RECORDS or size + more > _CALL_BYTES or count + len(parcel.notes) > points
        ):
            yield call
            call, size, count = [], 0, 0
        call.append(parcel)
        size += more
        count += len(parcel.notes)
    if call:
        yield call
