"""The records of the data stream: one for each request, with what its consumers must know besides its body."""

import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

NO_CLIENT = "-"
_TIEBREAKS = 1_000_000


@dataclass(frozen=True)
class StreamRecord:
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

    @cached_property
    def version(self) -> int:
        """The version of all its points: grows with the arrival, is the same for every retry, and fits 64 bits."""
        return self.arrival_ms * _TIEBREAKS + self.sequence % _TIEBREAKS


def read_records(event: Mapping[str, Any]) -> list[StreamRecord]:
    """The records of an event source mapping's batch, in its order."""
    records: Sequence[Mapping[str, Any]] = event["Records"]
    return [_read(record) for record in records]


def _read(record: Mapping[str, Any]) -> StreamRecord:
    kinesis = record["kinesis"]
    format_, client, request_id = _split(kinesis["partitionKey"])
    return StreamRecord(
        format=format_,
        client=client,
        request_id=request_id,
        arrival_ms=round(kinesis["approximateArrivalTimestamp"] * 1000),
        sequence=int(kinesis["sequenceNumber"]),
        shard=record["eventID"].partition(":")[0],
        data=binascii.a2b_base64(kinesis["data"]),
    )


def _split(partition_key: str) -> tuple[str, str, str]:
    # The request id comes last because API Gateway's extended ids are base64: they contain `/`, `+` and `=`.
    parts = partition_key.split("/", 2)
    if len(parts) == 3 and all(parts):
        return parts[0], parts[1], parts[2]
    return "", NO_CLIENT, partition_key
