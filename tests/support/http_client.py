"""Requests over real HTTP, each on a connection of its own."""

import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Reply:
    """An answer that came over HTTP."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The parsed body."""
        return json.loads(self.body)


Call = Callable[..., Reply]


def caller(url: str) -> Call:
    """A function that sends one request to the server at this URL: `body` as JSON, or `raw` as it is.

    A content type of None sends none.
    """

    def send(
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
        content_type: str | None = "application/json",
    ) -> Reply:
        content = raw if raw is not None else None if body is None else json.dumps(body).encode()
        given = {"Content-Type": content_type} if content is not None and content_type else {}
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)
        try:
            connection.request(method, path, content, {**given, **(headers or {})})
            response = connection.getresponse()
            return Reply(response.status, dict(response.headers.items()), response.read())
        finally:
            connection.close()

    return send
