"""The client of DynamoDB, held to botocore's: the same answers and errors over the same wire."""

import json
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.adapters.aws import translate
from handlers.adapters.dynamodb.client import DynamoDb, HttpDynamoDb, connect_to_dynamodb
from tests.support.dynamodb_clients import dynamodb_by_sdk
from tests.support.scripted_socket import Heard, ScriptedSocket, scripted_socket

KEY = {"id": {"S": "hour#2026"}}
PUT = {"Put": {"TableName": "t", "Item": {**KEY, "data": {"B": b"\0"}}}}


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedSocket]:
    """A service that answers {} to everything."""
    with scripted_socket() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.port}")
        yield server


def reply(status: int, body: bytes, *headers: str) -> bytes:
    """An answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {status} Some", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def clients(attempts: int = 1) -> tuple[DynamoDb, DynamoDb]:
    """Ours and botocore's."""
    ours = HttpDynamoDb(read_timeout_s=2, attempts=attempts, sleep=lambda _: None)
    return ours, dynamodb_by_sdk(read_timeout_s=2, attempts=attempts, connections=2)


def outcome(dynamodb: DynamoDb, operation: str = "get_item", **request: Any) -> object:
    """What a call gives, or what it fails by."""
    try:
        found = getattr(dynamodb, operation)(**request)
    except ClientError as error:
        known = {name: error.response.get(name) for name in ("Error", "Item", "CancellationReasons")}
        return type(translate(error)).__name__, str(translate(error)), known
    except BotoCoreError as error:
        return type(translate(error)).__name__, str(translate(error))
    return {name: part for name, part in found.items() if name != "ResponseMetadata"}


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("get_item", {"TableName": "t", "Key": KEY, "ConsistentRead": True}),
        ("batch_get_item", {"RequestItems": {"t": {"Keys": [KEY], "ConsistentRead": False}}}),
        ("query", {"TableName": "t", "KeyConditionExpression": "#id = :id", "Limit": 5}),
        (
            "update_item",
            {
                "TableName": "t",
                "Key": KEY,
                "UpdateExpression": "SET #data = :data",
                "ExpressionAttributeNames": {"#data": "data"},
                "ExpressionAttributeValues": {":data": {"B": b"\0\xff bytes"}, ":id": {"S": "ü\n"}},
            },
        ),
        ("batch_write_item", {"RequestItems": {"t": [{"PutRequest": {"Item": KEY}}]}}),
        ("put_item", {"TableName": "t", "Item": KEY, "ConditionExpression": "attribute_not_exists(id)"}),
        ("delete_item", {"TableName": "t", "Key": KEY}),
        ("scan", {"TableName": "t", "ConsistentRead": True, "ExclusiveStartKey": KEY}),
        ("transact_write_items", {"TransactItems": [PUT], "ClientRequestToken": "token"}),
    ],
)
def test_requests_are_those_of_the_sdk(
    server: ScriptedSocket, operation: str, request_: dict[str, Any]
) -> None:
    """The same target and the same JSON, signed, and of the same content type."""
    for dynamodb in clients():
        getattr(dynamodb, operation)(**request_)
    ours, its = server.heard
    assert ours.line == its.line == "POST / HTTP/1.1"
    assert json.loads(ours.body) == json.loads(its.body)
    for header in ("x-amz-target", "content-type", "host"):
        assert ours.headers[header] == its.headers[header]
    assert ours.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")


ITEM = {"Item": {"id": {"S": "ü"}, "data": {"B": "AP8="}, "names": {"SS": ["a", "b"]}, "B": {"S": "x"}}}
NESTED = {"Items": [{"m": {"M": {"B": {"B": "AA=="}, "l": {"L": [{"B": ""}, {"N": "1.50"}]}}}}], "Count": 1}
CANCELLED = {
    "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
    "Message": "Transaction cancelled",
}
REASONS = [{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Message": "no", "Item": {"n": {"N": "1"}}}]
CONFLICT = [{"Code": "None"}, {"Code": "TransactionConflict", "Message": "ongoing"}]
FAILED = {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "no"}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, json.dumps(ITEM).encode()),
        (200, json.dumps(NESTED).encode()),
        (200, b"{}"),
        (400, json.dumps({**FAILED, "Item": {"settled_at": {"N": "7"}}}).encode()),
        (400, json.dumps({**CANCELLED, "CancellationReasons": REASONS}).encode()),
        (400, json.dumps({**CANCELLED, "CancellationReasons": CONFLICT}).encode()),
        (400, b'{"__type": "x#TransactionInProgressException", "Message": "again"}'),
        (400, b'{"__type": "x#ProvisionedThroughputExceededException", "message": "slow"}'),
        (400, b'{"__type": "x#ResourceNotFoundException", "message": "arn:aws:dynamodb:x"}'),
        (400, b"{}"),
        (403, b'{"__type": "x#AccessDeniedException", "Message": "user is not authorized"}'),
        (500, b'{"__type": "x#InternalServerError"}'),
        (503, b"<html>unavailable</html>"),
    ],
    ids=str,
)
def test_answers_are_read_as_the_sdk_reads_them(server: ScriptedSocket, status: int, body: bytes) -> None:
    """Items with bytes in them, errors with what they tell, and what is neither."""
    server.answer = lambda _: reply(status, body)
    operation, request = "get_item", {"TableName": "t"}
    if b"Items" in body:
        operation = "scan"
    if b"Transaction" in body:
        operation, request = "transact_write_items", {"ClientRequestToken": "token"}
    ours, its = (outcome(dynamodb, operation, **request) for dynamodb in clients())
    assert ours == its


