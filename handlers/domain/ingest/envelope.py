"""The records of the data stream: one for each request, with what its consumers must know besides its body."""

import binascii
from collections.abc import Mapping
from typing import Any

import msgspec

NO_CLIENT = "-"
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
    return StreamRecord(
        format_,
        client,
        request_id,
        round(kinesis.approximate_arrival_timestamp * 1000),
        int(kinesis.sequence_number),
        item.event_id.partition(":")[0],
        kinesis.data,
    )
