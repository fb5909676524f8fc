"""Function URLs: each served on a port of the loopback interface, where its requests become invocations.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

import base64
import binascii
import json
import logging
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from emulator.clock import Clock
from emulator.cloudformation.deployment import Deployment
from emulator.cloudwatch.metrics import RegionMetrics
from emulator.errors import UnsupportedFunctionError
from emulator.http_server import HttpRequest, HttpServer, Response
from emulator.lambda_.invocation import MAX_PAYLOAD_BYTES, InvokeResult, throttled, too_large
from emulator.lambda_.permissions import named_function
from emulator.token_bucket import Limits, TokenBucket

_LOG = logging.getLogger(__name__)
# Seconds that a client may stay idle, and that requests under way get when the URL is closed.
_IDLE_S, _LAST_ANSWERS_S = 60.0, 30.0
# Requests a second for each invocation that may run at once, by a function's reserved concurrency:
# https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
_RATE_OF_CONCURRENCY = 10
# Of other types the body is base64, also without any, and of forms.
_TEXTS = frozenset({"application/javascript", "application/json", "application/xml"})
# Headers of one connection, which no event has.
_HOP_BY_HOP = frozenset({"connection", "expect", "keep-alive", "transfer-encoding"})
_FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)

Invoke = Callable[[str, bytes, str], InvokeResult]
"""Runs a function, by its name, for an event of a request, whose id the invocation has as well."""

MayInvoke = Callable[[str, str], bool]
"""True if everybody may invoke the function of this ARN by a URL of this kind of authorization."""


class UrlAnswered(NamedTuple):
    """A request to a function's URL that was answered: the function, the status, and the request's body."""

    function_name: str
    status: int
    body: bytes


OnUrlAnswer = Callable[[UrlAnswered], object]


@dataclass(frozen=True, slots=True)
class FunctionUrl:
    """A function's URL: its address on AWS, whose first part is its id, and what it invokes."""

    address: str
    authorization: str
    function_name: str
    function_arn: str
    reserved_concurrency: int | None

    @property
    def host(self) -> str:
        """The domain name."""
        return self.address.removeprefix("https://").rstrip("/")


def load_function_urls(deployment: Deployment) -> tuple[FunctionUrl, ...]:
    """The URLs of a deployment's functions; UnsupportedFunctionError names one that AWS would not create."""
    functions = {one.physical_id: one for one in deployment.of_type("AWS::Lambda::Function")}
    found: dict[str, FunctionUrl] = {}
    for item in deployment.of_type("AWS::Lambda::Url"):
        name = named_function(item.properties["TargetFunctionArn"])
        if name not in functions:
            raise UnsupportedFunctionError(f"{item.logical_id}: there is no function {name}")
        if name in found:
            raise UnsupportedFunctionError(f"{item.logical_id}: the function {name} has a URL already")
        reserved = functions[name].properties.get("ReservedConcurrentExecutions")
        found[name] = FunctionUrl(
            item.attributes["FunctionUrl"],
            item.properties["AuthType"],
            name,
            functions[name].attributes["Arn"],
            None if reserved is None else int(reserved),
        )
    return tuple(found.values())


class FunctionUrls:
    """The URLs of a region's functions, served until they are closed; `addresses` are the local ones by AWS's."""

    def __init__(
        self,
        deployment: Deployment,
        *,
        invoke: Invoke,
        may_invoke: MayInvoke,
        clock: Clock,
        metrics: RegionMetrics,
        ports: Mapping[str, int],
        on_answer: OnUrlAnswer = lambda _: None,
        source_ip: str | None = None,
    ) -> None:
        """Serve each URL on the port that its function's name has in `ports`, or on a free one.

        `on_answer` hears of each answer to a request before the client does; `source_ip` is the address that all come
        from, without which each has its own.

        Raises UnsupportedFunctionError and PortInUseError.
        """
        self.addresses: dict[str, str] = {}
        self._closing = ExitStack()
        with ExitStack() as closing:
            for url in load_function_urls(deployment):
                server = HttpServer(
                    ports.get(url.function_name, 0),
                    name="function-url",
                    body_limit=MAX_PAYLOAD_BYTES,
                    idle_s=_IDLE_S,
                    drain_s=_LAST_ANSWERS_S,
                    clock=clock,
                )
                closing.callback(server.close)
                server.start(_Invoker(url, invoke, may_invoke, clock, metrics, on_answer, source_ip))
                self.addresses[url.address] = f"{server.url}/"
            self._closing = closing.pop_all()

    def localized(self, text: str) -> str:
        """The text with the addresses where URLs are served here instead of those on AWS."""
        for on_aws, here in self.addresses.items():
            text = text.replace(on_aws, here)
        return text

    def close(self) -> None:
        """Take no more requests, and answer those under way. A second call does nothing."""
        self._closing.close()