@given(st.binary(max_size=30), st.integers(200, 599))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_answer_breaks_the_caller(server: ScriptedSocket, body: bytes, status: int) -> None:
    """Whatever a server says, a call gives an object, or fails by an error that callers know."""
    server.answer = lambda _: reply(status, body)
    found = outcome(clients()[0], TableName="t")
    assert isinstance(found, dict | tuple)


@pytest.mark.parametrize(
    ("answers", "heard", "ends"),
    [
        ([reply(500, b"{}"), reply(200, b"{}")], 2, {}),
        ([reply(400, b'{"__type": "x#ThrottlingException"}'), reply(200, b"{}")], 2, {}),
        ([reply(200, b"{}", "x-amz-crc32: 1"), reply(200, b"{}")], 2, {}),
        ([reply(200, b"{}", f"x-amz-crc32: {zlib.crc32(b'{}')}")], 1, {}),
        ([reply(500, b"{}")] * 3, 2, ("TransientError", "GetItem: 500")),
        ([reply(400, json.dumps(FAILED).encode())] * 2, 1, ("ConfigurationError",)),
    ],
)
def test_what_may_pass_is_tried_again(
    server: ScriptedSocket, answers: list[bytes], heard: int, ends: object
) -> None:
    """A failure of the service, a throttle and a damaged answer, as often as was said; nothing else."""
    left = list(answers)
    server.answer = lambda _: left.pop(0)
    found = outcome(clients(attempts=2)[0], TableName="t")
    assert len(server.heard) == heard
    assert found == ends if isinstance(ends, dict) else list(found)[: len(ends)] == list(ends)  # type: ignore[call-overload, arg-type]


def test_a_transaction_that_is_sent_again_is_known(server: ScriptedSocket) -> None:
    """It carries a token of its own, as the SDK's do, and each attempt the same; another transaction has another."""
    left = [reply(500, b"{}"), reply(200, b"{}"), reply(200, b"{}")]
    server.answer = lambda _: left.pop(0)
    ours, its = clients(attempts=2)
    ours.transact_write_items(TransactItems=[PUT])
    ours.transact_write_items(TransactItems=[PUT])
    left.append(reply(200, b"{}"))
    its.transact_write_items(TransactItems=[PUT])
    first, again, second, by_sdk = (json.loads(heard.body)["ClientRequestToken"] for heard in server.heard)
    assert first == again
    assert len({first, second, by_sdk}) == 3
    assert len(first) == len(by_sdk)


def test_a_throttle_is_waited_for_longer_than_a_failure(server: ScriptedSocket) -> None:
    """As the SDK's standard mode waits: up to a second, then two, where a failure passes in a tenth of that."""
    waited: list[float] = []
    dynamodb = HttpDynamoDb(read_timeout_s=2, attempts=3, sleep=waited.append, jitter=lambda: 1.0)
    throttles = (b'{"__type": "x#ThrottlingException"}', b'{"__type": "x#TransactionInProgressException"}')
    left = [reply(400, body) for body in throttles for _ in range(3)] + [reply(500, b"{}")] * 3
    server.answer = lambda _: left.pop(0)
    for _ in range(3):
        outcome(dynamodb, TableName="t")
    assert waited == pytest.approx([1, 2, 1, 2, 0.1, 0.2])


def test_threads_have_connections_of_their_own(server: ScriptedSocket) -> None:
    """Calls that overlap get their own answers, and connections are used again."""
    server.answer = lambda heard: reply(200, json.dumps({"Item": json.loads(heard.body)["Key"]}).encode())
    dynamodb = clients()[0]

    def ask(number: int) -> bool:
        key = {"id": {"N": str(number)}}
        return dynamodb.get_item(TableName="t", Key=key)["Item"] == key

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(200)))
    assert max(request.connection for request in server.heard) <= 8


def test_a_proxy_that_speaks_tls_is_for_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own connections speak to a proxy in plain HTTP alone."""
    assert isinstance(connect_to_dynamodb(read_timeout_s=2, attempts=1, connections=1), HttpDynamoDb)
    monkeypatch.setenv("HTTPS_PROXY", "https://proxy.example:3128")
    found = connect_to_dynamodb(read_timeout_s=2, attempts=1, connections=1)
    assert type(found).__module__ == "botocore.client"


def test_calls_are_traced(server: ScriptedSocket, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sampled invocation's calls carry on its trace."""
    monkeypatch.setattr("handlers.adapters.tracing._traces", [True])
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:9")
    root, parent = "1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8"
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={root};Parent={parent};Sampled=1")
    HttpDynamoDb(read_timeout_s=2, attempts=1).get_item(TableName="t", Key=KEY)
    header = _heard(server).headers["x-amzn-trace-id"]
    assert header.startswith(f"Root={root};Parent=")
    assert parent not in header


def _heard(server: ScriptedSocket) -> Heard:
    [heard] = server.heard
    return heard
