"""The ingest API: what it accepts, what it puts on the stream, and every answer it gives."""

import base64
import json
import re
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator
from troposphere import Template

from emulator.apigateway.context import Override
from emulator.apigateway.errors import GatewayError
from emulator.apigateway.mapping_template import Input, JavaMap, MappingTemplate, Util
from emulator.apigateway.request import ApiRequest
from emulator.apigateway.resource_policy import load_policy
from emulator.apigateway.validation import Model
from handlers.domain.timestamp import read_timestamp
from handlers.domain.violation import Violation
from templates.components.clients import add_clients
from templates.components.ingest_api import add_ingest_api
from templates.components.ingest_api.formats.metrics import BODY, RFC_3339
from templates.components.ingest_api.resource_policy import resource_policy
from templates.components.platform import add_platform
from templates.components.stream import add_stream
from templates.config import load
from templates.config.pipeline import Api
from tests.support.generated import Generated, build, other

OFFICE = ("203.0.113.0/24", "2001:db8::/32")
REQUEST_ID = "JfNb/W+pIAMFYqA="
DEV = build("regional", load("dev"))
OTHER = build("regional", other())
PROD = build("regional", load("prod"))


@dataclass
class Rendered:
    """The output of a mapping template: its text, and what it overrode."""

    text: str
    status: int | None
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        """The text as JSON."""
        return json.loads(self.text)


def render(template: str, payload: bytes, *, headers: tuple[tuple[str, str], ...] = ()) -> Rendered:
    """The template rendered as API Gateway renders it, for a request with these headers."""
    request = ApiRequest("POST", "/metrics", headers, b"")
    context = JavaMap(extendedRequestId=REQUEST_ID, responseOverride=Override(header=Override()))
    inputs = Input(request, ApiRequest("POST", "/", (), payload))
    text = MappingTemplate(template, where="test").render(
        {"input": inputs, "context": context, "util": Util()}
    )
    override = context["responseOverride"]
    return Rendered(text, override.get("status"), dict(override["header"]))


def integration(stack: Generated, method: str) -> dict[str, Any]:
    """A method's integration."""
    found: dict[str, Any] = stack.of("AWS::ApiGateway::Method")[method]["Integration"]
    return found


def response(stack: Generated, kinesis_status: int) -> dict[str, Any]:
    """The integration response that an answer of Kinesis leads to, found as API Gateway does."""
    responses = integration(stack, "MetricsPostMethod")["IntegrationResponses"]
    matching = [
        one
        for one in responses
        if re.fullmatch(one.get("SelectionPattern", "(?!)"), str(kinesis_status)) is not None
    ]
    assert len(matching) <= 1, "patterns must not overlap: which one wins is not defined"
    chosen: dict[str, Any] = (matching or [one for one in responses if "SelectionPattern" not in one])[0]
    return chosen


GOOD: list[Any] = [
    {"metric_name": "cpu.load", "value": 0.7},
    {"metric_name": "cpu.load", "value": 1, "metric_type": "system", "timestamp": 1763769600000},
    {"metric_name": "x", "value": -1e300, "timestamp": "2025-11-22T00:00:00Z", "dimensions": {"host": "a"}},
    {"metrics": [{"metric_name": "a", "value": 1}]},
    {"metrics": [{"metric_name": "a", "value": 1, "dimensions": {}}] * 1000},
    {"metric_name": "m" * 1000, "value": 1},
    {"metric_name": "a", "value": 1, "dimensions": {str(number): "x" for number in range(200)}},
    {"metric_name": "a", "value": float("inf")},
]
BAD: list[Any] = [
    [],
    "text",
    None,
    7,
    {},
    {"metrics": []},
    {"metrics": {}},
    {"metrics": [[]]},
    {"metrics": [{"metric_name": "a"}]},
    {"metrics": [{"metric_name": "a", "value": 1}, {"value": 1}]},
    {"metrics": [{"metric_name": "a", "value": 1}], "metric_name": "b", "value": 2},
    {"metric_name": "a"},
    {"value": 1},
    {"metric_name": "", "value": 1},
    {"metric_name": 1, "value": 1},
    {"metric_name": "a", "value": "1"},
    {"metric_name": "a", "value": True},
    {"metric_name": "a", "value": None},
    {"metric_name": "a", "value": 1, "metric_type": "other"},
    {"metric_name": "a", "value": 1, "timestamp": 1.5},
    {"metric_name": "a", "value": 1, "timestamp": None},
    {"metric_name": "a", "value": 1, "dimensions": {"host": 1}},
    {"metric_name": "a", "value": 1, "dimensions": ["host"]},
    {"metric_name": "a", "value": 1, "dimension": {"host": "a"}},
]


