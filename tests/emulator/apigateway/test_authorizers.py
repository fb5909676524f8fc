"""Lambda authorizers before a method, over real HTTP, with a function that answers as it is told."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

import pytest

from emulator import Gateway, Resource
from emulator.clock import Clock
from emulator.cloudformation.deployment import Deployment
from emulator.http_server import HttpRequest, HttpServer, Response
from emulator.iam.credentials import Credentials
from tests.support.http_client import Call, Reply, caller
from tests.support.rest_api import AUTHORIZER, authorized_api, integration, rest_api

POINT = {"metric_name": "cpu.load", "value": 0.7}
API = "arn:aws:execute-api:us-east-1:123456789012:api1"
BEARER = {"Authorization": "Bearer secret"}


def policy(effect: str = "Allow", resource: Any = f"{API}/live/*", **more: Any) -> dict[str, Any]:
    """The result of an authorizer with one statement."""
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "somebody", "policyDocument": document, **more}


@dataclass
class FakeLambda:
    """Answers invocations with a payload and a status, everything else as Kinesis; remembers what it was asked."""

    result: Any = field(default_factory=policy)
    status: int = 200
    failed: bool = False
    events: list[dict[str, Any]] = field(default_factory=list)
    signed_by: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    held: threading.Event = field(default_factory=threading.Event)
    records: list[Any] = field(default_factory=list)

    def answer(self, request: HttpRequest) -> Response:
        """The reply of either."""
        if not request.path.startswith("/2015-03-31/functions/"):
            self.records.append(json.loads(request.body))
            return Response(200, (("Content-Type", "application/x-amz-json-1.1"),), b"{}")
        self.functions.append(unquote(request.path.split("/")[3]))
        self.signed_by.append(
            (request.header("Authorization") or "").partition("Credential=")[2].partition("/")[0]
        )
        self.events.append(json.loads(request.body))
        self.held.wait(10)
        raw = self.result if isinstance(self.result, bytes) else json.dumps(self.result).encode()
        headers = [("X-Amz-Function-Error", "Unhandled")] if self.failed else []
        return Response(self.status, headers, raw)

    def too_large(self, request: HttpRequest) -> Response:
        """The reply that is never asked for."""
        return Response(413)


@pytest.fixture
def function() -> FakeLambda:
    """The authorizer's function; it answers at once unless it is held."""
    fake = FakeLambda()
    fake.held.set()
    return fake


@pytest.fixture
def clock() -> Clock:
    """The clock that results grow old by."""
    return Clock()


@pytest.fixture
def open_api(
    serve: Callable[..., Gateway], function: FakeLambda, clock: Clock
) -> Iterator[Callable[..., Gateway]]:
    """Serve an API before that function."""
    server = HttpServer(0, name="fake-aws", body_limit=10_000_000)
    server.start(function)

    def begin(deployment: Deployment | None = None, **options: Any) -> Gateway:
        return serve(deployment or authorized_api(), endpoint_url=server.url, clock=clock, **options)

    yield begin
    server.close()


@pytest.fixture
def call(open_api: Callable[..., Gateway]) -> Call:
    """Send a request to the API with the authorizer."""
    return caller(open_api().url)


def test_an_allowed_request_reaches_the_integration(call: Call, function: FakeLambda) -> None:
    """The function gets the request's parameters and context; other methods need no authorizer."""
    headers = {**BEARER, "X-Twice": "b"}
    assert call("POST", "/live/metrics?db=a&db=b&empty=", POINT, headers).status == 202
    [event] = function.events
    assert function.functions == [AUTHORIZER]
    assert {name: event[name] for name in ("type", "methodArn", "resource", "path", "httpMethod")} == {
        "type": "REQUEST",
        "methodArn": f"{API}/live/POST/metrics",
        "resource": "/metrics",
        "path": "/metrics",
        "httpMethod": "POST",
    }
    assert (event["headers"]["Authorization"], event["multiValueHeaders"]["X-Twice"]) == (
        "Bearer secret",
        ["b"],
    )
    assert event["queryStringParameters"] == {"db": "b", "empty": ""}
    assert event["multiValueQueryStringParameters"] == {"db": ["a", "b"], "empty": [""]}
    assert (event["pathParameters"], event["stageVariables"]) == ({}, {"stream": "metrics-dev"})
    context = event["requestContext"]
    assert (context["stage"], context["resourceId"], context["resourcePath"]) == ("live", "res1", "/metrics")
    assert (context["path"], context["identity"]["sourceIp"]) == ("/live/metrics", "127.0.0.1")
    assert not {"requestOverride", "responseOverride"} & set(context)
    assert call("PUT", "/metrics", POINT).status == 405
    assert len(function.events) == 1


