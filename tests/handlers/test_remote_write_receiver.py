"""The receiver of remote write as its function URL calls it."""

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from handlers.domain.clients.token import token_hash
from handlers.domain.errors import ConfigurationError
from handlers.remote_write_receiver import build
from tests.support.remote_write_requests import body, series
from tests.support.scripted_client import Scripted, refusal

TOKEN = "tg_" + "a" * 43
NOW_S = 1_800_000_000.0
HEADERS = {
    "content-type": "application/x-protobuf",
    "content-encoding": "snappy",
    "x-prometheus-remote-write-version": "0.1.0",
}
BODY = body(series([("__name__", "up")], (1.0, 1_000)))
TAKEN = {"ShardId": "shardId-000000000000", "SequenceNumber": "1"}
VARIABLES = {
    "STREAM_NAME": "stream",
    "MAX_RECORD_KIB": "1024",
    "REALM": "metrics-dev",
    "ALLOW_FROM": "[]",
    "CLIENT_TOKENS_TABLE": "-",
}
KNOWN = {"Item": {"token_hash": {"S": token_hash(TOKEN)}, "client": {"S": "edge"}}}


def event(
    sent: bytes = BODY, method: str = "POST", source_ip: str = "203.0.113.9", **headers: str
) -> dict[str, Any]:
    """A request in the payload format 2.0, with Prometheus's headers but for those given, of which "" is absent."""
    given = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return {
        "headers": {name: value for name, value in given.items() if value},
        "requestContext": {"requestId": "r-1", "http": {"method": method, "sourceIp": source_ip}},
        "body": base64.b64encode(sent).decode(),
        "isBase64Encoded": True,
    }


class Receiver:
    """The function, with AWS's answers; `kinesis` and `dynamodb` have the calls."""

    def __init__(self, *answers: Any, tokens: tuple[Any, ...] | None = None, **variables: str) -> None:
        self.kinesis, self.dynamodb = Scripted(*answers), Scripted(*(tokens or ()))
        self.now_s = NOW_S
        if tokens is not None:
            variables["CLIENT_TOKENS_TABLE"] = "tokens"
        self._function = build(
            {**VARIABLES, **variables}, lambda service, **_: getattr(self, service), lambda: self.now_s
        )

    def __call__(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The answer to an event of these."""
        return self._function.answer(event(*args, **kwargs))


def test_a_request_is_one_record_as_it_came(capsys: pytest.CaptureFixture[str]) -> None:
    """Under its format, nobody's name and its id; nothing is logged."""
    receiver = Receiver(TAKEN)
    assert receiver() == {"statusCode": 204, "headers": {}}
    [(operation, arguments)] = receiver.kinesis.calls
    assert operation == "put_record"
    assert arguments == {"StreamName": "stream", "PartitionKey": "remote-write/-/r-1", "Data": BODY}
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content_type": "application/x-protobuf;proto=prometheus.WriteRequest"}, 204),
        ({"content_type": 'Application/X-Protobuf; proto="prometheus.WriteRequest"'}, 204),
        ({"x_prometheus_remote_write_version": ""}, 204),
        ({"content_type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"}, 415),
        ({"x_prometheus_remote_write_version": "2.0.0"}, 415),
        ({"content_type": "application/json"}, 415),
        ({"content_type": ""}, 415),
        ({"content_encoding": "zstd"}, 415),
        ({"content_encoding": "gzip"}, 415),
        ({"content_encoding": "snappy, gzip"}, 415),
        ({"content_encoding": ""}, 415),
    ],
)
def test_what_is_not_remote_write_1_is_refused(headers: dict[str, str], status: int) -> None:
    """With 415, by which a client that knows both falls back to 1.0; nothing of it is on the stream."""
    receiver = Receiver(TAKEN)
    answer = receiver(**headers)
    assert answer["statusCode"] == status
    assert len(receiver.kinesis.calls) == (status == 204)
    if status == 415:
        assert json.loads(answer["body"])["request_id"] == "r-1"


def test_other_methods_are_told_which_there_is() -> None:
    """A probe by GET is no write."""
    answer = Receiver()(method="GET")
    assert (answer["statusCode"], answer["headers"]["Allow"]) == (405, "POST")


@pytest.mark.parametrize(("sent", "status"), [(b"", 400), (b"\xff" * 20, 400), (b"\xff\xff\xff\x7f", 413)])
def test_bodies_that_are_no_block_or_expand_too_far_are_refused(sent: bytes, status: int) -> None:
    """By the length in their beginning: nothing is unpacked for it."""
    assert Receiver()(sent)["statusCode"] == status