@pytest.mark.parametrize("body", GOOD, ids=lambda body: json.dumps(body)[:60])
def test_the_model_takes_what_can_be_a_metric(body: Any) -> None:
    """Names, times and numbers of dimensions are the consumer's to judge, so they pass."""
    assert Draft4Validator(BODY).is_valid(body)


@pytest.mark.parametrize("body", BAD, ids=json.dumps)
def test_the_model_refuses_what_cannot_be_a_metric(body: Any) -> None:
    """A wrong shape, a missing field, an empty batch or an unknown field refuses the whole request."""
    assert not Draft4Validator(BODY).is_valid(body)


def test_the_model_is_of_the_draft_that_api_gateway_knows() -> None:
    """Draft 4, and without references, which API Gateway resolves only in part."""
    Draft4Validator.check_schema(BODY)
    assert BODY["$schema"] == "http://json-schema.org/draft-04/schema#"
    assert "$ref" not in json.dumps(BODY)


def test_only_json_that_was_validated_reaches_the_stream(regional: Generated) -> None:
    """The method validates JSON bodies, and nothing passes by the model but what no model can judge."""
    method = regional.of("AWS::ApiGateway::Method")["MetricsPostMethod"]
    model = regional.of("AWS::ApiGateway::Model")[method["RequestModels"]["application/json"]["Ref"]]
    validator = regional.of("AWS::ApiGateway::RequestValidator")[method["RequestValidatorId"]["Ref"]]
    assert validator["ValidateRequestBody"] is True
    assert json.loads(model["Schema"]) == BODY
    assert method["Integration"]["PassthroughBehavior"] == "NEVER"
    assert set(method["RequestModels"]) == {"application/json"}
    assert set(method["Integration"]["RequestTemplates"]) == {"application/json", "application/gzip"}


@pytest.mark.parametrize(
    "body",
    [
        b'{"metric_name":"a","value":1}',
        ' {"metric_name": "h\u00f6he \U0001f300", "value": 10.00}\n'.encode(),
        b'{"a":"$x #set"}',
    ],
)
def test_the_record_holds_the_body_unchanged(body: bytes) -> None:
    """Spaces, number formats, any character and what looks like Velocity reach the stream as they came."""
    template = integration(DEV, "MetricsPostMethod")["RequestTemplates"]["application/json"]
    text, names = template["Fn::Sub"]
    assert names == {"Stream": {"Ref": "Stream"}}
    record = render(text.replace("${Stream}", "the-stream"), body).json
    assert record == {
        "StreamName": "the-stream",
        "PartitionKey": f"json/-/{REQUEST_ID}",
        "Data": base64.b64encode(body).decode(),
    }