@pytest.mark.parametrize("headers", [{}, {"Authorization": ""}])
def test_a_request_without_identity_is_unauthorized(
    call: Call, function: FakeLambda, headers: dict[str, str]
) -> None:
    """401 without asking the function."""
    reply = call("POST", "/metrics", POINT, headers)
    assert (reply.status, reply.json) == (401, {"message": "Unauthorized"})
    assert reply.headers["x-amzn-ErrorType"] == "UnauthorizedException"
    assert not function.events


@pytest.mark.parametrize(
    ("result", "status", "message"),
    [
        (policy("Deny"), 403, "User is not authorized to access this resource with an explicit deny"),
        (policy(resource=f"{API}/live/GET/*"), 403, "User is not authorized to access this resource"),
        (policy(resource=f"{API}/live/POST/metrics"), 202, None),
        (policy(resource="*"), 202, None),
        (policy(resource=[f"{API}/other/*", f"{API}/live/P?ST/*"]), 202, None),
        (
            {"principalId": "a", "policyDocument": {"Statement": []}},
            403,
            "User is not authorized to access this resource",
        ),
    ],
)
def test_the_policy_decides(
    call: Call, function: FakeLambda, result: Any, status: int, message: str | None
) -> None:
    """Of the method that was called; a policy that is silent denies."""
    function.result = result
    reply = call("POST", "/metrics", POINT, BEARER)
    assert reply.status == status
    if message:
        assert reply.json == {"message": message}


def test_a_denial_comes_before_what_allows(call: Call, function: FakeLambda) -> None:
    """One statement that denies is enough."""
    function.result["policyDocument"]["Statement"] += policy("Deny")["policyDocument"]["Statement"]
    assert call("POST", "/metrics", POINT, BEARER).status == 403


@pytest.mark.parametrize(
    ("by_policy", "result", "status"),
    [
        ("Allow", policy(), 202),
        ("Allow", policy(resource=f"{API}/other/*"), 202),
        ("Allow", policy("Deny"), 403),
        ("Deny", policy(), 403),
        (None, policy(), 202),
        (None, policy(resource=f"{API}/other/*"), 403),
    ],
)
def test_the_apis_own_policy_counts_as_well(
    open_api: Callable[..., Gateway], function: FakeLambda, by_policy: str | None, result: Any, status: int
) -> None:
    """As AWS's table has it: one of the two allows and none denies; what the API denies asks no authorizer."""
    addresses = {"IpAddress": {"aws:SourceIp": "127.0.0.0/8" if by_policy else "203.0.113.0/24"}}
    statement = {
        "Effect": by_policy or "Allow",
        "Principal": "*",
        "Action": "execute-api:Invoke",
        "Resource": "execute-api:/*",
        "Condition": addresses,
    }
    function.result = result
    call = caller(open_api(authorized_api(policy={"Version": "2012-10-17", "Statement": [statement]})).url)
    assert call("POST", "/metrics", POINT, BEARER).status == status
    assert len(function.events) == (by_policy != "Deny")


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"status": 429, "result": {"Message": "Rate Exceeded."}}, "AuthorizerFailureException"),
        ({"status": 500}, "AuthorizerFailureException"),
        ({"failed": True, "result": {"errorMessage": "Task timed out"}}, "AuthorizerFailureException"),
        ({"failed": True, "result": b"no json"}, "AuthorizerFailureException"),
        ({"status": 403}, "AuthorizerConfigurationException"),
        ({"status": 404}, "AuthorizerConfigurationException"),
        ({"result": None}, "AuthorizerConfigurationException"),
        ({"result": b"no json"}, "AuthorizerConfigurationException"),
        ({"result": {"principalId": "a"}}, "AuthorizerConfigurationException"),
        ({"result": {**policy(), "principalId": None}}, "AuthorizerConfigurationException"),
        ({"result": {**policy(), "policyDocument": "text"}}, "AuthorizerConfigurationException"),
        ({"result": policy("allow")}, "AuthorizerConfigurationException"),
        ({"result": policy(resource=f"{API}/{'x' * 512}")}, "AuthorizerConfigurationException"),
        ({"result": policy(context={"a": {"b": 1}})}, "AuthorizerConfigurationException"),
        ({"result": policy(context={"a": ["b"]})}, "AuthorizerConfigurationException"),
    ],
)
def test_an_authorizer_that_fails_is_our_failure(
    call: Call, function: FakeLambda, changes: dict[str, Any], kind: str
) -> None:
    """500 without a word of the reason, and nothing is kept of it."""
    for name, value in changes.items():
        setattr(function, name, value)
    reply = call("POST", "/metrics", POINT, BEARER)
    assert (reply.status, reply.json, reply.headers["x-amzn-ErrorType"]) == (500, {"message": None}, kind)
    function.result, function.status, function.failed = policy(), 200, False
    assert call("POST", "/metrics", POINT, BEARER).status == 202


