"""Conversions of binary bodies, row by row of AWS's table of content types."""

import base64
import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from emulator import Answered, Gateway
from emulator.apigateway.binary_support import convert_request, convert_response, is_listed
from emulator.apigateway.errors import GatewayError
from tests.support.http_client import Call, caller
from tests.support.rest_api import ACCEPTED_TEMPLATE, FakeKinesis, integration, rest_api

PACKED = gzip.compress(b'{"metric_name": "a", "value": 1}', mtime=0)
DAMAGED = PACKED.decode("utf-8", "replace").encode()
BASE64 = base64.b64encode(PACKED)
TEXT, BINARY = "CONVERT_TO_TEXT", "CONVERT_TO_BINARY"
AS_IT_IS = '{"StreamName": "s", "PartitionKey": "k", "Data": "$input.body"}'


def protobuf_api(listed: list[str], handling: str | None, template: str = AS_IT_IS, **more: Any) -> Any:
    """The small API with a template for protobuf, and what of a response it converts."""
    responses = [{"StatusCode": "202", "ResponseTemplates": {"application/json": ACCEPTED_TEMPLATE}, **more}]
    changes: dict[str, Any] = {
        "RequestTemplates": {"application/x-protobuf": template},
        "IntegrationResponses": responses,
    }
    if handling:
        changes["ContentHandling"] = handling
    post = {"Integration": integration(rest_api(), "PostMetrics", **changes)}
    return rest_api(Api={"BinaryMediaTypes": listed}, PostMetrics=post)


@pytest.fixture
def calling(serve: Callable[..., Gateway]) -> Callable[..., Call]:
    """Serve such an API and send requests to it."""
    return lambda *given, **more: caller(serve(protobuf_api(*given, **more)).url)


SENT = {"Content-Type": "application/x-protobuf"}