@pytest.mark.parametrize(
    ("kinesis_status", "answer", "status", "retry_after"),
    [
        (200, {"SequenceNumber": "1", "ShardId": "shardId-000000000000"}, 202, False),
        (400, {"__type": "ProvisionedThroughputExceededException", "message": "m"}, 503, True),
        (400, {"__type": "KMSThrottlingException", "message": "m"}, 503, True),
        (400, {"__type": "ResourceNotFoundException", "message": "m"}, 503, True),
        (400, {"__type": "com.amazonaws.kinesis.v20131202#LimitExceededException"}, 503, True),
        (400, {}, 503, True),
        (400, {"__type": "ValidationException", "message": "m"}, 413, False),
        (400, {"__type": "com.amazonaws.kinesis.v20131202#InvalidArgumentException"}, 413, False),
        (413, "Request Entity Too Large", 413, False),
        (403, {"__type": "AccessDeniedException"}, 503, True),
        (302, "", 503, True),
        (500, {"__type": "InternalFailure", "message": "m"}, 503, True),
        (503, "<html>", 503, True),
    ],
)
@pytest.mark.parametrize("stack", [DEV, OTHER, PROD], ids=["dev", "other", "prod"])
def test_each_answer_of_kinesis_has_its_own(
    stack: Generated, kinesis_status: int, answer: Any, status: int, retry_after: bool
) -> None:
    """202 only when Kinesis has the record; 413 for too much; 503 with Retry-After for everything else."""
    said = answer if isinstance(answer, str) else json.dumps(answer)
    chosen = response(stack, kinesis_status)
    rendered = render(chosen["ResponseTemplates"]["application/json"], said.encode())
    headers = {**static_headers(chosen), **rendered.headers}
    assert (rendered.status or int(chosen["StatusCode"])) == status
    assert (headers.get("Retry-After") == "2") is retry_after
    assert rendered.json["request_id"] == REQUEST_ID
    assert rendered.json["status" if status == 202 else "message"]
    assert not any(word in rendered.text for word in ("Exception", "shardId", "the-stream"))


@pytest.mark.parametrize(("kib", "words"), [(1024, "1 MiB"), (4096, "4 MiB"), (1500, "1500 KiB")])
def test_a_body_over_the_streams_records_is_told_what_they_hold(kib: int, words: str) -> None:
    """Whichever way Kinesis says that it is too large, in the words of stream.max_record_kib."""
    config = load("dev")
    stack = build("regional", replace(config, stream=replace(config.stream, max_record_kib=kib)))
    assert stack.of("AWS::Kinesis::Stream")["Stream"]["MaxRecordSizeInKiB"] == kib
    for status, said in ((400, b'{"__type": "ValidationException"}'), (413, b"")):
        chosen = response(stack, status)
        rendered = render(chosen["ResponseTemplates"]["application/json"], said)
        assert f"({words})" in rendered.json["message"]


def static_headers(chosen: dict[str, Any]) -> dict[str, str]:
    """The headers that an integration response always sets."""
    return {
        name.removeprefix("method.response.header."): value.strip("'")
        for name, value in chosen["ResponseParameters"].items()
    }


def test_every_answer_is_declared(regional: Generated) -> None:
    """API Gateway answers 500 for a status, and drops a header, that the method does not declare."""
    for title, method in regional.of("AWS::ApiGateway::Method").items():
        declared = {one["StatusCode"]: set(one["ResponseParameters"]) for one in method["MethodResponses"]}
        for one in method["Integration"]["IntegrationResponses"]:
            assert set(one["ResponseParameters"]) <= declared[one["StatusCode"]], title
    assert {"202", "400", "413", "503"} == {
        one["StatusCode"]
        for one in regional.of("AWS::ApiGateway::Method")["MetricsPostMethod"]["MethodResponses"]
    }


