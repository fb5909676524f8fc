"""The records of the data stream: one for each request, with what its consumers must know besides its body."""

import binascii
from collections.abc import Mapping
from typing import Any

import msgspec

NO_CLIENT = "-"
# Records that operators put, which hold points of one earlier request: of the second, alerts have counted the points.
REDRIVEN, REDRIVEN_COUNTED = REDRIVEN_FORMATS = ("redriven", "redriven-counted")
_TIEBREAKS = 1_000_000


class StreamRecord(msgspec.Struct, frozen=True, gc=False):
    """One request as it lies on the stream; `arrival_ms` and `sequence` never change, however often it is read.

    `format` names what its body is written in, and is empty if the record did not come through the API.
    """

    format: str
    client: str
    request_id: str
    arrival_ms: int
    sequence: int
    shard: str
    data: bytes

    @property
    def version(self) -> int:
        """The version of all its points: grows with the arrival, is the same for every retry, and fits 64 bits."""
        return self.arrival_ms * _TIEBREAKS + self.sequence % _TIEBREAKS

    @property
    def as_it_came(self) -> bytes:
        """The body that its client sent."""
        return self.data

    @property
    def accounted_as(self) -> str:
        """The id under which the log accounts for it."""
        return self.request_id


class RedrivenRecord(StreamRecord, frozen=True, gc=False, kw_only=True):
    """Points of an earlier request that are sent again: `request_id` is that request's, and so is the version.

    So they lose against whatever corrected them meanwhile, and are stored once however often they are sent. What of
    them is judged by the time of arrival is judged by that of this record. `sent_as` is this record's own id,
    `attempt` counts how often its points were sent again.
    """

    sent_as: str
    attempt: int
    first_format: str
    first_arrival_ms: int
    first_sequence: int

    @property
    def first(self) -> StreamRecord:
        """The record of the earlier request, without its body."""
        return StreamRecord(
            self.first_format,
            self.client,
            self.request_id,
            self.first_arrival_ms,
            self.first_sequence,
            self.shard,
            b"",
        )

    @property
    def as_it_came(self) -> bytes:
        """The body of the earlier request, if all of it is sent again; else its own."""
        whole = self.whole
        return self.data if whole is None else whole

    @property
    def whole(self) -> bytes | None:
        """The body of the earlier request behind the line that tells of it, None if single points are sent again."""
        _, line_feed, body = self.data.partition(b"\n")
        return body if line_feed else None

    @property
    def version(self) -> int:
        """The version of the earlier request's points."""
        return self.first.version

    @property
    def accounted_as(self) -> str:
        """Id of its own, as the earlier request has an account already."""
        return self.sent_as


class _First(msgspec.Struct, gc=False):
    """The part of a redriven record's body that tells of the earlier request."""

    request_id: str
    format: str
    arrival_ms: int
    sequence: str
    attempt: int


def opened(record: StreamRecord) -> StreamRecord:
    """The record; as a `RedrivenRecord` if it is one, and its body tells of a request that came before it."""
    if record.format not in REDRIVEN_FORMATS or isinstance(record, RedrivenRecord):
        return record
    try:
        first = msgspec.json.decode(record.data.partition(b"\n")[0], type=_First)
        sequence = int(first.sequence)
    except (ValueError, RecursionError):
        return record
    if not 0 <= first.arrival_ms <= record.arrival_ms or sequence < 0 or not first.request_id:
        return record
    return RedrivenRecord(
        record.format,
        record.client,
        first.request_id,
        record.arrival_ms,
        record.sequence,
        record.shard,
        record.data,
        sent_as=record.request_id,
        attempt=first.attempt,
        first_format=first.format,
        first_arrival_ms=first.arrival_ms,
        first_sequence=sequence,
    )


def read_records(event: Mapping[str, Any]) -> list[StreamRecord]:
    """The records of an event source mapping's batch, in its order."""
    try:
        items = msgspec.convert(event["Records"], list[_Item])
    except msgspec.ValidationError:  # such as base64 with line breaks in it
        items = [_item(record) for record in event["Records"]]
    return [_read(item) for item in items]


class _Kinesis(msgspec.Struct, gc=False, rename="camel"):
    partition_key: str
    sequence_number: str
    data: bytes
    approximate_arrival_timestamp: float


class _Item(msgspec.Struct, gc=False):
    """The part of an item that is read; msgspec decodes base64 in a quarter of the time that `binascii` takes."""

    kinesis: _Kinesis
    event_id: str = msgspec.field(name="eventID")


def _item(record: Mapping[str, Any]) -> _Item:
    kinesis = record["kinesis"]
    read = _Kinesis(
        kinesis["partitionKey"],
        kinesis["sequenceNumber"],
        binascii.a2b_base64(kinesis["data"]),
        kinesis["approximateArrivalTimestamp"],
    )
    return _Item(read, record["eventID"])


def _read(item: _Item) -> StreamRecord:
    kinesis = item.kinesis
    # The request id comes last because API Gateway's extended ids are base64: they contain `/`, `+` and `=`.
    parts = kinesis.partition_key.split("/", 2)
    if len(parts) < 3 or "" in parts:
        parts = ["", NO_CLIENT, kinesis.partition_key]
    format_, client, request_id = parts
    record = StreamRecord(
        format_,
        client,
        request_id,
        round(kinesis.approximate_arrival_timestamp * 1000),
        int(kinesis.sequence_number),
        item.event_id.partition(":")[0],
        kinesis.data,
    )
    return record if format_ not in REDRIVEN_FORMATS else opened(record)
