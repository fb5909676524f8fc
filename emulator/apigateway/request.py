"""A request in the words of API Gateway."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

from emulator.apigateway.errors import GatewayError
from emulator.http_server import HttpRequest
from emulator.once import once


@dataclass
class ApiRequest(HttpRequest):
    """A request to an API, or an integration's answer where a mapping reads one; the body is decompressed.

    `integration_request` is the body with which an AWS action is called for it, empty until then.
    """

    path_parameters: dict[str, str] = field(default_factory=dict)
    integration_request: bytes = b""

    @once
    def segments(self) -> tuple[str, ...]:
        """The decoded parts of the path; a slash at the end adds none."""
        return tuple(unquote(part) for part in self.path.rstrip("/").split("/")[1:])

    def leave_out_stage(self) -> None:
        """Take the first part off the path; the target, which is what was signed, stays as it came."""
        self.path = "/" + "/".join(self.path.split("/")[2:])
        self.segments = self.segments[1:]

    @once
    def query(self) -> Mapping[str, str]:
        """The query string's parameters; the last value when a name comes twice."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    @once
    def content_type(self) -> str:
        """The media type without parameters; API Gateway takes application/json when none is given."""
        return (self.header("Content-Type") or "application/json").partition(";")[0].strip().lower()

    @once
    def accepted_type(self) -> str:
        """The first media type that the client accepts, without parameters; API Gateway looks at no other."""
        first = (self.header("Accept") or "application/json").partition(",")[0]
        return first.partition(";")[0].strip().lower()

    @once
    def text(self) -> str:
        """The body as text; bytes that are no UTF-8 become U+FFFD, as in API Gateway."""
        return self.body.decode("utf-8", "replace")

    @once
    def json(self) -> Any:
        """The parsed body; GatewayError (BAD_REQUEST_BODY) when it is not JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return _tolerant_json(self.text)


def _tolerant_json(text: str) -> Any:
    """Parse what orjson refuses and Java's parser takes: numbers beyond a double, lone surrogates."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        message = f"Could not parse request body into json: {error}"
        raise GatewayError("BAD_REQUEST_BODY", "Invalid request body", f"[{message}]") from error


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON value")