def test_failures_of_the_gateway_are_in_our_words(regional: Generated) -> None:
    """Whatever goes wrong inside is 503 with Retry-After, and AWS's own text is never passed on."""
    responses = {one["ResponseType"]: one for one in regional.of("AWS::ApiGateway::GatewayResponse").values()}
    for kind in ("INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT", "DEFAULT_5XX", "THROTTLED"):
        assert responses[kind]["StatusCode"] == "503"
        assert responses[kind]["ResponseParameters"]["gatewayresponse.header.Retry-After"] == "'2'"
    assert not [one for one in responses.values() if one.get("StatusCode") == "429"], (
        "some clients drop on it"
    )
    assert "StatusCode" not in responses["DEFAULT_4XX"], "it would become the status of every 4xx"
    assert "REQUEST_TOO_LARGE" not in responses, "API Gateway does not let it be changed"
    for kind, one in responses.items():
        text = one["ResponseTemplates"]["application/json"]
        said = json.loads(text)
        assert set(said) >= {"message", "request_id", "code"}, kind
        assert said["error"] == said["message"], "clients of InfluxDB read one or the other"
        assert "$context.error.message" not in text, kind
    assert "$context.error.validationErrorString" in str(responses["BAD_REQUEST_BODY"]["ResponseTemplates"])


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("MetricsAnyMethod", "metrics", 405, "POST"),
        ("HealthAnyMethod", "health", 405, "GET"),
        ("OtherAnyMethod", "{proxy+}", 404, None),
        ("RootAnyMethod", None, 404, None),
    ],
)
def test_other_methods_and_paths_are_answered(
    method: str, path: str | None, status: int, allow: str | None
) -> None:
    """405 with the methods there are, 404 for other paths, without credentials and for any usual content type."""
    found = PROD.of("AWS::ApiGateway::Method")[method]
    resource = found["ResourceId"]
    if path is None:
        assert resource == {"Fn::GetAtt": ["IngestApi", "RootResourceId"]}
    else:
        assert PROD.of("AWS::ApiGateway::Resource")[resource["Ref"]]["PathPart"] == path
    (answer,) = found["Integration"]["IntegrationResponses"]
    assert (found["HttpMethod"], found["AuthorizationType"]) == ("ANY", "NONE")
    assert answer["StatusCode"] == str(status)
    assert static_headers(answer).get("Allow") == allow
    assert render(answer["ResponseTemplates"]["application/json"], b"").json["request_id"] == REQUEST_ID
    templates = found["Integration"]["RequestTemplates"]
    assert {"application/json", "application/x-www-form-urlencoded", "text/plain"} <= set(templates)
    assert {json.loads(template)["statusCode"] for template in templates.values()} == {status}


def test_health_says_what_is_deployed(regional: Generated) -> None:
    """GET /health names project, environment, region and version."""
    (answer,) = integration(regional, "HealthGetMethod")["IntegrationResponses"]
    text, names = answer["ResponseTemplates"]["application/json"]["Fn::Sub"]
    for name, value in {**names, "AWS::Region": "eu-west-1"}.items():
        text = text.replace(f"${{{name}}}", value)
    health = json.loads(text)
    assert health.pop("version")[0].isdigit()
    assert health == {
        "status": "ok",
        "project": regional.config.project,
        "environment": regional.config.environment,
        "region": "eu-west-1",
    }


def test_no_answer_depends_on_what_the_client_accepts(regional: Generated) -> None:
    """With binary media types, API Gateway would take an answer for base64 if the client accepts one: 500."""
    for title, method in regional.of("AWS::ApiGateway::Method").items():
        parts = [method["Integration"], *method["Integration"]["IntegrationResponses"]]
        assert {part.get("ContentHandling") for part in parts} == {"CONVERT_TO_TEXT"}, title


def test_requests_are_signed_unless_the_environment_says_otherwise() -> None:
    """dev takes anybody's metrics, the others want AWS signatures, and say so to whoever sends none."""
    posts = [stack.of("AWS::ApiGateway::Method")["MetricsPostMethod"] for stack in (DEV, PROD, OTHER)]
    assert [post["AuthorizationType"] for post in posts] == ["NONE", "AWS_IAM", "AWS_IAM"]
    missing = [
        stack.of("AWS::ApiGateway::GatewayResponse")["IngestApiMissingAuthenticationTokenResponse"][
            "StatusCode"
        ]
        for stack in (DEV, PROD)
    ]
    assert missing == ["404", "403"]


TOKENS = replace(load("dev"), api=replace(load("dev").api, auth="token"))


