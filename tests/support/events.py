"""Makes the events that an event source mapping would send."""

import base64
from collections.abc import Sequence
from typing import Any

import orjson

from handlers.domain.ingest.envelope import StreamRecord, read_records

ARRIVAL_MS = 1_763_769_600_000
FIRST_SEQUENCE = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898
SHARD = "shardId-000000000003"


def kinesis_record(
    body: object,
    position: int = 0,
    *,
    request_id: str | None = None,
    partition_key: str | None = None,
    arrival_ms: int = ARRIVAL_MS,
) -> dict[str, Any]:
    """One record; `body` is sent as it is when it is bytes, and as JSON otherwise."""
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    sequence = str(FIRST_SEQUENCE + position)
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": partition_key or f"json/-/{request_id or f'request/{position}+='}",
            "sequenceNumber": sequence,
            "data": base64.b64encode(data).decode(),
            "approximateArrivalTimestamp": arrival_ms / 1000,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{SHARD}:{sequence}",
        "eventName": "aws:kinesis:record",
        "awsRegion": "us-east-1",
    }


def event(*bodies: object, arrival_ms: int = ARRIVAL_MS) -> dict[str, Any]:
    """A batch of one record for each body."""
    return {
        "Records": [
            kinesis_record(body, position, arrival_ms=arrival_ms) for position, body in enumerate(bodies)
        ]
    }


def records(*bodies: object, arrival_ms: int = ARRIVAL_MS) -> list[StreamRecord]:
    """The same batch, read."""
    return read_records(event(*bodies, arrival_ms=arrival_ms))


def metric(name: object = "cpu.load", value: object = 0.5, **fields: object) -> dict[str, object]:
    """A metric as a client writes it."""
    return {"metric_name": name, "value": value, **fields}


def batch(*metrics: object) -> dict[str, Sequence[object]]:
    """A body of several metrics."""
    return {"metrics": metrics}
