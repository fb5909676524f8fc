"""The answers of the API's methods."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from troposphere import Sub
from troposphere.apigateway import IntegrationResponse, MethodResponse

from templates.components.ingest_api.cors import Cors

JSON = "application/json"


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
            ResponseParameters={f"method.response.header.{name}": value for name, value in headers.items()},
            **optional,
        )


def velocity(name: str) -> str:
    """A mapping template, from its file beside this module."""
    return Path(__file__).with_name(f"{name}.vtl").read_text(encoding="utf-8")