def with_tokens() -> dict[str, dict[str, Any]]:
    """The resources of an API that knows its clients by their tokens."""
    template = Template()
    platform = add_platform(template, TOKENS)
    stream = add_stream(template, TOKENS, platform)
    add_ingest_api(template, TOKENS, platform, sink=stream, clients=add_clients(template, platform))
    resources: dict[str, dict[str, Any]] = template.to_dict()["Resources"]
    return resources


def test_clients_are_known_by_their_tokens() -> None:
    """Whatever stores something asks the authorizer, by the one header; the client stands in the partition key."""
    resources = with_tokens()
    authorizer = resources["IngestApiAuthorizer"]["Properties"]
    assert (authorizer["Type"], authorizer["IdentitySource"]) == (
        "REQUEST",
        "method.request.header.Authorization",
    )
    deployment = next(one for one in resources.values() if one["Type"] == "AWS::ApiGateway::Deployment")
    assert "IngestApiAuthorizer" in deployment["DependsOn"]
    methods = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::ApiGateway::Method"]
    posts = [one for one in methods if one["Integration"]["Type"] == "AWS"]
    assert {one["HttpMethod"] for one in posts} == {"POST"}
    heartbeat = resources["HeartbeatPostMethod"]["Properties"]
    posts.remove(heartbeat)
    methods.remove(heartbeat)
    for post in posts:
        assert post["AuthorizationType"] == "CUSTOM"
        assert post["AuthorizerId"] == {"Ref": "IngestApiAuthorizer"}
        for request in post["Integration"]["RequestTemplates"].values():
            assert "/$context.authorizer.client/$context.extendedRequestId" in request["Fn::Sub"][0]
    assert {one["AuthorizationType"] for one in methods if one not in posts} == {"NONE"}
    stage = resources["IngestApiStage"]["Properties"]
    assert json.loads(stage["AccessLogSetting"]["Format"])["caller"] == "$context.authorizer.client"


def test_a_token_that_is_missing_or_wrong_is_asked_for() -> None:
    """401 with a challenge, after which collectd sends its own; trouble of the authorizer is no refusal: 503."""
    resources = with_tokens()
    responses = {
        one["Properties"]["ResponseType"]: one["Properties"]
        for one in resources.values()
        if one["Type"] == "AWS::ApiGateway::GatewayResponse"
    }
    for kind in ("UNAUTHORIZED", "ACCESS_DENIED"):
        assert responses[kind]["StatusCode"] == "401"
        asked = responses[kind]["ResponseParameters"]["gatewayresponse.header.WWW-Authenticate"]
        assert asked == "'Basic realm=\"metrics-dev\"'"
    for kind in ("AUTHORIZER_FAILURE", "AUTHORIZER_CONFIGURATION_ERROR"):
        assert responses[kind]["StatusCode"] == "503"
        assert responses[kind]["ResponseParameters"]["gatewayresponse.header.Retry-After"] == "'2'"
    assert responses["MISSING_AUTHENTICATION_TOKEN"]["StatusCode"] == "404"


def test_without_web_origins_there_is_no_cors() -> None:
    """No OPTIONS method, and no header that lets a page read an answer."""
    methods = PROD.of("AWS::ApiGateway::Method")
    assert not [one for one in methods.values() if one["HttpMethod"] == "OPTIONS"]
    assert "Access-Control" not in json.dumps(PROD.body)


