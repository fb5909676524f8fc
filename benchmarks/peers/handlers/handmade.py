"""A loop by hand that does no more than writing: one socket, bodies by orjson, what 100 points share in common.

No retries, no errors, no TLS, no packing, no checks. botocore's signer alone is left of the SDK.
"""

import os
import socket
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from orjson import dumps, loads

from benchmarks.peers.handlers import DATABASE, DONE, TABLE

_URL = os.environ["AWS_ENDPOINT_URL"]
_PLACE = urlsplit(_URL)
_SIGNER = SigV4Auth(
    Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]),
    "timestream",
    os.environ["AWS_REGION"],
)
_SOCKET = socket.create_connection((_PLACE.hostname or "", _PLACE.port or 80))
_SOCKET.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
_HEADERS = {
    "Host": _PLACE.netloc,
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "Timestream_20181101.WriteRecords",
}


def handler(event: Mapping[str, Any], _context: object) -> Mapping[str, Any]:
    """Write a batch of the stream."""
    points: list[Any] = []
    for record in event["Records"]:
        data = loads(b64decode(record["kinesis"]["data"]))
        if type(data) is list:
            points.extend(data)
        else:
            points.append(data)
    for start in range(0, len(points), 100):
        _write(points[start : start + 100])
    return DONE


def _write(points: Sequence[Mapping[str, Any]]) -> None:
    shared = set(points[0]["dimensions"].items())
    for point in points:
        shared &= point["dimensions"].items()
    body = dumps(
        {
            "DatabaseName": DATABASE,
            "TableName": TABLE,
            "CommonAttributes": {
                "MeasureValueType": "DOUBLE",
                "TimeUnit": "MILLISECONDS",
                "Dimensions": [{"Name": name, "Value": value} for name, value in shared],
            },
            "Records": [
                {
                    "MeasureName": point["metric_name"],
                    "MeasureValue": str(point["value"]),
                    "Time": str(point["timestamp"]),
                    "Dimensions": [
                        {"Name": "metric_type", "Value": point["metric_type"]},
                        *[
                            {"Name": name, "Value": value}
                            for name, value in point["dimensions"].items()
                            if (name, value) not in shared
                        ],
                    ],
                }
                for point in points
            ],
        }
    )
    request = AWSRequest("POST", f"{_URL}/", headers=_HEADERS, data=body)
    _SIGNER.add_auth(request)
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    _SOCKET.sendall(f"POST / HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    reply = _SOCKET.recv(65536)
    while b"\r\n\r\n" not in reply or b"}" not in reply:
        reply += _SOCKET.recv(65536)
    if not reply.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(reply)
