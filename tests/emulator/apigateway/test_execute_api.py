"""The way of a request, over real HTTP."""

import base64
import gzip
import http.client
import json
import socket
import threading
import time
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from emulator import Answered, Gateway
from emulator.clock import Clock
from emulator.cloudformation.deployment import Deployment
from emulator.cloudwatch.metrics import RegionMetrics
from tests.support.cloudwatch import of_region
from tests.support.gzip_bomb import gzipped_spaces
from tests.support.http_client import Call, Reply, caller
from tests.support.rest_api import FakeKinesis, integration, rest_api

POINT = {"metric_name": "cpu.load", "value": 0.7}


def test_an_accepted_request_is_one_record_with_the_body_unchanged(
    call: Call, kinesis: FakeKinesis, answers: list[Answered]
) -> None:
    """202 names the request; the record holds the body's bytes and a key that ends with that name."""
    raw = b'{ "metrics": [ {"metric_name": "\xc3\xa9", "value": 10.00}, {"metric_name":"b","value":1} ] }'
    reply = call("POST", "/metrics", raw=raw)
    assert reply.status == 202
    headers, record = kinesis.requests[0]
    assert base64.b64decode(record["Data"]) == raw
    assert record["PartitionKey"].split("/", 2) == ["json", "-", reply.json["request_id"]]
    assert record["StreamName"] == "metrics-dev"
    assert headers["x-amz-target"] == "Kinesis_20131202.PutRecord"
    assert headers["content-type"] == "application/x-amz-json-1.1"
    assert "/us-east-1/kinesis/aws4_request" in headers["authorization"]
    assert reply.headers["x-amz-apigw-id"] == reply.json["request_id"]
    [answered] = answers
    assert answered[:3] == ("POST", "/metrics", 202)
    assert json.loads(answered.integration_request) == record


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"metrics": [{"value": 1}]}, '[object has missing required properties (["metric_name"])]'),
        (
            {"metrics": [{"metric_name": "a", "value": "1"}]},
            '[instance type (string) does not match any allowed primitive type (allowed: ["number"])]',
        ),
        ({"metrics": []}, "[array is too short: must have at least 1 elements but instance has 0 elements]"),
        ([1], '[instance type (array) does not match any allowed primitive type (allowed: ["object"])]'),
    ],
)
def test_a_body_that_breaks_the_model_is_refused_with_the_reason(
    call: Call, kinesis: FakeKinesis, body: Any, reason: str
) -> None:
    """400, the validator's words, and nothing reaches the stream."""
    reply = call("POST", "/metrics", body)
    assert (reply.status, reply.json) == (400, {"message": "Invalid request body", "reason": reason})
    assert kinesis.requests == []


@pytest.mark.parametrize("raw", [b"{", b"", b"\xff\xfe", b'{"a": NaN}', b"[" * 5000])
def test_a_body_that_is_no_json_is_refused(call: Call, kinesis: FakeKinesis, raw: bytes) -> None:
    """400 for text that no JSON parser takes, and for no body at all."""
    reply = call("POST", "/metrics", raw=raw)
    assert reply.status == 400
    assert reply.json["reason"]
    assert kinesis.requests == []


def test_a_number_beyond_a_double_is_no_matter_for_the_model(call: Call, kinesis: FakeKinesis) -> None:
    """1e999 is a JSON number: accepted here, judged by the consumer."""
    assert call("POST", "/metrics", raw=b'{"metric_name":"a","value":1e999}').status == 202
    assert b"1e999" in base64.b64decode(kinesis.requests[0][1]["Data"])


def test_hostile_text_in_a_reason_stays_text(call: Call) -> None:
    """Quotes and newlines of a bad value do not break out of the gateway response."""
    evil = '"},\n{"x":"'
    reply = call("POST", "/metrics", {"metrics": [{**POINT, "metric_type": evil}]})
    assert reply.status == 400
    assert json.dumps(evil) in reply.json["reason"]


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [
        (400, "com.amazonaws.kinesis#ProvisionedThroughputExceededException", 503),
        (400, "InvalidArgumentException", 413),
        (500, "InternalFailure", 503),
    ],
)
def test_the_response_template_decides_over_a_failure(
    call: Call, kinesis: FakeKinesis, answers: list[Answered], status: int, kind: str, expected: int
) -> None:
    """Selection sees the status alone; the template looks at __type and may override the status."""
    kinesis.status, kinesis.body = status, {"__type": kind, "message": "stream s under account 123456789012"}
    reply = call("POST", "/metrics", POINT)
    assert reply.status == expected
    assert reply.headers["Retry-After"] == "2"
    assert b"123456789012" not in reply.body
    assert [answer.status for answer in answers] == [expected]


