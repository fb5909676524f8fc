"""Answers and errors in the wire formats of AWS's services."""

import uuid
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

import orjson

from emulator.aws_request import AwsRequest
from emulator.http_server import Response

_XML_SERVICES = frozenset({"cloudformation", "ec2", "iam", "sns", "sts"})


def as_json(payload: Any, status: int = 200) -> Response:
    """A reply of the control interface."""
    return Response(status, [("Content-Type", "application/json")], orjson.dumps(payload) + b"\n")


def success(payload: Any) -> Response:
    """The reply of a service that speaks JSON."""
    return Response(200, [("Content-Type", "application/x-amz-json-1.1")], orjson.dumps(payload))


def error(
    request: AwsRequest, code: str, message: str, status: int, more: Mapping[str, Any] | None = None
) -> Response:
    """An error the way the service asked would write it; `more` are other members of a body of JSON."""
    request_id = str(uuid.uuid4())
    if request.service == "s3":
        body = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
        return _xml(status, body, request_id)
    if request.service in _XML_SERVICES and not request.json_target:
        kind = "Sender" if status < 500 else "Receiver"
        body = (
            f"<ErrorResponse><Error><Type>{kind}</Type><Code>{escape(code)}</Code>"
            f"<Message>{escape(message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return _xml(status, body, request_id)
    headers = [
        ("Content-Type", "application/x-amz-json-1.1"),
        ("x-amzn-RequestId", request_id),
        ("x-amzn-ErrorType", code),
    ]
    return Response(status, headers, orjson.dumps({"__type": code, "message": message, **(more or {})}))


def _xml(status: int, body: str, request_id: str) -> Response:
    headers = [("Content-Type", "text/xml"), ("x-amzn-RequestId", request_id)]
    return Response(status, headers, f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode())
