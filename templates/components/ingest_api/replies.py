"""The answers of the API's methods, and the headers that tell a browser which web pages may post (CORS)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from troposphere import Sub
from troposphere.apigateway import IntegrationResponse, MethodResponse

JSON, GZIP, PROTOBUF = "application/json", "application/gzip", "application/x-protobuf"
# A body of a binary media type passes a mapping template in base64, and answers are text whatever the client accepts;
# without this either is a 500. https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings-workflow.html
AS_TEXT = "CONVERT_TO_TEXT"
# The body that is none: without a template the integration's own would be passed on.
NOTHING = '#set($nothing = "")'

ALLOW_ORIGIN = "Access-Control-Allow-Origin"
PREFLIGHT = {
    "Access-Control-Allow-Headers": "'Content-Type,Content-Encoding,Authorization,X-Amz-Date,X-Amz-Security-Token'",
    "Access-Control-Max-Age": "'3600'",
}


@dataclass(frozen=True)
class Cors:
    """The origins that may read answers: none, one (or all, `*`), or several."""

    origins: Sequence[str]

    @property
    def preamble(self) -> str:
        """The start of a response template: of several origins, it answers with the one that asked."""
        if len(self.origins) < 2:
            return ""
        return velocity_in_line("choose_origin").replace("${Origins}", json.dumps(list(self.origins)))

    @property
    def headers(self) -> dict[str, str]:
        """The fixed headers of an integration's response."""
        if not self.origins:
            return {}
        if len(self.origins) == 1:
            return {ALLOW_ORIGIN: f"'{self.origins[0]}'"}
        return {"Vary": "'Origin'"}

    @property
    def error_headers(self) -> dict[str, str]:
        """The headers of gateway responses, which have no templates to choose in and say nothing secret."""
        return (
            {ALLOW_ORIGIN: f"'{self.origins[0]}'" if len(self.origins) == 1 else "'*'"}
            if self.origins
            else {}
        )

    @property
    def declared(self) -> list[str]:
        """Every header that a method may answer with for a browser's sake."""
        return [ALLOW_ORIGIN, "Vary"] if len(self.origins) > 1 else list(self.headers)


@dataclass(frozen=True)
class Reply:
    """One answer of a method: its status, body and headers, and which of the integration's answers lead to it.

    The body is a mapping template, and may be made by a `Sub`; `selects` is a pattern of the integration's statuses,
    without which the reply is the answer to all others.
    """

    status: int
    body: str | Sub = ""
    selects: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    may_set: Sequence[str] = ()
    content_type: str = JSON

    def to_method(self, cors: Cors) -> MethodResponse:
        """The status and headers that the method declares."""
        names = [*cors.declared, *self.headers, *self.may_set]
        return MethodResponse(
            StatusCode=str(self.status),
            ResponseParameters={f"method.response.header.{name}": False for name in names},
        )

    def to_integration(self, cors: Cors) -> IntegrationResponse:
        """The response that is made of the integration's answer."""
        headers = {**cors.headers, **self.headers}
        optional: dict[str, Any] = {}
        if self.selects is not None:
            optional["SelectionPattern"] = self.selects
        body = cors.preamble + self.body if isinstance(self.body, str) else self.body
        if body:
            optional["ResponseTemplates"] = {self.content_type: body}
        return IntegrationResponse(
            StatusCode=str(self.status),
            ContentHandling=AS_TEXT,
            ResponseParameters={f"method.response.header.{name}": value for name, value in headers.items()},
            **optional,
        )


def failure(message: str, code: str | None = None, **more: str) -> str:
    """The body that says in one sentence why a request was not taken, and under which id it is in the access log.

    With a `code`, one of InfluxDB's, its clients understand it, too: those of version 2 read code and message, others
    error. https://docs.influxdata.com/influxdb/v2/api/v2/#operation/PostWrite
    """
    for_influx = {} if code is None else {"code": code, "error": message}
    return json.dumps({"message": message, "request_id": "$context.extendedRequestId", **for_influx, **more})


def velocity(name: str) -> str:
    """A mapping template, from its file beside this module."""
    return Path(__file__).with_name(f"{name}.vtl").read_text(encoding="utf-8")


def velocity_in_line(name: str) -> str:
    """A mapping template without its line ends, for what prints nothing: an empty body must be empty.

    Of headers, such a template asks in each case that a client may write them in: API Gateway keeps it.
    """
    return velocity(name).replace("\n", "")


def preflight(methods: str) -> Reply:
    """The answer to what a browser asks before it posts."""
    return Reply(204, headers={**PREFLIGHT, "Access-Control-Allow-Methods": f"'{methods}'"})