def test_an_integration_that_takes_too_long_is_its_own_gateway_response(
    call: Call, kinesis: FakeKinesis
) -> None:
    """TimeoutInMillis ends the wait with INTEGRATION_TIMEOUT as the API defines it."""
    kinesis.delay = 1.0
    reply = call("POST", "/metrics", POINT)
    assert (reply.status, reply.headers["Retry-After"]) == (503, "1")
    assert reply.json == {"id": reply.headers["x-amz-apigw-id"]}


def test_an_endpoint_out_of_reach_is_an_integration_failure(
    serve: Callable[[Deployment], Gateway], kinesis: FakeKinesis
) -> None:
    """Without a definition of its own, INTEGRATION_FAILURE is 504 and says nothing of the endpoint."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        kinesis.url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    reply = caller(serve(rest_api()).url)("POST", "/metrics", POINT)
    assert (reply.status, reply.json) == (504, {"message": "Network error communicating with endpoint"})


def test_a_wrong_path_and_a_wrong_method_differ(call: Call) -> None:
    """The path nobody defined is MISSING_AUTHENTICATION_TOKEN; ANY answers for the other methods of a path."""
    assert (call("POST", "/a/b").status, call("GET", "/").status) == (404, 404)
    reply = call("DELETE", "/metrics")
    assert (reply.status, reply.headers["Allow"], reply.json) == (405, "POST", {"message": "use POST"})


def test_path_parameters_and_context_reach_the_templates(call: Call) -> None:
    """A literal part wins over a parameter; the parameter arrives decoded."""
    reply = call("GET", "/a%22b?needed=1")
    assert reply.json == {"item": 'a"b', "stage": "live", "path": "/{item}"}


def test_a_required_parameter_that_is_missing_is_refused(call: Call) -> None:
    """BAD_REQUEST_PARAMETERS names what is missing."""
    reply = call("GET", "/thing")
    assert (reply.status, reply.json) == (400, {"message": "Missing required request parameters: [needed]"})


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/live/thing?needed=1", "/{item}"),
        ("/live/thing/?needed=1", "/{item}"),
        ("/%6Cive/thing?needed=1", "/{item}"),
        ("/live?needed=1", None),
        ("/live/live?needed=1", "/{item}"),
        ("/thing?needed=1", "/{item}"),
        ("/dead/thing?needed=1", None),
    ],
)
def test_a_path_may_begin_with_the_stage(call: Call, path: str, found: str | None) -> None:
    """As on AWS's own host; without it the path is that of a custom domain."""
    reply = call("GET", path)
    assert (reply.json.get("path") if reply.status == 200 else None) == found


def test_cloudwatch_counts_requests_and_those_that_fail(
    serve: Callable[..., Gateway], kinesis: FakeKinesis
) -> None:
    """Of the API and of its stage: how many, how many of them were refused or failed, and how long they took."""
    metrics = RegionMetrics(Clock())
    call = caller(serve(rest_api(), metrics=metrics).url)
    bodies: list[Any] = [POINT, POINT, {"metrics": []}]
    statuses = [call("POST", "/metrics", body).status for body in bodies]
    kinesis.status = 500
    statuses.append(call("POST", "/metrics", POINT).status)
    statuses.append(call("POST", "/metrics", headers={"Content-Length": str(10 * 1024 * 1024 + 1)}).status)
    assert statuses == [202, 202, 400, 503, 413]
    for place in ({"ApiName": "ingest"}, {"ApiName": "ingest", "Stage": "live"}):
        of = partial(of_region, metrics, "AWS/ApiGateway", dimensions=place)
        assert (of("Count"), of("4XXError"), of("5XXError")) == (5, 2, 1)
        assert of("4XXError", stat="Average") == 0.4
        assert 0 < (of("Latency", stat="p99") or 0) < 20_000


def test_requests_beyond_the_limit_are_throttled(
    serve: Callable[[Deployment], Gateway], kinesis: FakeKinesis
) -> None:
    """429 for what exceeds the stage's burst, before anything reaches the stream."""
    settings = [
        {"ResourcePath": "/*", "HttpMethod": "*", "ThrottlingRateLimit": 0.001, "ThrottlingBurstLimit": 2}
    ]
    call = caller(serve(rest_api(Stage={"MethodSettings": settings})).url)
    assert [call("POST", "/metrics", POINT).status for _ in range(3)] == [202, 202, 429]
    assert len(kinesis.requests) == 2


