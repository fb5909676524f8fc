"""Function URLs over real HTTP: what becomes an event, what becomes an answer, and who may call."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import Cloud, Resource, StackTemplate, TemplateError, UnsupportedFunctionError, start
from emulator.clock import Clock
from emulator.cloudwatch.metrics import RegionMetrics
from emulator.lambda_.function_urls import FunctionUrls, UrlAnswered, load_function_urls
from emulator.lambda_.invocation import MAX_PAYLOAD_BYTES, InvokeResult, failed, refused, throttled
from tests.support.cloudwatch import of_region
from tests.support.functions import deployment, function
from tests.support.http_client import Call, caller

HOST = f"{'a' * 32}.lambda-url.eu-west-1.on.aws"
SNAPPY = bytes(range(256))


def function_url(**properties: Any) -> Resource:
    """The URL of the function `writer`."""
    given = {"TargetFunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:writer", "AuthType": "NONE"}
    return Resource(
        "Url", "AWS::Lambda::Url", "url", {"FunctionUrl": f"https://{HOST}/"}, {**given, **properties}
    )


class Function:
    """A function that answers as it is told, and remembers its events."""

    def __init__(self) -> None:
        self.result = InvokeResult(b'{"statusCode": 204}')
        self.events: list[dict[str, Any]] = []
        self.metrics = RegionMetrics(Clock())
        self.public = True
        self.source_ip: str | None = None
        self.answered: list[UrlAnswered] = []

    def invoke(self, name: str, payload: bytes, request_id: str) -> InvokeResult:
        """The result of an event."""
        assert name == "writer"
        self.events.append(json.loads(payload))
        assert self.events[-1]["requestContext"]["requestId"] == request_id
        return self.result

    def returns(self, output: Any) -> None:
        """Answer with this output from now on."""
        self.result = InvokeResult(json.dumps(output).encode())


@pytest.fixture
def writer() -> Function:
    """The function behind the URL."""
    return Function()


@pytest.fixture
def open_url(writer: Function) -> Iterator[Callable[..., Call]]:
    """Serve the URL of a function with these properties, and send requests to it."""
    opened: list[FunctionUrls] = []

    def begin(**properties: Any) -> Call:
        urls = FunctionUrls(
            deployment(function(**properties), function_url()),
            invoke=writer.invoke,
            may_invoke=lambda arn, kind: writer.public and (arn[-6:], kind) == ("writer", "NONE"),
            clock=Clock(),
            metrics=writer.metrics,
            ports={},
            on_answer=writer.answered.append,
            source_ip=writer.source_ip,
        )
        opened.append(urls)
        return caller(urls.addresses[f"https://{HOST}/"].rstrip("/"))

    yield begin
    for urls in opened:
        urls.close()


@pytest.fixture
def call(open_url: Callable[..., Call]) -> Call:
    """Send one request to the URL."""
    return open_url()


def test_a_request_is_an_event_of_the_payload_format_2(call: Call, writer: Function) -> None:
    """Header names in small letters, the query as it came and by name, cookies by themselves."""
    headers = {
        "X-Prometheus-Remote-Write-Version": "0.1.0",
        "User-Agent": "Prometheus/3.5",
        "Cookie": "a=1; b=2",
    }
    assert call("POST", "/api/v1/write?a=1&b=2&a=%203&c=", {"x": 1}, headers).status == 204
    [event] = writer.events
    assert {
        name: event[name] for name in ("version", "routeKey", "rawPath", "rawQueryString", "cookies")
    } == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/api/v1/write",
        "rawQueryString": "a=1&b=2&a=%203&c=",
        "cookies": ["a=1", "b=2"],
    }
    assert event["queryStringParameters"] == {"a": "1, 3", "b": "2", "c": ""}
    sent = event["headers"]
    assert (sent["x-prometheus-remote-write-version"], sent["content-type"]) == ("0.1.0", "application/json")
    assert (sent["x-forwarded-for"], sent["content-length"]) == ("127.0.0.1", "8")
    assert not {"cookie", "connection", "Content-Type"} & set(sent)
    context = event["requestContext"]
    assert (context["accountId"], context["apiId"], context["domainName"]) == ("anonymous", "a" * 32, HOST)
    assert context["http"] == {
        "method": "POST",
        "path": "/api/v1/write",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "Prometheus/3.5",
    }
    assert (event["body"], event["isBase64Encoded"]) == ('{"x": 1}', False)


def test_requests_can_come_from_another_address_and_be_heard_of(
    open_url: Callable[..., Call], writer: Function
) -> None:
    """As the API's requests can; refusals of Lambda's own are heard of, too."""
    writer.source_ip = "203.0.113.1"
    call = open_url()
    call("POST", "/", raw=SNAPPY)
    writer.public = False
    call("POST", "/", raw=b"")
    [event] = writer.events
    assert event["requestContext"]["http"]["sourceIp"] == event["headers"]["x-forwarded-for"] == "203.0.113.1"
    assert writer.answered == [("writer", 204, SNAPPY), ("writer", 403, b"")]


def test_a_request_without_query_and_body_has_none_in_its_event(call: Call, writer: Function) -> None:
    """Neither is there; HEAD has an answer without its body."""
    writer.returns({"statusCode": 200, "body": "text"})
    reply = call("HEAD", "/")
    assert (reply.status, reply.body, reply.headers["Content-Length"]) == (200, b"", "4")
    assert not {"body", "queryStringParameters", "cookies"} & set(writer.events[0])
    assert (writer.events[0]["rawPath"], writer.events[0]["rawQueryString"]) == ("/", "")


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("application/x-protobuf", SNAPPY, False),
        ("application/octet-stream", b"text", False),
        ("application/x-www-form-urlencoded", b"a=1", False),
        ("application/vnd.api+json", b"{}", False),
        ("", b"{}", False),
        ("text/plain; charset=utf-8", "é".encode(), True),
        ("Application/JSON", b"{}", True),
        ("application/xml", b"<a/>", True),
        ("application/json", SNAPPY, False),
    ],
)
def test_a_body_is_text_by_its_type_or_else_base64(
    call: Call, writer: Function, content_type: str, body: bytes, *, text: bool
) -> None:
    """Whatever it holds, it arrives undamaged."""
    call("POST", "/", raw=body, headers={"Content-Type": content_type})
    [event] = writer.events
    assert event["isBase64Encoded"] is not text
    assert (event["body"].encode() if text else base64.b64decode(event["body"])) == body


def test_an_encoded_body_stays_encoded(call: Call, writer: Function) -> None:
    """Content codings are the function's matter: any may come in."""
    headers = {"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}
    assert call("POST", "/", raw=SNAPPY, headers=headers).status == 204
    assert base64.b64decode(writer.events[0]["body"]) == SNAPPY
    assert writer.events[0]["headers"]["content-encoding"] == "snappy"


@pytest.mark.parametrize(
    ("output", "status", "content_type", "body"),
    [
        (
            {"statusCode": 400, "headers": {"Content-Type": "text/plain"}, "body": "no"},
            400,
            "text/plain",
            b"no",
        ),
        ({"statusCode": "201", "body": "ok"}, 201, "application/json", b"ok"),
        ({"statusCode": 200, "body": "/w==", "isBase64Encoded": True}, 200, "application/json", b"\xff"),
        ({"statusCode": 200, "body": {"a": 1}}, 200, "application/json", b'{"a":1}'),
        ({"statusCode": 503, "headers": {"Retry-After": 5}}, 503, "application/json", b""),
        ({"message": "hello"}, 200, "application/json", b'{"message": "hello"}'),
        ("hello", 200, "application/json", b'"hello"'),
        (None, 200, "application/json", b"null"),
    ],
)
def test_an_output_is_an_answer(
    call: Call, writer: Function, output: Any, status: int, content_type: str, body: bytes
) -> None:
    """One without a status is the body itself, as JSON."""
    writer.returns(output)
    reply = call("POST", "/", {})
    assert (reply.status, reply.headers["Content-Type"], reply.body) == (status, content_type, body)
    assert reply.headers.get("Retry-After") == ("5" if status == 503 else None)


def test_cookies_are_headers_of_their_own(call: Call, writer: Function) -> None:
    """Set-Cookie for each of them."""
    writer.returns({"statusCode": 200, "cookies": ["a=1; Max-Age=5"]})
    assert call("GET", "/").headers["Set-Cookie"] == "a=1; Max-Age=5"


@pytest.mark.parametrize(
    "result",
    [
        failed("Runtime.ExitError", "secret"),
        InvokeResult(b'{"statusCode": "many"}'),
        InvokeResult(b'{"statusCode": 200, "headers": ["secret"]}'),
        InvokeResult(b'{"statusCode": 200, "body": "no base64", "isBase64Encoded": true}'),
    ],
)
def test_a_function_that_fails_or_answers_nonsense_is_a_bad_gateway(
    call: Call, writer: Function, result: InvokeResult
) -> None:
    """502 without a word of the reason."""
    writer.result = result
    reply = call("POST", "/", {})
    assert (reply.status, reply.body) == (502, b"Internal Server Error")


@pytest.mark.parametrize(
    ("result", "kind"),
    [(throttled(), "TooManyRequestsException"), (refused(503, "ServiceException", "m"), "ServiceException")],
)
def test_lambdas_own_refusals_keep_their_status(
    call: Call, writer: Function, result: InvokeResult, kind: str
) -> None:
    """The function did not run."""
    writer.result = result
    reply = call("POST", "/", {})
    assert (reply.status, reply.headers["x-amzn-ErrorType"]) == (result.status, kind)


def test_who_may_not_call_is_forbidden(call: Call, writer: Function) -> None:
    """403, and no event."""
    writer.public = False
    reply = call("POST", "/", {})
    assert (reply.status, reply.headers["x-amzn-ErrorType"]) == (403, "AccessDeniedException")
    assert not writer.events


def test_requests_beyond_ten_times_the_reserved_concurrency_are_throttled(
    open_url: Callable[..., Call], writer: Function
) -> None:
    """Of a second; none at all reserved is none at all let through."""
    call = open_url(ReservedConcurrentExecutions=1)
    statuses = [call("POST", "/", {}).status for _ in range(60)]
    assert statuses[:10] == [204] * 10
    assert 429 in statuses
    assert open_url(ReservedConcurrentExecutions=0)("POST", "/", {}).status == 429


def test_a_body_over_the_limit_is_refused_unread(call: Call, writer: Function) -> None:
    """413 from 6 MB and one byte on."""
    reply = call("POST", "/", headers={"Content-Length": str(MAX_PAYLOAD_BYTES + 1)})
    assert (reply.status, reply.headers["x-amzn-ErrorType"]) == (413, "RequestTooLargeException")
    assert not writer.events


def test_cloudwatch_counts_requests_and_those_that_fail(call: Call, writer: Function) -> None:
    """By function, whatever the reason."""
    call("POST", "/", {})
    call("POST", "/", headers={"Content-Length": str(MAX_PAYLOAD_BYTES + 1)})
    writer.result = failed("E", "m")
    call("POST", "/", {})
    for place in ({"FunctionName": "writer"}, {"FunctionName": "writer", "Resource": "writer:$LATEST"}):
        names = ("UrlRequestCount", "Url4xxCount", "Url5xxCount")
        found = [of_region(writer.metrics, "AWS/Lambda", name, dimensions=place) for name in names]
        assert found == [3, 1, 1]


@pytest.mark.parametrize(
    ("resources", "named"),
    [
        ([function_url(TargetFunctionArn="other")], "Url: there is no function other"),
        (
            [
                function_url(),
                Resource("More", "AWS::Lambda::Url", "u", {"FunctionUrl": "x"}, function_url().properties),
            ],
            "More: .* has a URL already",
        ),
    ],
)
def test_what_aws_would_not_create_is_named(resources: list[Resource], named: str) -> None:
    """A function has one URL."""
    with pytest.raises(UnsupportedFunctionError, match=named):
        load_function_urls(deployment(function(), *resources))


REGION = "us-east-1"
SOURCE = """
import time

def handler(event, context):
    time.sleep(float(event["rawQueryString"] or 0))
    return {"statusCode": 200, "body": event["requestContext"]["domainPrefix"]}
"""
_VERSION = {"Version": "2012-10-17"}
BY_URL = {"Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"}
INVOKE = {"Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True}
PERMISSIONS: dict[str, list[dict[str, Any]]] = {
    "Both": [BY_URL, INVOKE],
    "Plain": [BY_URL, {"Action": "lambda:InvokeFunction"}],
    "UrlAlone": [BY_URL],
    "InvokeAlone": [INVOKE],
    "Signed": [{**BY_URL, "FunctionUrlAuthType": "AWS_IAM"}, INVOKE],
    "Service": [
        {**BY_URL, "Principal": "apigateway.amazonaws.com"},
        {**INVOKE, "Principal": "apigateway.amazonaws.com"},
    ],
    "Nothing": [],
}


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    """A resource of a template."""
    return {"Type": f"AWS::{kind}", "Properties": properties}


def template(**changes: Any) -> dict[str, Any]:
    """A function with a URL for each set of permissions; `changes` are of the first URL's properties."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    resources = {"Role": resource("IAM::Role", AssumeRolePolicyDocument={**_VERSION, "Statement": [trust]})}
    outputs = {}
    for name, permissions in PERMISSIONS.items():
        resources[name] = resource(
            "Lambda::Function",
            Runtime="python3.13",
            Handler="app.handler",
            Role={"Fn::GetAtt": ["Role", "Arn"]},
            Code={"S3Bucket": "b", "S3Key": "k"},
            ReservedConcurrentExecutions=3,
        )
        url = {"TargetFunctionArn": {"Fn::GetAtt": [name, "Arn"]}, "AuthType": "NONE", **changes}
        resources[f"{name}Url"] = resource("Lambda::Url", **url)
        outputs[name] = {"Value": {"Fn::GetAtt": [f"{name}Url", "FunctionUrl"]}}
        changes = {}
        for number, given in enumerate(permissions):
            permission = {"FunctionName": {"Ref": name}, "Principal": "*", **given}
            resources[f"{name}Permission{number}"] = resource("Lambda::Permission", **permission)
    return {"Resources": resources, "Outputs": outputs}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, runtime: Path) -> Iterator[Cloud]:
    """A local AWS with these functions, running."""
    folder = tmp_path_factory.mktemp("urls")
    (folder / "code").mkdir()
    (folder / "code" / "app.py").write_text(SOURCE)
    with start([REGION], [StackTemplate("urls", template())], data_dir=folder, engine=None) as started:
        started.start_functions(REGION, code=folder / "code", runtime=runtime, logs=folder / "logs")
        yield started


@pytest.fixture(scope="module")
def urls(cloud: Cloud) -> dict[str, Call]:
    """The way to call each function by its URL."""
    served, outputs = cloud.serve_function_urls(REGION), cloud.deployments[REGION].outputs
    return {name: caller(served.localized(address).rstrip("/")) for name, address in outputs.items()}


@pytest.mark.parametrize("name", PERMISSIONS)
def test_everybody_needs_both_permissions(cloud: Cloud, urls: dict[str, Call], name: str) -> None:
    """InvokeFunctionUrl for that kind of URL, and InvokeFunction; a URL's address holds its id and region."""
    reply = urls[name]("GET", "/")
    assert reply.status == (200 if name in {"Both", "Plain"} else 403)
    if reply.status == 200:
        address = cloud.deployments[REGION].outputs[name]
        assert address == f"https://{reply.body.decode()}.lambda-url.{REGION}.on.aws/"


def test_the_reserved_concurrency_is_the_throttle(urls: dict[str, Call]) -> None:
    """429 for what exceeds it, though this machine runs fewer at once; three wait their turn and are answered."""
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(urls["Both"]("GET", "/?1").status)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (statuses.count(200), statuses.count(429)) == (3, 5)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"AuthType": "AWS_IAM"}, "BothUrl.AuthType: .*AWS_IAM"),
        ({"InvokeMode": "RESPONSE_STREAM"}, "BothUrl.InvokeMode"),
        ({"Cors": {"AllowOrigins": ["*"]}}, "BothUrl.Cors"),
        ({"Qualifier": "live"}, "BothUrl.Qualifier"),
    ],
)
def test_what_is_not_done_here_ends_the_start(tmp_path: Path, changes: dict[str, Any], named: str) -> None:
    """By its name."""
    with pytest.raises(TemplateError, match=named):
        start([REGION], [StackTemplate("urls", template(**changes))], data_dir=tmp_path, engine=None)


def test_some_regions_have_no_function_urls(tmp_path: Path) -> None:
    """AWS would not create the stack there."""
    with pytest.raises(TemplateError, match="AWS has no function URLs in eu-central-2"):
        start(["eu-central-2"], [StackTemplate("urls", template())], data_dir=tmp_path, engine=None)