def test_one_origin_is_allowed_everywhere() -> None:
    """The preflight, every answer and every error carry the header, or a page could not read why it failed."""
    for one in DEV.of("AWS::ApiGateway::Method").values():
        for answer in one["Integration"]["IntegrationResponses"]:
            assert static_headers(answer)["Access-Control-Allow-Origin"] == "*"
    for one in DEV.of("AWS::ApiGateway::GatewayResponse").values():
        assert one["ResponseParameters"]["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"
    (preflight,) = integration(DEV, "MetricsOptionsMethod")["IntegrationResponses"]
    headers = static_headers(preflight)
    assert preflight["StatusCode"] == "204"
    assert headers["Access-Control-Allow-Methods"] == "POST,OPTIONS"
    assert {"Content-Type", "Content-Encoding"} <= set(headers["Access-Control-Allow-Headers"].split(","))


@pytest.mark.parametrize("method", ["MetricsPostMethod", "MetricsOptionsMethod", "OtherAnyMethod"])
@pytest.mark.parametrize(
    ("sent", "allowed"),
    [
        ((("Origin", "https://b.example:8443"),), "https://b.example:8443"),
        ((("origin", "https://a.example"),), "https://a.example"),
        ((("Origin", "https://evil.example"),), None),
        ((), None),
    ],
)
def test_of_several_origins_the_one_that_asks_is_allowed(
    method: str, sent: tuple[tuple[str, str], ...], allowed: str | None
) -> None:
    """An answer names one origin, so it is chosen by who asks, and caches are told so."""
    for answer in integration(OTHER, method)["IntegrationResponses"]:
        rendered = render(answer["ResponseTemplates"]["application/json"], b"{}", headers=sent)
        assert rendered.headers.get("Access-Control-Allow-Origin") == allowed
        assert static_headers(answer)["Vary"] == "Origin"


def lets_in(api: Api, path: str, source_ip: str, account: str | None, role_arn: str = "") -> bool:
    """True if the policy that these settings lead to lets a request pass, held against it as API Gateway does."""
    config = load("dev")
    generated = build("regional", replace(config, api=api)).of("AWS::ApiGateway::RestApi")["IngestApi"]
    if "Policy" not in generated:
        return True
    text = (
        json.dumps(generated["Policy"]).replace("${AWS::Partition}", "aws").replace("${AWS::AccountId}", OURS)
    )
    policy = json.loads(re.sub(r'\{"Fn::Sub": ("[^"]*")\}', r"\1", text))
    said = load_policy("IngestApi", policy, "arn:aws:execute-api:us-east-1:123456789012:api1").allows(
        path, source_ip, account, role_arn
    )
    return account == "123456789012" if said is None else said


POST, HEALTH = "dev/POST/metrics", "dev/GET/health"
HERE, THERE, OURS, THEIRS = "203.0.113.7", "198.51.100.7", "123456789012", "210987654321"


@pytest.mark.parametrize(
    ("settings", "path", "let_in"),
    [
        # who is let in of: from here unsigned, from elsewhere unsigned; from here ours, theirs, a third's
        ({"auth": "none"}, POST, "here there ours theirs third"),
        ({"auth": "none", "allow_from": OFFICE}, POST, "here ours theirs third"),
        ({"auth": "none", "allow_from": OFFICE}, HEALTH, "here ours theirs third"),
        ({"auth": "iam", "allow_from": OFFICE}, POST, "ours"),
        ({"auth": "token", "allow_from": OFFICE}, HEALTH, "here ours theirs third"),
        ({"auth": "iam", "allow_from": OFFICE}, HEALTH, "here ours theirs third"),
        ({"auth": "iam", "allow_accounts": (THEIRS,)}, POST, "ours theirs"),
        ({"auth": "iam", "allow_accounts": (THEIRS,)}, HEALTH, "here there ours theirs third"),
        ({"auth": "iam", "allow_accounts": (THEIRS,), "allow_from": OFFICE}, POST, "ours theirs"),
        (
            {"auth": "iam", "allow_accounts": (THEIRS,), "allow_from": OFFICE},
            HEALTH,
            "here ours theirs third",
        ),
    ],
)
def test_the_policy_lets_in_whom_the_settings_name(settings: Any, path: str, let_in: str) -> None:
    """Addresses bind everybody, accounts may post, and what is not signed still says who is there."""
    api = replace(load("dev").api, **settings)
    callers = {
        "here": (HERE, None),
        "there": (THERE, None),
        "ours": (HERE, OURS),
        "theirs": (HERE, THEIRS),
        "third": (HERE, "333333333333"),
    }
    found = [name for name, (source_ip, account) in callers.items() if lets_in(api, path, source_ip, account)]
    assert found == let_in.split()
    if "allow_from" in settings:
        assert not any(lets_in(api, path, THERE, account) for account in (None, OURS, THEIRS))


@pytest.mark.parametrize("auth", ["none", "iam", "token"])
def test_addresses_do_not_bind_the_stacks_own_roles(auth: str) -> None:
    """A heartbeat comes from AWS's addresses; another role of the account, or of another environment, does not pass."""
    api = replace(load("dev").api, auth=auth, allow_from=OFFICE)
    own, others = (
        f"arn:aws:iam::{OURS}:role/{path}Role" for path in ("metrics-dev/Heartbeat", "metrics-dev2/")
    )
    assert lets_in(api, "dev/POST/heartbeat", THERE, OURS, own)
    assert not lets_in(api, "dev/POST/heartbeat", THERE, OURS, others)
    assert not lets_in(api, "dev/POST/heartbeat", THERE, OURS, f"arn:aws:iam::{OURS}:role/Admin")
    assert not lets_in(api, "dev/POST/heartbeat", THERE, THEIRS, own.replace(OURS, THEIRS))


def test_without_addresses_and_accounts_there_is_no_policy() -> None:
    """Signed callers of this account need their own permission then, and nobody else has one."""
    assert "Policy" not in PROD.of("AWS::ApiGateway::RestApi")["IngestApi"]


def test_the_longest_policy_is_one_that_api_gateway_takes() -> None:
    """8,192 characters: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html"""
    longest = replace(
        load("dev").api,
        auth="iam",
        allow_from=tuple(f"2001:db8:aaaa:bbbb:cccc:dddd:eeee:{number}/128" for number in range(1000, 1100)),
        allow_accounts=tuple(str(210987654300 + number) for number in range(50)),
    )
    text = json.dumps(
        resource_policy(longest, stage="longname", own_roles=f"/{'p' * 40}-{'e' * 20}/"),
        separators=(",", ":"),
    )
    assert (
        len(re.sub(r'\{"Fn::Sub":("[^"]*")\}', r"\1", text).replace("${AWS::Partition}", "aws-us-gov")) < 8192
    )


def test_an_output_names_what_a_client_has_to_be_allowed(regional: Generated) -> None:
    """The ARN covers every path that is posted to, in this API's stage alone."""
    arn, names = regional.body["Outputs"]["IngestArn"]["Value"]["Fn::Sub"]
    partition, region, account = "${AWS::Partition}", "${AWS::Region}", "${AWS::AccountId}"
    assert arn == f"arn:{partition}:execute-api:{region}:{account}:${{Api}}/${{Stage}}/POST/*"
    assert names == {"Api": {"Ref": "IngestApi"}, "Stage": {"Ref": "IngestApiStage"}}


def test_the_stage_is_called_after_the_environment(regional: Generated) -> None:
    """Every path stands below the API's address and the environment's name, and so the base URL ends in no path."""
    assert regional.of("AWS::ApiGateway::Stage")["IngestApiStage"]["StageName"] == regional.config.environment
    base, _ = regional.body["Outputs"]["BaseUrl"]["Value"]["Fn::Sub"]
    for name, path in (("IngestUrl", "/metrics"), ("HealthUrl", "/health")):
        assert regional.body["Outputs"][name]["Value"]["Fn::Sub"][0] == base + path
    assert base.endswith("/${Stage}")


def deployment(stack: Generated) -> str:
    """The logical id of the stack's deployment."""
    (title,) = stack.of("AWS::ApiGateway::Deployment")
    return title


def test_a_change_to_the_api_makes_a_new_deployment() -> None:
    """A deployment is a snapshot: without a new one, a change would never be served."""
    config = load("dev")
    signed = replace(config, api=replace(config.api, auth="iam"))
    elsewhere = replace(config, store=replace(config.store, magnetic_days=31))
    inside = replace(config, api=replace(config.api, allow_from=OFFICE))
    assert deployment(build("regional", signed)) != deployment(DEV)
    assert deployment(build("regional", inside)) != deployment(DEV)
    assert deployment(build("regional", elsewhere)) == deployment(DEV)
    assert DEV.of("AWS::ApiGateway::Stage")["IngestApiStage"]["DeploymentId"] == {"Ref": deployment(DEV)}


def test_a_deployment_waits_for_all_it_shall_hold(regional: Generated) -> None:
    """Every method, model and answer is there before the snapshot is taken."""
    waits = set(regional.resources[deployment(regional)]["DependsOn"])
    parts = {
        title
        for title, part in regional.resources.items()
        if "RestApiId" in part["Properties"] and not part["Type"].endswith(("::Deployment", "::Stage"))
    }
    assert waits == parts
    assert len(parts) > 15


def test_gzip_bodies_are_unpacked_before_they_are_validated(regional: Generated) -> None:
    """A minimum compression size makes API Gateway do so for bodies of that size and up; JSON is no binary type."""
    (api,) = regional.of("AWS::ApiGateway::RestApi").values()
    assert api["MinimumCompressionSize"] == 0
    # An API that lists application/json would hand all our bodies over in base64.
    assert api["BinaryMediaTypes"] == ["application~1gzip", "application~1x-protobuf"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"metric_name": "a"}, 'property "metric_name" of object has missing property dependencies'),
        ({"metric_name": "a"}, 'missing: ["value"]'),
        ({"value": 1}, 'missing: ["metric_name"]'),
        ({"metric_type": "system"}, 'missing: ["metric_name","value"]'),
        ({"metrics": [{"metric_name": "a"}]}, 'object has missing required properties (["value"])'),
        (
            {"metrics": [{"metric_name": "a", "value": 1}], "value": 2},
            "object has too many properties (found 2",
        ),
        ({"metrics": []}, "array is too short"),
        ({}, "object has too few properties"),
        ({"metric_name": "a", "value": "1"}, "type (string) does not match any allowed primitive type"),
        ({"metric_name": "a", "value": 1, "tags": {}}, 'not allowed by the schema: ["tags"]'),
        ({"metric_name": "a", "value": 1, "metric_type": "x"}, 'instance value ("x") not found in enum'),
    ],
)
def test_a_refusal_names_what_is_wrong(body: Any, said: str) -> None:
    """The reason is about the client's mistake, never about how many schemas it failed."""
    with pytest.raises(GatewayError) as error:
        Model(BODY, where="test").check(ApiRequest("POST", "/metrics", (), json.dumps(body).encode()))
    assert said in str(error.value.validation_error)