def test_a_content_type_without_template_is_refused(call: Call, kinesis: FakeKinesis) -> None:
    """PassthroughBehavior NEVER answers 415; without a content type API Gateway assumes JSON."""
    assert call("POST", "/metrics", POINT, {"Content-Type": "text/csv"}).status == 415
    assert call("POST", "/metrics", POINT, {"Content-Type": "application/json; charset=utf-8"}).status == 202
    assert call("POST", "/metrics", POINT, {"Content-Type": ""}).status == 202
    assert len(kinesis.requests) == 2


@pytest.mark.parametrize(
    ("coding", "encode"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("GZIP", lambda raw: gzip.compress(raw[:5]) + gzip.compress(raw[5:])),
    ],
)
def test_a_compressed_body_arrives_as_it_was_before(
    call: Call, kinesis: FakeKinesis, coding: str, encode: Callable[[bytes], bytes]
) -> None:
    """gzip (also in several members) and deflate are undone before validation and mapping."""
    raw = json.dumps(POINT).encode()
    assert call("POST", "/metrics", raw=encode(raw), headers={"Content-Encoding": coding}).status == 202
    assert base64.b64decode(kinesis.requests[0][1]["Data"]) == raw


@pytest.mark.parametrize(
    ("coding", "raw"), [("gzip", b"{}"), ("gzip", gzip.compress(b"{}" * 99, mtime=0)[:-9]), ("br", b"{}")]
)
def test_a_body_not_in_its_stated_coding_is_refused(call: Call, coding: str, raw: bytes) -> None:
    """415, as API Gateway answers to a broken or unknown coding."""
    assert call("POST", "/metrics", raw=raw, headers={"Content-Encoding": coding}).status == 415


def test_a_compression_bomb_is_too_large(call: Call, kinesis: FakeKinesis) -> None:
    """A small body that grows beyond 10 MB is refused like a large one."""
    bomb = gzipped_spaces(64 * 1024 * 1024)
    assert call("POST", "/metrics", raw=bomb, headers={"Content-Encoding": "gzip"}).status == 413
    assert kinesis.requests == []


def test_a_body_over_the_payload_limit_is_refused_unread(call: Call, answers: list[Answered]) -> None:
    """413 REQUEST_TOO_LARGE from 10 MB and one byte on."""
    reply = call("POST", "/metrics", headers={"Content-Length": str(10 * 1024 * 1024 + 1)})
    assert reply.status == 413
    assert answers == [Answered("POST", "", 413)]


def test_a_response_is_compressed_when_the_client_asks(call: Call) -> None:
    """Accept-Encoding gzip is honoured from the API's minimum size on."""
    reply = call("DELETE", "/metrics", headers={"Accept-Encoding": "br;q=0.1, gzip"})
    assert reply.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(reply.body)) == {"message": "use POST"}


def test_requests_are_decompressed_unless_they_are_below_the_minimum_size(
    serve: Callable[[Deployment], Gateway], kinesis: FakeKinesis
) -> None:
    """An API that does not compress its answers still decompresses; below a minimum size it sees the bytes sent."""
    raw = gzip.compress(json.dumps(POINT).encode())
    coded = {"Content-Encoding": "gzip"}
    for minimum, status in ((None, 202), (len(raw), 202), (len(raw) + 1, 400)):
        call = caller(serve(rest_api(Api={"MinimumCompressionSize": minimum})).url)
        assert call("POST", "/metrics", raw=raw, headers=coded).status == status


@pytest.mark.parametrize("minimum", [None, 0, 10_000])
@pytest.mark.parametrize("coding", ["snappy", "zstd", "br", "x-gzip", "gzip, gzip"])
def test_a_coding_that_is_not_known_is_refused_before_all_else(
    serve: Callable[[Deployment], Gateway], minimum: int | None, coding: str
) -> None:
    """415 whatever the size, the path and the API's settings; `identity` and an empty name are no coding."""
    call = caller(serve(rest_api(Api={"MinimumCompressionSize": minimum})).url)
    for path in ("/metrics", "/a/b"):
        assert call("POST", path, POINT, headers={"Content-Encoding": coding}).status == 415
    for none in ("identity", ""):
        assert call("POST", "/metrics", POINT, headers={"Content-Encoding": none}).status == 202