def test_an_authorizer_may_say_that_somebody_is_unauthorized(call: Call, function: FakeLambda) -> None:
    """By raising exactly that word; it is not kept."""
    function.failed, function.result = True, {"errorMessage": "Unauthorized", "errorType": "Exception"}
    assert [call("POST", "/metrics", POINT, BEARER).status for _ in range(2)] == [401, 401]
    assert len(function.events) == 2


def test_every_failure_may_have_an_answer_of_the_apis_own(
    open_api: Callable[..., Gateway], function: FakeLambda
) -> None:
    """Status and headers of the gateway response, as a client's retries need them."""
    api = authorized_api()
    realm = {"gatewayresponse.header.WWW-Authenticate": "'Basic realm=\"metrics\"'"}
    retry = {"gatewayresponse.header.Retry-After": "'2'"}
    defined = {
        "UNAUTHORIZED": ("401", realm),
        "ACCESS_DENIED": ("401", realm),
        "AUTHORIZER_FAILURE": ("503", retry),
        "AUTHORIZER_CONFIGURATION_ERROR": ("503", retry),
    }
    for kind, (status, headers) in defined.items():
        given = {
            "RestApiId": "api1",
            "ResponseType": kind,
            "StatusCode": status,
            "ResponseParameters": headers,
        }
        added = Resource(kind, "AWS::ApiGateway::GatewayResponse", kind, {}, given)
        api = replace(api, resources={**api.resources, kind: added})
    call = caller(open_api(api).url)

    def answered(result: Any, headers: dict[str, str], **more: Any) -> tuple[int, str | None, str | None]:
        function.result, function.failed = result, more.get("failed", False)
        reply: Reply = call("POST", "/metrics", POINT, headers)
        return reply.status, reply.headers.get("WWW-Authenticate"), reply.headers.get("Retry-After")

    assert answered(policy(), {}) == (401, 'Basic realm="metrics"', None)
    assert answered(policy("Deny"), {"Authorization": "a"}) == (401, 'Basic realm="metrics"', None)
    assert answered({"errorMessage": "x"}, {"Authorization": "b"}, failed=True) == (503, None, "2")
    assert answered(None, {"Authorization": "c"}) == (503, None, "2")


def test_results_are_kept_by_identity_for_their_time(
    open_api: Callable[..., Gateway], function: FakeLambda, clock: Clock
) -> None:
    """Allowed or denied, for every method; each identity has its own."""
    gateway = open_api(authorized_api(AuthorizerResultTtlInSeconds=60))
    call = caller(gateway.url)

    def asked(token: str, expected: int) -> int:
        before = len(function.events)
        assert call("POST", "/metrics", POINT, {"authorization": token}).status == expected
        return len(function.events) - before

    assert [asked("a", 202), asked("a", 202), asked("b", 202)] == [1, 0, 1]
    function.result = policy("Deny")
    assert [asked("a", 202), asked("c", 403), asked("c", 403)] == [0, 1, 0]
    clock.advance(61)
    assert [asked("a", 403), asked("a", 403)] == [1, 0]
    gateway.flush_authorizers()
    function.result = policy()
    assert [asked("a", 202), asked("c", 202), asked("c", 202)] == [1, 1, 0]


def test_without_a_time_nothing_is_kept(open_api: Callable[..., Gateway], function: FakeLambda) -> None:
    """The function is asked each time, also for a request without any identity."""
    call = caller(open_api(authorized_api(AuthorizerResultTtlInSeconds=0, IdentitySource="")).url)
    assert [call("POST", "/metrics", POINT).status for _ in range(3)] == [202, 202, 202]
    assert len(function.events) == 3