@pytest.mark.parametrize("more", [0, 1])
def test_a_record_holds_its_body_and_its_key(more: int) -> None:
    """One byte more than Kinesis takes is 413, not an error of Kinesis."""
    fits = 1024 * 1024 - len("remote-write/-/r-1")
    receiver = Receiver(TAKEN)
    assert receiver(b"\x01" * (fits + more))["statusCode"] == (413 if more else 204)
    assert len(receiver.kinesis.calls) == 1 - more


@pytest.mark.parametrize(
    "failure",
    [
        refusal("ProvisionedThroughputExceededException", "of shard 1 of account 123456789012"),
        refusal("InternalFailure", "of 123456789012", status=500),
        ReadTimeoutError(endpoint_url="https://kinesis.123456789012"),
    ],
)
def test_what_passes_is_503_and_says_when_to_come_again(
    failure: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a word of AWS's; the log has the reason."""
    answer = Receiver(failure)()
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "2")
    logged = json.loads(capsys.readouterr().out)
    assert (logged["status"], logged["client"], logged["source_ip"]) == (503, "-", "203.0.113.9")
    assert "123456789012" not in json.dumps([answer, logged])


def test_what_lasts_is_raised() -> None:
    """A missing permission is an error of the function, 502 to the client, and an alarm to the operators."""
    with pytest.raises(ConfigurationError):
        Receiver(refusal("AccessDeniedException"))()


def test_with_tokens_the_clients_name_is_in_the_key() -> None:
    """As Prometheus sends it, and by Basic, which every client can."""
    basic = base64.b64encode(f"any:{TOKEN}".encode()).decode()
    receiver = Receiver(TAKEN, TAKEN, tokens=(KNOWN,))
    for authorization in (f"Bearer {TOKEN}", f"Basic {basic}"):
        assert receiver(authorization=authorization)["statusCode"] == 204
    keys = [arguments["PartitionKey"] for _, arguments in receiver.kinesis.calls]
    assert keys == ["remote-write/edge/r-1"] * 2


@pytest.mark.parametrize(
    ("authorization", "tokens"),
    [("", ()), ("Bearer x", ()), (f"Bearer {TOKEN}", ({},)), (f"Digest {TOKEN}", ())],
)
def test_whoever_has_no_token_is_401(
    authorization: str, tokens: tuple[Any, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything else of the request is looked at; the token is never logged."""
    answer = Receiver(tokens=tokens)(b"", "GET", authorization=authorization)
    assert answer["statusCode"] == 401
    assert answer["headers"]["WWW-Authenticate"] == 'Basic realm="metrics-dev"'
    assert "tg_" not in capsys.readouterr().out + json.dumps(answer)


def test_trouble_with_the_table_is_503() -> None:
    """It is no verdict: the client sends again."""
    answer = Receiver(tokens=(refusal("InternalServerError", status=500),))(authorization=f"Bearer {TOKEN}")
    assert answer["statusCode"] == 503


def test_a_revoked_token_is_refused_half_a_minute_later() -> None:
    """Until then the process takes it without asking."""
    receiver = Receiver(TAKEN, TAKEN, tokens=(KNOWN, {}))
    statuses = []
    for _ in range(3):
        statuses.append(receiver(authorization=f"Bearer {TOKEN}")["statusCode"])
        receiver.now_s += 16
    assert statuses == [204, 204, 401]


def test_a_token_that_expires_meanwhile_is_refused_at_once() -> None:
    """Its time is looked at each time."""
    expiring = {"Item": {**KNOWN["Item"], "expires_at": {"N": str(int(NOW_S) + 5)}}}
    receiver = Receiver(TAKEN, tokens=(expiring,))
    assert receiver(authorization=f"Bearer {TOKEN}")["statusCode"] == 204
    receiver.now_s += 6
    assert receiver(authorization=f"Bearer {TOKEN}")["statusCode"] == 401


@pytest.mark.parametrize(
    ("source_ip", "status"), [("203.0.113.9", 204), ("2001:db8::1", 204), ("198.51.100.1", 403)]
)
def test_other_addresses_than_the_apis_are_refused(source_ip: str, status: int) -> None:
    """The URL has no resource policy with addresses, so the function looks itself."""
    receiver = Receiver(TAKEN, ALLOW_FROM='["203.0.113.0/24", "2001:db8::/32"]')
    assert receiver(source_ip=source_ip)["statusCode"] == status