def test_no_matching_integration_response_is_a_configuration_error(
    serve: Callable[[Deployment], Gateway], kinesis: FakeKinesis
) -> None:
    """Without a default response, a status that no pattern selects becomes 500."""
    api = rest_api()
    responses = api.resources["PostMetrics"].properties["Integration"]["IntegrationResponses"][:1]
    api = rest_api(
        PostMetrics={"Integration": integration(api, "PostMetrics", IntegrationResponses=responses)}
    )
    kinesis.status = 418
    reply = caller(serve(api).url)("POST", "/metrics", POINT)
    assert (reply.status, reply.json) == (500, {"message": "Internal server error"})


def test_a_template_that_fails_is_an_internal_error_without_details(
    serve: Callable[[Deployment], Gateway], kinesis: FakeKinesis
) -> None:
    """An override set twice is an error on API Gateway; the client sees 500 and no template text."""
    twice = "#set($context.responseOverride.status = 400)#set($context.responseOverride.status = 401)"
    api = rest_api()
    responses = [{"StatusCode": "202", "ResponseTemplates": {"application/json": twice}}]
    api = rest_api(
        PostMetrics={"Integration": integration(api, "PostMetrics", IntegrationResponses=responses)}
    )
    reply = caller(serve(api).url)("POST", "/metrics", POINT)
    assert (reply.status, reply.json) == (500, {"message": "Internal server error"})


@pytest.mark.parametrize(
    ("template", "body"),
    [("", b'{"SequenceNumber": "7"}'), (None, b'{"SequenceNumber": "7"}'), ("#set($x = 0)", b"")],
)
def test_an_empty_response_template_lets_the_payload_through(
    serve: Callable[[Deployment], Gateway], kinesis: FakeKinesis, template: str | None, body: bytes
) -> None:
    """As none does; one that renders nothing gives an empty body."""
    kinesis.body = {"SequenceNumber": "7"}
    given = {} if template is None else {"ResponseTemplates": {"application/json": template}}
    responses = [{"StatusCode": "202", **given}]
    post = integration(rest_api(), "PostMetrics", IntegrationResponses=responses)
    reply = caller(serve(rest_api(PostMetrics={"Integration": post})).url)("POST", "/metrics", POINT)
    assert (reply.status, reply.body) == (202, body)


def test_an_answer_without_content_has_no_body(
    serve: Callable[[Deployment], Gateway], kinesis: FakeKinesis
) -> None:
    """204, whatever a template makes: what followed would be read as the connection's next answer."""
    responses = [{"StatusCode": "204", "ResponseTemplates": {"application/json": "text"}}]
    post = integration(rest_api(), "PostMetrics", IntegrationResponses=responses)
    method = {"Integration": post, "MethodResponses": [{"StatusCode": "204"}]}
    gateway = serve(rest_api(PostMetrics=method))
    connection = http.client.HTTPConnection(gateway.url.removeprefix("http://"), timeout=10)
    for _ in range(2):
        connection.request("POST", "/metrics", json.dumps(POINT), {"Content-Type": "application/json"})
        reply = connection.getresponse()
        assert (reply.status, reply.read()) == (204, b"")
    connection.close()


def test_chunked_bodies_are_read(gateway: Gateway, kinesis: FakeKinesis) -> None:
    """A client may send its body in chunks."""
    connection = http.client.HTTPConnection(gateway.url.removeprefix("http://"))
    connection.request(
        "POST",
        "/metrics",
        iter([b'{"metric_name":', b'"a","value":1}']),
        {"Content-Type": "application/json"},
        encode_chunked=True,
    )
    assert connection.getresponse().read()
    connection.close()
    assert base64.b64decode(kinesis.requests[0][1]["Data"]) == b'{"metric_name":"a","value":1}'


def test_head_is_answered_without_a_body(gateway: Gateway) -> None:
    """With the headers of the answer; the connection goes on."""
    connection = http.client.HTTPConnection(gateway.url.removeprefix("http://"), timeout=10)
    for method, body in (("HEAD", b""), ("PUT", b'{"message": "use POST"}')):
        connection.request(method, "/metrics")
        reply = connection.getresponse()
        assert (reply.status, reply.headers["Content-Length"], reply.read()) == (405, "23", body)
    connection.close()


def test_compressed_chunks_with_extensions_and_trailers_are_read(
    gateway: Gateway, kinesis: FakeKinesis
) -> None:
    """A chunked body ends with its trailers: the next request on the connection is read as well."""
    raw = json.dumps(POINT).encode()
    packed = gzip.compress(raw)
    head = (
        b"POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    chunks = b"5;name=value\r\n%b\r\n%X\r\n%b\r\n0\r\nX-Sum: 1\r\n\r\n" % (
        packed[:5],
        len(packed) - 5,
        packed[5:],
    )
    with socket.create_connection(("127.0.0.1", int(gateway.url.rpartition(":")[2])), timeout=5) as client:
        client.sendall((head + chunks) * 2)
        client.shutdown(socket.SHUT_WR)
        answer = client.makefile("rb").read()
    assert answer.count(b"HTTP/1.1 202 ") == 2
    assert [base64.b64decode(record["Data"]) for _, record in kinesis.requests] == [raw, raw]


