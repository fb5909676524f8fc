"""Objects of a quarantine's bucket, as the metric writer, a redrive and Lambda write them."""

import json
from base64 import b64encode
from datetime import UTC, datetime

ID = "JfNb/W+pIAMFYqA="
BUCKET, WRITER = "quarantine", "x-MetricWriterFunction-1"
NOW_S = datetime.now(UTC).timestamp()


def line(request_id: str, index: int, *, reason: str = "value_type", arrived_s: float = NOW_S) -> str:
    """A point's line, as the writer writes it."""
    arrived = datetime.fromtimestamp(arrived_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    point = {
        "request_id": request_id, "index": index, "client": "-", "format": "json", "arrived_at": arrived,
        "reason": reason, "field": "value", "message": "m", "payload": {"metric_name": "a"},
    }  # fmt: skip
    return json.dumps(point, separators=(",", ":"))


def folder(prefix: str, arrived_s: float) -> str:
    """The folder of an hour."""
    return datetime.fromtimestamp(arrived_s, UTC).strftime(f"{prefix}/date=%Y-%m-%d/hour=%H/")


def batch(function: str, *requests: str) -> str:
    """An invocation record of Lambda with a request of two points for each."""
    body = b'{"metrics": [{"metric_name": "a", "value": 1}, {"metric_name": "b", "value": 2}]}'
    records = [
        {"kinesis": {"partitionKey": f"json/edge/{name}", "data": b64encode(body).decode()}}
        for name in requests
    ]
    context = {
        "functionArn": f"arn:aws:lambda:r:1:function:{function}:$LATEST",
        "condition": "RecordAgeExceeded",
    }
    return json.dumps(
        {
            "requestContext": context,
            "timestamp": "2026-01-01T00:00:00Z",
            "payload": json.dumps({"Records": records}),
        }
    )
