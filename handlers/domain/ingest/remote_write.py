"""Prometheus's remote write over HTTP: which requests are taken, and what each client is answered.

Prometheus sends again after a 5xx, and after a 429 if it is told to; what it gets any other 4xx for it drops.
https://prometheus.io/docs/specs/prw/remote_write_spec/
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from handlers.domain.ingest.formats.protobuf_wire import Malformed, read_varint
from handlers.domain.ingest.reading import MAX_BODY_BYTES

FORMAT: Final = "remote-write"
RETRY_AFTER_S: Final = 2
_PROTOBUF: Final = "application/x-protobuf"
# The parameter of the media type that names the message; without it the message is that of 1.0.
_MESSAGE: Final = "prometheus.writerequest"


@dataclass(frozen=True)
class Answer:
    """A response: its status, a sentence for people unless it is a success, and its headers."""

    status: int
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def output(self, request_id: str) -> dict[str, Any]:
        """The function's output, in the payload format 2.0."""
        if not self.message:
            return {"statusCode": self.status, "headers": dict(self.headers)}
        body = json.dumps({"message": self.message, "request_id": request_id})
        return {
            "statusCode": self.status,
            "headers": {"Content-Type": "application/json", **self.headers},
            "body": body,
        }


TAKEN: Final = Answer(204)
UNAVAILABLE: Final = Answer(
    503, "The request could not be taken now; send it again", {"Retry-After": str(RETRY_AFTER_S)}
)
FORBIDDEN: Final = Answer(403, "Requests from this address are not taken")


def unauthorized(realm: str) -> Answer:
    """The answer to whoever has no token."""
    return Answer(401, "A client's token is needed", {"WWW-Authenticate": f'Basic realm="{realm}"'})


def refusal_of_form(method: str, headers: Mapping[str, str]) -> Answer | None:
    """The refusal of what is no remote write 1.0 by its method and headers, whose names are in small letters."""
    if method != "POST":
        return Answer(405, "Remote write is a POST", {"Allow": "POST"})
    media_type, *parameters = (part.strip().lower() for part in headers.get("content-type", "").split(";"))
    named = [value for name, _, value in (one.partition("=") for one in parameters) if name == "proto"]
    if any(value.strip('"') != _MESSAGE for value in named) or _is_version_2(headers):
        return Answer(415, "Only remote write 1.0 is taken, the message prometheus.WriteRequest")
    if media_type != _PROTOBUF:
        return Answer(415, f"The content type of remote write is {_PROTOBUF}")
    if headers.get("content-encoding", "").strip().lower() != "snappy":
        return Answer(415, "The content encoding of remote write 1.0 is snappy")
    return None


def refusal_of_body(body: bytes, *, at_most: int) -> Answer | None:
    """The refusal of what is no block of snappy, or has more than `at_most` bytes, or than a consumer unpacks."""
    try:
        size, _ = read_varint(body, 0)
    except Malformed:
        return Answer(400, "The body is no block of snappy")
    if len(body) > at_most or size > MAX_BODY_BYTES:
        allowed = f"{at_most} bytes, and {MAX_BODY_BYTES} once it is unpacked"
        return Answer(413, f"The body is larger than {allowed}; send fewer samples in a request")
    return None


def partition_key(client: str, request_id: str) -> str:
    """The key of a request's record."""
    return f"{FORMAT}/{client}/{request_id}"


def _is_version_2(headers: Mapping[str, str]) -> bool:
    return headers.get("x-prometheus-remote-write-version", "").strip().startswith("2.")
