"""Calls that parts of this process make of the local AWS many times a second: without a connection where nothing waits.

They are the requests that an SDK would send, held against the same policies, but for the signature, which nothing here
checks. While a call may be kept waiting, as by a fault, it goes over HTTP, where its caller can give up.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import orjson
import urllib3

from emulator.http_server import HttpRequest, Response
from emulator.iam.credentials import Credentials

_TIMEOUT_S = 70.0


class DirectEndpoint(Protocol):
    """An endpoint in this process."""

    def answer_at_once(self, request: HttpRequest) -> Response | None:
        """The answer to a call that waits for nothing; None for one that has to come over HTTP."""


class CallError(Exception):
    """A call that was refused, or had no answer; the text says why."""


def headers_of(target: str, *, service: str, region: str, caller: Credentials) -> dict[str, str]:
    """The headers by which a call of a JSON service says what it is, and whose."""
    credential = f"{caller.access_key}/20000101/{region}/{service}/aws4_request"
    token = {"X-Amz-Security-Token": caller.session_token} if caller.session_token else {}
    return {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": target,
        "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=none",
        **token,
    }


class DirectClient:
    """Calls operations of one JSON service, as one caller; close it when done."""

    def __init__(
        self,
        service: str,
        target_prefix: str,
        *,
        endpoint_url: str,
        region: str,
        caller: Credentials,
        endpoint: DirectEndpoint | None,
    ) -> None:
        self._prefix, self._url, self._endpoint = target_prefix, endpoint_url.rstrip("/") + "/", endpoint
        self._scope: Mapping[str, Any] = {"service": service, "region": region, "caller": caller}
        self._http = urllib3.PoolManager(maxsize=32, retries=False, timeout=_TIMEOUT_S)

    def call(self, operation: str, parameters: Mapping[str, Any]) -> Any:
        """The parsed answer; CallError when the call is refused or not answered."""
        headers = headers_of(f"{self._prefix}.{operation}", **self._scope)
        body = orjson.dumps(parameters)
        answer = None
        if self._endpoint is not None:
            request = HttpRequest("POST", "/", tuple(headers.items()), body)
            answer = self._endpoint.answer_at_once(request)
        status, text = (answer.status, answer.body) if answer else self._over_http(headers, body)
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise CallError(f"{operation}: status {status}, and no JSON") from error
        if status != 200:
            raise CallError(f"{operation}: {found.get('__type')}: {found.get('message')}")
        return found

    def _over_http(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        try:
            answer = self._http.request("POST", self._url, body=body, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise CallError(str(error)) from error
        return answer.status, answer.data