class _Invoker:
    """Answers the requests to one URL; called from many threads."""

    def __init__(
        self,
        url: FunctionUrl,
        invoke: Invoke,
        may_invoke: MayInvoke,
        clock: Clock,
        metrics: RegionMetrics,
        on_answer: OnUrlAnswer,
        source_ip: str | None,
    ) -> None:
        self._url, self._invoke, self._may_invoke = url, invoke, may_invoke
        self._on_answer, self._source_ip = on_answer, source_ip
        self._clock, self._metrics = clock, metrics
        reserved = url.reserved_concurrency
        rate = None if reserved is None else reserved * _RATE_OF_CONCURRENCY
        self._bucket = None if rate is None else TokenBucket(Limits(rate, rate))

    def answer(self, request: HttpRequest) -> Response:
        """The function's answer, or Lambda's own where the function did not run or failed."""
        began_s = time.perf_counter()
        request_id = str(uuid.uuid4())
        if not self._may_invoke(self._url.function_arn, self._url.authorization):
            response = _refusal(403, "AccessDeniedException", {"Message": _FORBIDDEN})
        elif self._bucket is not None and not self._bucket.take():
            response = _response(throttled())
        else:
            source_ip = self._source_ip or request.source_ip
            event = _event(self._url, request, request_id, self._clock, source_ip)
            payload = json.dumps(event).encode()
            response = _response(self._invoke(self._url.function_name, payload, request_id))
        self._on_answer(UrlAnswered(self._url.function_name, response.status, request.body))
        return self._counted(response, request_id, began_s)

    def too_large(self, request: HttpRequest) -> Response:  # noqa: ARG002 - an Answerer
        """The refusal of a body over what one event may hold."""
        return self._counted(_response(too_large()), str(uuid.uuid4()), time.perf_counter())

    def _counted(self, response: Response, request_id: str, began_s: float) -> Response:
        """Put CloudWatch's metrics of a request; https://docs.aws.amazon.com/lambda/latest/dg/urls-monitoring.html"""
        name = self._url.function_name
        for place in ({"FunctionName": name}, {"FunctionName": name, "Resource": f"{name}:$LATEST"}):
            self._metrics.put("AWS/Lambda", "UrlRequestCount", 1, place)
            self._metrics.put("AWS/Lambda", "Url4xxCount", 400 <= response.status < 500, place)
            self._metrics.put("AWS/Lambda", "Url5xxCount", response.status >= 500, place)
            took_ms = (time.perf_counter() - began_s) * 1000
            self._metrics.put("AWS/Lambda", "UrlRequestLatency", took_ms, place, unit="Milliseconds")
        headers = (*response.headers, ("x-amzn-RequestId", request_id))
        return Response(response.status, headers, response.body)


def _event(
    url: FunctionUrl, request: HttpRequest, request_id: str, clock: Clock, source_ip: str
) -> dict[str, Any]:
    """A request in the payload format 2.0."""
    query = request.target.partition("?")[2]
    headers = _joined((name.lower(), value) for name, value in request.headers)
    cookies = headers.pop("cookie", "")
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.path,
        "rawQueryString": query,
        "headers": {name: value for name, value in headers.items() if name not in _HOP_BY_HOP}
        | {"x-forwarded-for": source_ip, "x-forwarded-port": "443", "x-forwarded-proto": "https"},
        "requestContext": {
            "accountId": "anonymous",
            "apiId": url.host.partition(".")[0],
            "domainName": url.host,
            "domainPrefix": url.host.partition(".")[0],
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": source_ip,
                "userAgent": request.header("User-Agent") or "",
            },
            "requestId": request_id,
            "routeKey": "$default",
            "stage": "$default",
            "time": clock.utcnow().strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(clock.now() * 1000),
        },
        "isBase64Encoded": False,
    }
    if cookies:
        event["cookies"] = [one.strip() for one in cookies.replace(",", ";").split(";")]
    if query:
        event["queryStringParameters"] = _joined(parse_qsl(query, keep_blank_values=True))
    if request.body:
        event["headers"]["content-length"] = str(len(request.body))
        event["body"], event["isBase64Encoded"] = _body(request)
    return event


def _body(request: HttpRequest) -> tuple[str, bool]:
    """The body as text where its type is one of text, or else in base64."""
    media_type = (request.header("Content-Type") or "").partition(";")[0].strip().lower()
    if media_type.startswith("text/") or media_type in _TEXTS:
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(request.body).decode(), True


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The values by name, those of one name joined by commas."""
    found: dict[str, str] = {}
    for name, value in pairs:
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _response(result: InvokeResult) -> Response:
    """The HTTP response that an invocation's result means."""
    if result.status != 200:
        said = json.loads(result.payload)
        return _refusal(result.status, said.pop("__type", "ServiceException"), said)
    if result.function_error is not None:
        return _failure("the function failed")
    try:
        output = json.loads(result.payload)
        if not isinstance(output, dict) or "statusCode" not in output:
            return Response(200, (("Content-Type", "application/json"),), result.payload)
        return Response(int(output["statusCode"]), tuple(_headers(output)), _content(output))
    except (AttributeError, TypeError, ValueError, binascii.Error) as error:
        return _failure(f"the function's output is no response: {error}")


def _headers(output: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    given = output.get("headers") or {}
    if not any(name.lower() == "content-type" for name in given):
        yield "Content-Type", "application/json"
    for name, value in given.items():
        yield name, str(value)
    for cookie in output.get("cookies") or ():
        yield "Set-Cookie", str(cookie)


def _content(output: Mapping[str, Any]) -> bytes:
    body = output.get("body")
    if body is None:
        return b""
    text = body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))
    return base64.b64decode(text, validate=True) if output.get("isBase64Encoded") else text.encode()


def _failure(reason: str) -> Response:
    """The answer to what went wrong in the function, without a word of it."""
    _LOG.warning("a function URL answers 502: %s", reason)
    return Response(502, (("Content-Type", "application/json"),), b"Internal Server Error")


def _refusal(status: int, kind: str, said: Mapping[str, Any]) -> Response:
    headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", kind))
    return Response(status, headers, json.dumps(said).encode())