@pytest.mark.parametrize(
    ("media_type", "listed"),
    [
        ("application/x-protobuf", True),
        ("image/png", True),
        ("application/json", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_a_type_is_binary_if_it_or_its_family_is_listed(media_type: str, *, listed: bool) -> None:
    """An entry may end in `/*`; a client's own `*/*` is no entry."""
    assert is_listed(media_type, ["application/x-protobuf", "image/*"]) is listed
    assert is_listed(media_type, ["*/*"])
    assert not is_listed(media_type, [])


@pytest.mark.parametrize(
    ("body", "binary", "handling", "expected"),
    [
        (PACKED, False, None, (DAMAGED, True)),
        (PACKED, False, TEXT, (DAMAGED, True)),
        (BASE64, False, BINARY, (PACKED, False)),
        (PACKED, True, None, (PACKED, False)),
        (PACKED, True, BINARY, (PACKED, False)),
        (PACKED, True, TEXT, (BASE64, True)),
        (b"text", True, TEXT, (b"dGV4dA==", True)),
    ],
)
def test_a_request_is_converted_by_its_content_type(
    body: bytes, handling: str | None, expected: tuple[bytes, bool], *, binary: bool
) -> None:
    """Every row of the table of requests."""
    payload = convert_request(body, binary=binary, handling=handling)
    assert (payload.body, payload.is_text) == expected


@pytest.mark.parametrize(
    ("body", "binary", "accepts_binary", "handling", "expected"),
    [
        (PACKED, False, False, None, (DAMAGED, True)),
        (PACKED, False, True, TEXT, (DAMAGED, True)),
        (BASE64, False, True, None, (PACKED, False)),
        (BASE64, False, False, BINARY, (PACKED, False)),
        (PACKED, True, False, None, (BASE64, True)),
        (PACKED, True, False, BINARY, (PACKED, False)),
        (PACKED, True, True, TEXT, (BASE64, True)),
        (PACKED, True, True, None, (PACKED, False)),
    ],
)
def test_a_response_is_converted_by_its_type_and_what_the_client_accepts(
    body: bytes, handling: str | None, expected: tuple[bytes, bool], *, binary: bool, accepts_binary: bool
) -> None:
    """Every row of the table of responses."""
    payload = convert_response(body, binary=binary, accepts_binary=accepts_binary, handling=handling)
    assert (payload.body, payload.is_text) == expected


@pytest.mark.parametrize("text", [b'{"a": 1}', b"this is a text", b"abc", PACKED])
def test_text_that_is_no_base64_cannot_become_binary(text: bytes) -> None:
    """API_CONFIGURATION_ERROR, both ways."""
    with pytest.raises(GatewayError, match="API_CONFIGURATION_ERROR"):
        convert_request(text, binary=False, handling=BINARY)
    with pytest.raises(GatewayError, match="API_CONFIGURATION_ERROR"):
        convert_response(text, binary=False, accepts_binary=True, handling=None)


@pytest.mark.parametrize(
    ("listed", "handling", "data"),
    [
        (["application/x-protobuf"], TEXT, BASE64),
        (["application~1x-protobuf"], TEXT, BASE64),
        (["text/*", "application/x-protobuf"], TEXT, BASE64),
        (["application/gzip"], TEXT, DAMAGED),
        ([], None, DAMAGED),
    ],
)
def test_a_binary_body_reaches_the_stream_in_base64_if_its_type_is_listed(
    calling: Callable[..., Call],
    kinesis: FakeKinesis,
    answers: list[Answered],
    listed: list[str],
    handling: str | None,
    data: bytes,
) -> None:
    """`$input.body` is base64 already; of a body whose type is not listed, what is no UTF-8 is lost without a word."""
    template = (
        AS_IT_IS if data is BASE64 else AS_IT_IS.replace("$input.body", "$util.base64Encode($input.body)")
    )
    reply = calling(listed, handling, template)("POST", "/metrics", raw=PACKED, headers=SENT)
    assert reply.status == 202
    stored = kinesis.requests[0][1]["Data"].encode()
    assert stored == (data if data is BASE64 else base64.b64encode(data))
    assert json.loads(answers[0].integration_request)["Data"] == stored.decode()


@pytest.mark.parametrize("handling", [None, BINARY])
def test_a_template_takes_no_binary_payload(
    calling: Callable[..., Call], kinesis: FakeKinesis, handling: str | None
) -> None:
    """500 as the API's configuration is wrong."""
    call = calling(["application/x-protobuf"], handling)
    reply = call(
        "POST", "/metrics", raw=PACKED, headers={**SENT, "Content-Type": "Application/X-Protobuf; a=b"}
    )
    assert (reply.status, reply.json) == (500, {"message": "Internal server error"})
    assert not kinesis.requests


def test_a_template_cannot_look_into_a_binary_body(calling: Callable[..., Call]) -> None:
    """`$input.json` of base64 is refused as a body that is no JSON."""
    call = calling(["application/x-protobuf"], TEXT, "$input.json('$.a')")
    assert call("POST", "/metrics", raw=PACKED, headers=SENT).status == 400


def test_a_listed_type_is_decompressed_and_not_validated(
    serve: Callable[..., Gateway], kinesis: FakeKinesis
) -> None:
    """The base64 is of the body without its content coding; a model judges no binary body."""
    changes = {"ContentHandling": TEXT, "RequestTemplates": {"application/json": AS_IT_IS}}
    post = integration(rest_api(), "PostMetrics", **changes)
    api = rest_api(Api={"BinaryMediaTypes": ["application/json"]}, PostMetrics={"Integration": post})
    headers = {"Content-Encoding": "gzip", "Accept": "text/plain"}
    assert (
        caller(serve(api).url)("POST", "/metrics", raw=gzip.compress(b"\xff"), headers=headers).status == 202
    )
    assert kinesis.requests[0][1]["Data"] == "/w=="


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/x-protobuf", 500),
        ("application/x-protobuf;q=0.9, application/json", 500),
        ("application/json, application/x-protobuf", 202),
        ("*/*", 202),
    ],
)
def test_an_answer_is_converted_if_the_first_accepted_type_is_listed(
    calling: Callable[..., Call], accept: str, status: int
) -> None:
    """Our JSON is no base64: 500, unless the integration response says that it stays text."""
    given = (["application/x-protobuf"], TEXT)
    headers = {**SENT, "Accept": accept}
    assert calling(*given)("POST", "/metrics", raw=PACKED, headers=headers).status == status
    kept = calling(*given, ContentHandling=TEXT)
    assert kept("POST", "/metrics", raw=PACKED, headers=headers).status == 202


def test_the_accepted_type_chooses_the_response_template(calling: Callable[..., Call]) -> None:
    """By its media type alone; JSON's template stands in for what is not there, then the first."""
    templates = {"text/plain": "plain", "application/json": "json"}

    def chosen(accept: str | None, given: dict[str, str]) -> tuple[bytes, str]:
        headers = SENT if accept is None else {**SENT, "Accept": accept}
        call = calling(["application/x-protobuf"], TEXT, ResponseTemplates=given)
        reply = call("POST", "/metrics", raw=PACKED, headers=headers)
        return reply.body, reply.headers["Content-Type"]

    assert chosen("text/plain; charset=utf-8, */*", templates) == (b"plain", "text/plain")
    assert chosen("application/xml", templates) == (b"json", "application/json")
    assert chosen(None, templates) == (b"json", "application/json")
    assert chosen("application/xml", {"text/plain": "plain", "text/csv": "csv"}) == (b"plain", "text/plain")


def test_a_mock_answers_what_its_template_can_take(serve: Callable[..., Gateway]) -> None:
    """A listed type without CONVERT_TO_TEXT is 500 for a mock as well, on either side."""
    mock = rest_api().resources["AnyMetrics"].properties["Integration"]
    [response] = mock["IntegrationResponses"]
    for into, out, status in ((None, None, 500), (TEXT, None, 500), (None, TEXT, 500), (TEXT, TEXT, 405)):
        answer = {**response, **({"ContentHandling": out} if out else {})}
        changed = {**mock, "IntegrationResponses": [answer], **({"ContentHandling": into} if into else {})}
        changed["RequestTemplates"] = {"application/x-protobuf": '{"statusCode": 405}'}
        listed = {"BinaryMediaTypes": ["application/x-protobuf"]}
        call = caller(serve(rest_api(Api=listed, AnyMetrics={"Integration": changed})).url)
        reply = call("PUT", "/metrics", raw=PACKED, headers={**SENT, "Accept": "application/x-protobuf"})
        assert reply.status == status