@given(
    text=st.from_regex(
        r"\d{4}-[01]\d-[0-3]\d[Tt ][0-2]\d:[0-6]\d:[0-6]\d(\.\d{1,12})?([Zz]|[+-][0-2]\d:[0-6]\d)",
        fullmatch=True,
    )
    | st.text()
    | st.datetimes().map(lambda moment: f"{moment.isoformat()}+23:59")
)
def test_the_model_refuses_no_time_that_the_consumer_reads(text: str) -> None:
    """A whole request is not lost for a point that would be stored."""
    fits = Draft4Validator(BODY).is_valid({"metric_name": "m", "value": 1, "timestamp": text})
    assert fits or isinstance(read_timestamp(text), Violation)


def test_a_leap_second_costs_its_own_point_alone() -> None:
    """RFC 3339 has it, the consumer does not: it is set aside, and its neighbours are stored."""
    text = "2016-12-31T23:59:60Z"
    assert Draft4Validator(BODY).is_valid({"metric_name": "m", "value": 1, "timestamp": text})
    assert isinstance(read_timestamp(text), Violation)


def test_the_reason_of_a_400_has_no_backslash_of_ours() -> None:
    """The pattern stands in the reason, inside a text of JSON in which API Gateway escapes quotation marks."""
    assert "\\" not in RFC_3339