def test_a_result_asked_for_before_a_flush_is_not_kept(
    open_api: Callable[..., Gateway], function: FakeLambda
) -> None:
    """A token that is revoked meanwhile is asked for again."""
    gateway = open_api()
    call = caller(gateway.url)
    function.held.clear()
    thread = threading.Thread(target=call, args=("POST", "/metrics", POINT, BEARER))
    thread.start()
    while not function.events:
        thread.join(0.005)
    gateway.flush_authorizers()
    function.held.set()
    thread.join()
    assert call("POST", "/metrics", POINT, BEARER).status == 202
    assert len(function.events) == 2


def test_several_sources_make_one_identity(open_api: Callable[..., Gateway], function: FakeLambda) -> None:
    """Header, query, stage and context; each must be there, and a change of one asks anew."""
    sources = (
        "method.request.header.A, method.request.querystring.b, stageVariables.stream, context.httpMethod"
    )
    call = caller(open_api(authorized_api(IdentitySource=sources)).url)
    statuses = [
        call("POST", path, POINT, {"A": value}).status
        for path, value in (
            ("/metrics?b=1", "x"),
            ("/metrics?b=2", "x"),
            ("/metrics?b=2", "y"),
            ("/metrics", "x"),
        )
    ]
    assert (statuses, len(function.events)) == ([202, 202, 202, 401], 3)


def test_a_token_authorizer_gets_the_token_alone(
    open_api: Callable[..., Gateway], function: FakeLambda
) -> None:
    """A token that its expression does not match is unauthorized without asking."""
    changes = {"Type": "TOKEN", "IdentityValidationExpression": "Bearer [a-z]+"}
    call = caller(open_api(authorized_api(**changes)).url)
    assert call("POST", "/metrics", POINT, BEARER).status == 202
    assert function.events == [
        {"type": "TOKEN", "methodArn": f"{API}/live/POST/metrics", "authorizationToken": "Bearer secret"}
    ]
    for wrong in ("Bearer SECRET", "Bearer a b", "x Bearer a"):
        assert call("POST", "/metrics", POINT, {"Authorization": wrong}).status == 401
    assert len(function.events) == 1


def test_templates_read_the_context_as_text(open_api: Callable[..., Gateway], function: FakeLambda) -> None:
    """Numbers and booleans too; the principal stands beside them."""
    fields = ("client", "number", "truth", "principalId")
    template = json.dumps(
        {
            "StreamName": "s",
            "Data": "",
            "PartitionKey": "/".join(f"$context.authorizer.{name}" for name in fields),
        }
    )
    api = authorized_api()
    method = api.resources["PostMetrics"]
    changed = integration(rest_api(), "PostMetrics", RequestTemplates={"application/json": template})
    resources = {
        **api.resources,
        "PostMetrics": replace(method, properties={**method.properties, "Integration": changed}),
    }
    api = replace(api, resources=resources)
    function.result = policy(context={"client": "press-7", "number": 1.5, "truth": True})
    call = caller(open_api(api).url)
    for _ in range(2):
        assert call("POST", "/metrics", POINT, BEARER).status == 202
    assert [record["PartitionKey"] for record in function.records] == ["press-7/1.5/true/somebody"] * 2


def test_the_function_is_invoked_as_the_authorizers_role_or_as_the_service(
    open_api: Callable[..., Gateway], function: FakeLambda
) -> None:
    """With its credentials where it has any; else as API Gateway, which calls for the authorizer."""
    asked: list[tuple[str, str]] = []

    def issue(kind: str) -> Callable[[str, str], Credentials]:
        def give(first: str, second: str) -> Credentials:
            asked.append((first, second))
            return Credentials(kind)

        return give

    for role, expected in (
        (None, ("apigateway.amazonaws.com", f"{API}/authorizers/auth1")),
        ("arn:role", ("arn:role", "BackplaneAssumeRoleSession")),
    ):
        gateway = open_api(
            authorized_api(AuthorizerCredentials=role), act_as=issue("role"), act_for=issue("service")
        )
        assert caller(gateway.url)("POST", "/metrics", POINT, BEARER).status == 202
        assert asked[0] == expected
        asked.clear()
    assert function.signed_by == ["service", "role"]
