"""AWS's JSON protocol: signed requests of its operations, and its errors as botocore reads them.

https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
"""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from handlers.adapters.http.answers import Answer
from handlers.adapters.http.origins import Origin
from handlers.adapters.signing import Credentials, Signer


class JsonProtocol:
    """Requests of a service's operations."""

    def __init__(self, signer: Signer, target: str) -> None:
        """Requests by a signer; `target` is the service and its version as X-Amz-Target names them."""
        self._signer = signer
        self._target = target
        self._headers: dict[str, dict[str, str]] = {}

    def request(
        self, origin: Origin, operation: str, body: bytes, keys: Credentials, trace: str = ""
    ) -> bytes:
        """A request, head and body; `trace` is the header line by which the service goes on with a trace."""
        headers = self._headers.get(operation)
        if headers is None:
            headers = self._headers[operation] = {
                "Content-Type": "application/x-amz-json-1.0",
                "X-Amz-Target": f"{self._target}.{operation}",
            }
        proxy = origin.proxy
        head = (
            f"POST {origin.target} HTTP/1.1\r\n"
            f"{self._signer.head(origin, headers, body, keys)}"
            f"{proxy.authorization if proxy and not origin.secure else ''}"
            f"{trace}Accept-Encoding: identity\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def error_of(answer: Answer, operation: str) -> ClientError:
    """The error of an answer as botocore's client raises it, with all members of the body beside the parsed ones."""
    metadata: dict[str, Any] = {"HTTPStatusCode": answer.status, "HTTPHeaders": answer.headers}
    body = answer.body.strip()
    if answer.status >= 500 and (not body or body.startswith(b"<html>")):  # by what stands before the service
        told = {"Code": str(answer.status), "Message": _phrase(answer.status)}
        return ClientError({"Error": told, "ResponseMetadata": metadata}, operation)
    members = _members(answer.body)
    if "x-amzn-requestid" in answer.headers:
        metadata["RequestId"] = answer.headers["x-amzn-requestid"]
    told = {
        "Code": _code(members, answer.status),
        "Message": members.get("message", members.get("Message", "")),
    }
    return ClientError({**members, "Error": told, "ResponseMetadata": metadata}, operation)


def _members(body: bytes) -> Mapping[str, Any]:
    if not body:
        return {}
    text = body.decode(errors="replace")
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        return {"message": text}
    return members if isinstance(members, dict) else {}


def _code(members: Mapping[str, Any], status: int) -> str:
    code = members.get("__type", str(status))
    if code is None:
        return ""
    return str(code).split(":", 1)[0].rsplit("#", 1)[-1]


def _phrase(status: int) -> str:
    from http import HTTPStatus  # noqa: PLC0415 -- some sixty constants, for an answer that seldom comes

    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
