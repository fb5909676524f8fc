"""What arrives from the data stream: one record per request, with what the consumer must know besides its body."""

import binascii
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from handlers.domain.violation import Reason, Violation

NO_CLIENT = "-"
_TIEBREAKS = 1_000_000


class StreamRecord(NamedTuple):
    """One request as it lies on the stream; `arrival_ms` and `sequence` never change, however often it is read."""

    request_id: str
    client: str
    arrival_ms: int
    sequence: int
    shard: str
    data: bytes
    violation: Violation | None = None

    @property
    def version(self) -> int:
        """Grows with the arrival, is the same for every retry, and fits Timestream's BIGINT."""
        return self.arrival_ms * _TIEBREAKS + self.sequence % _TIEBREAKS


def read_records(event: Mapping[str, Any]) -> list[StreamRecord]:
    """The records of an event source mapping's batch, in its order."""
    records: Sequence[Mapping[str, Any]] = event["Records"]
    return [_read(record) for record in records]


def _read(record: Mapping[str, Any]) -> StreamRecord:
    kinesis = record["kinesis"]
    key: str = kinesis["partitionKey"]
    format_, client, request_id, violation = _split(key)
    if violation is None and format_ != "json":
        violation = Violation(Reason.FORMAT_UNKNOWN, "partition_key", "the only body format is json")
    return StreamRecord(
        request_id=request_id,
        client=client,
        arrival_ms=round(kinesis["approximateArrivalTimestamp"] * 1000),
        sequence=int(kinesis["sequenceNumber"]),
        shard=record["eventID"].partition(":")[0],
        data=binascii.a2b_base64(kinesis["data"]),
        violation=violation,
    )


def _split(key: str) -> tuple[str, str, str, Violation | None]:
    # The request id comes last because API Gateway's extended ids are base64: they contain `/`, `+` and `=`.
    parts = key.split("/", 2)
    if len(parts) == 3 and all(parts):
        return parts[0], parts[1], parts[2], None
    message = (
        "a partition key is <format>/<client or ->/<request id>; this record did not come through the API"
    )
    return "", NO_CLIENT, key, Violation(Reason.PARTITION_KEY_INVALID, "partition_key", message)