def test_connections_are_kept_and_end_with_the_gateway(
    serve: Callable[[Deployment], Gateway], kinesis: FakeKinesis
) -> None:
    """Many requests share a connection; close() ends it."""
    gateway = serve(rest_api())
    connection = http.client.HTTPConnection(gateway.url.removeprefix("http://"))
    for _ in range(3):
        connection.request("POST", "/metrics", json.dumps(POINT), {"Content-Type": "application/json"})
        reply = connection.getresponse()
        assert (reply.status, reply.read() != b"", reply.will_close) == (202, True, False)
    gateway.close()
    assert connection.sock.recv(1) == b""
    connection.close()


def test_an_api_without_a_model_may_take_what_is_no_json(
    serve: Callable[[Deployment], Gateway], answers: list[Answered]
) -> None:
    """Such a request is accepted."""
    gateway = serve(rest_api(PostMetrics={"RequestModels": {}}))
    assert caller(gateway.url)("POST", "/metrics", raw=b"no json").status == 202
    assert [answered.status for answered in answers] == [202]


def test_a_request_under_way_is_answered_before_the_gateway_ends(
    serve: Callable[[Deployment], Gateway], kinesis: FakeKinesis, answers: list[Answered]
) -> None:
    """An answer under way is counted before close() returns, and closing again is no error."""
    kinesis.delay = 0.2
    gateway = serve(rest_api())
    replies: list[Reply] = []
    thread = threading.Thread(target=lambda: replies.append(caller(gateway.url)("POST", "/metrics", POINT)))
    thread.start()
    while not kinesis.requests:
        time.sleep(0.005)
    gateway.close()
    assert [answer.status for answer in answers] == [202]
    thread.join()
    assert replies[0].status == 202
    gateway.close()


def test_what_is_no_http_gets_an_answer_without_details(gateway: Gateway) -> None:
    """A request line that makes no sense is refused in JSON, and the server goes on."""
    address = ("127.0.0.1", int(gateway.url.rpartition(":")[2]))
    for nonsense in (
        b"GET / HTTP/9.9\r\n\r\n",
        b"BREW /pot HTTP/1.1\r\n\r\n",
        b"POST /metrics HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    ):
        with socket.create_connection(address, timeout=5) as connection:
            connection.sendall(nonsense)
            answer = connection.makefile("rb").read()
        assert b"Bad Request" in answer
        assert b"Python" not in answer
    assert caller(gateway.url)("POST", "/metrics", POINT).status == 202


def test_a_client_that_asks_first_is_told_to_send(gateway: Gateway, kinesis: FakeKinesis) -> None:
    """Expect: 100-continue is answered before the body comes."""
    body = json.dumps(POINT).encode()
    with socket.create_connection(
        ("127.0.0.1", int(gateway.url.rpartition(":")[2])), timeout=5
    ) as connection:
        connection.sendall(
            b"POST /metrics HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert connection.makefile("rb").readline().startswith(b"HTTP/1.1 202 ")


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 40\r\n\r\n" + json.dumps(POINT).encode(),
        b"Content-Length: 3_8\r\n\r\n" + json.dumps(POINT).encode(),
        b"Content-Length: +38\r\n\r\n" + json.dumps(POINT).encode(),
        b"Transfer-Encoding: chunked\r\n\r\n40\r\n" + json.dumps(POINT).encode(),
        b"Transfer-Encoding: chunked\r\n\r\n0x26\r\n" + json.dumps(POINT).encode() + b"\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n25\r\n" + json.dumps(POINT).encode() + b"\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n26\r\n" + json.dumps(POINT).encode() + b"\r\n0\r\n",
    ],
    ids=["cut", "underscore", "sign", "cut chunk", "prefix", "long chunk", "no end"],
)
def test_a_body_that_is_not_as_long_as_it_says_is_refused(
    gateway: Gateway, kinesis: FakeKinesis, rest: bytes
) -> None:
    """A client that goes away half way has sent nothing, even where what it sent is JSON."""
    with socket.create_connection(("127.0.0.1", int(gateway.url.rpartition(":")[2])), timeout=10) as client:
        client.sendall(b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + rest)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(4096).startswith(b"HTTP/1.1 400 ")
    assert not kinesis.requests
